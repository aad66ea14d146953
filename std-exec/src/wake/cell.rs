//! The state of one future: one word, so that wakers and the thread that polls agree on who polls it next.
//!
//! ```text
//!                        pend, not woken
//!   somebody's ─────────────────────────────▶ WAITING
//!      │  ▲ ▲                                    │ wake: onto the list
//!      └──┘ │ claim, by whoever                  ▼
//!      pend,└───────────────────────── WAITING, LISTED, WOKEN
//!      woken   takes it off the list
//! ```
//!
//! | bit | meaning | set by | cleared by |
//! |---|---|---|---|
//! | `WAITING` | nobody has it: who finds it on the list may poll it | `pend` | `claim`, `end` |
//! | `LISTED` | it is on the list of those woken, or its setter is about to put it there | `wake` | `claim`, by whoever has taken it off |
//! | `WOKEN` | a wake came that no poll has answered | `wake` | `pend`, `claim`, `end` |
//!
//! As long as it isn't `WAITING`, it is somebody's: of a thread that polls it, or is about to, or of nobody
//! who cares, since it has not begun in this run or is done. Then a wake leaves its mark and nothing else,
//! and who polls it finds that in `pend` and polls again. So a waker may come at any time: before, during and
//! after a poll, after the run.
//!
//! `LISTED` outlasts the run: a waker that has set it may come to push only in the next one, when the future
//! is somebody's. So whoever has a future may not use the link of its slot while it is listed
//! ([`wait_if_listed`](Cell::wait_if_listed)).

use crate::sync::{AtomicU32, Ordering};

const WAITING: u32 = 1;
const LISTED: u32 = 2;
const WOKEN: u32 = 4;

/// The state of one future: one word, whose transitions are in the module's docs.
#[derive(Debug)]
pub(super) struct Cell {
    word: AtomicU32,
}

/// What has to be done with a future that was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Woken {
    /// The future is to be put onto the list.
    List,
    /// Nothing: it is there, or who polls it will see to it.
    Seen,
}

/// What becomes of a future that was polled and isn't done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Pending {
    /// The future waits, and isn't the caller's any more.
    Waits,
    /// The future was woken meanwhile. It is the caller's still, to be polled again.
    Again,
}

impl Cell {
    pub(super) fn new() -> Self {
        Self { word: AtomicU32::new(0) }
    }

    /// Changes the word as `step` says, which also gives the result.
    #[inline]
    fn step<R>(&self, order: Ordering, step: impl Fn(u32) -> (u32, R)) -> R {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (next, result) = step(word);
            match self.word.compare_exchange_weak(word, next, order, Ordering::Relaxed) {
                Ok(_) => return result,
                Err(now) => word = now,
            }
        }
    }

    /// A waker wants it to be polled.
    #[inline]
    pub(super) fn wake(&self) -> Woken {
        // Ordering: Release pairs with the Acquire of `claim` and `pend`: the poll that answers this wake
        // sees what came before it. So the word is written also if it doesn't change.
        self.step(Ordering::Release, |word| match word & (WAITING | LISTED) {
            WAITING => (word | WOKEN | LISTED, Woken::List),
            _ => (word | WOKEN, Woken::Seen),
        })
    }

    /// It was polled by whoever has it, and isn't done.
    #[inline]
    pub(super) fn pend(&self) -> Pending {
        // Ordering: Release pairs with the Acquire of `claim`: the next one to poll it finds it as it is now.
        // Acquire pairs with the Release of `wake`.
        self.step(Ordering::AcqRel, |word| {
            debug_assert_eq!(word & WAITING, 0, "polled by somebody who doesn't have it");
            match word & WOKEN {
                0 => (word | WAITING, Pending::Waits),
                _ => (word & !WOKEN, Pending::Again),
            }
        })
    }

    /// Whoever has it wants to poll it again, and asks whether it is listed, by a waker of an earlier run.
    /// Then it waits from now on, and will be taken off the list as if it had been woken in this run.
    #[inline]
    #[must_use]
    pub(super) fn wait_if_listed(&self) -> bool {
        // Relaxed: the bit is set only while it waits, and cleared by the thread that has it now or by those
        // that had it before.
        let listed = self.word.load(Ordering::Relaxed) & LISTED != 0;
        if listed {
            // Ordering: Release pairs with the Acquire of `claim`, as in `pend`.
            self.word.fetch_or(WAITING | WOKEN, Ordering::Release);
        }
        listed
    }

    /// It was taken off the list. True if it has waited, and is the calling thread's from now on.
    #[inline]
    #[must_use]
    pub(super) fn claim(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `pend` and of `wake`.
        self.step(Ordering::Acquire, |word| match word & WAITING {
            WAITING => (0, true),
            _ => (word & !LISTED, false), // of a run that ended before it was taken off
        })
    }

    /// The run is over. Nobody polls it any more.
    pub(super) fn end(&self) {
        // Relaxed: nobody waits for it. Whether it is on the list doesn't change.
        self.word.fetch_and(LISTED, Ordering::Relaxed);
    }
}
