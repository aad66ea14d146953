//! How many runs without a caller wait for a thread.

use crate::sync::{AtomicUsize, Ordering};

/// What members of other runs look at between two nodes. The queue itself keeps it up to date.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    waiting: AtomicUsize,
    /// How many of them wait because a future was woken.
    woken: AtomicUsize,
}

impl Backlog {
    /// Whether some run waits. Certain for a thread that has passed a `SeqCst` fence after whoever has put it
    /// there has passed its own.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Whether some run waits because a future was woken; a hint.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed) != 0
    }

    /// To be called under the queue's lock.
    pub(crate) fn set(&self, waiting: usize, woken: usize) {
        // Relaxed: those who depend on it look behind a fence.
        self.waiting.store(waiting, Ordering::Relaxed);
        self.woken.store(woken, Ordering::Relaxed);
    }
}
