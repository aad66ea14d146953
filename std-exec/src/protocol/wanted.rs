//! For whom an ordered run has nodes: what idle threads look at without taking the run's lock.
//!
//! All is written under that lock, after each change of the queue, and so says what was true after the last
//! one. It is certain for a thread that has passed a `SeqCst` fence after the writer has passed its own;
//! otherwise a hint. In other runs, and between runs, nobody is wanted.

use crate::protocol::ready_queue::{Place, Taker};
use crate::sync::{AtomicBool, Ordering};

/// For whom an ordered run has nodes: idle threads look here without the run's lock.
#[derive(Debug)]
pub(crate) struct Wanted {
    anybody: AtomicBool,
    caller: AtomicBool,
    workers: Box<[AtomicBool]>,
}

impl Wanted {
    /// Nobody of a caller and `workers` workers.
    pub(crate) fn nobody(workers: usize) -> Self {
        let no = || AtomicBool::new(false);
        Self { anybody: no(), caller: no(), workers: std::iter::repeat_with(no).take(workers).collect() }
    }

    /// Says whether there is a node for `place`. True if that is news.
    #[must_use]
    pub(crate) fn set(&self, place: Place, wanted: bool) -> bool {
        let flag = match place {
            Place::Anywhere => &self.anybody,
            Place::Caller => &self.caller,
            Place::Worker(worker) => &self.workers[worker],
        };
        // Others look at it all the time: written only if it changes.
        let news = flag.load(Ordering::Relaxed) != wanted;
        if news {
            flag.store(wanted, Ordering::Relaxed);
        }
        news
    }

    /// Whether any thread could take a node.
    pub(crate) fn anybody(&self) -> bool {
        self.anybody.load(Ordering::Relaxed)
    }

    /// Whether there is a node that only the caller can take.
    pub(crate) fn caller(&self) -> bool {
        self.caller.load(Ordering::Relaxed)
    }

    /// Whether there is a node that only this worker can take.
    pub(crate) fn worker(&self, worker: usize) -> bool {
        self.workers.get(worker).is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// The workers for whom there are nodes that only they can take.
    pub(crate) fn workers(&self) -> impl Iterator<Item = usize> {
        (0..).zip(&self.workers).filter_map(|(worker, flag)| flag.load(Ordering::Relaxed).then_some(worker))
    }

    /// Whether there is a node for `taker`.
    pub(crate) fn wants(&self, taker: Taker) -> bool {
        (taker.anything && self.anybody())
            || (taker.caller && self.caller())
            || taker.worker.is_some_and(|worker| self.worker(worker))
    }
}
