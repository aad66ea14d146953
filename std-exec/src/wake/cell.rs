//! How it stands with one future: one word, so that wakers and whoever polls agree on who does what.
//!
//! ```text
//!                 begin               end
//!   idle ────────────────▶ RUNNING ─────────▶ idle
//!                           │   ▲
//!                      pend │   │ claim, by whoever takes it off the list
//!                           ▼   │
//!                          PENDING            wake: not RUNNING ─▶ onto the list (LISTED)
//!                                                   RUNNING     ─▶ WOKEN; `pend` puts it onto the list
//! ```
//!
//! | bit | meaning | set by | cleared by |
//! |---|---|---|---|
//! | `LISTED` | it is on the list of those woken, or its setter is about to put it there | `wake`, `pend` | `claim`, `unlist`, by whoever has taken it off |
//! | `WOKEN` | a wake came that no poll has answered | `wake` | `claim`, `unlist`, `end` |
//! | `RUNNING` | a thread has it to itself, and polls it | `begin`, `claim` | `pend`, `end` |
//! | `PENDING` | it waits to be woken | `pend` | `claim` |
//!
//! A run on one thread polls nobody twice at once by itself. It uses no `RUNNING` and `PENDING`, only `wake` and `unlist`.
//!
//! A waker may come at any time: before its node has begun in this run, after it has ended, after the run. Then the node is
//! listed, and taken off the list without being polled.

use crate::sync::{AtomicU32, Ordering};

const LISTED: u32 = 1;
const WOKEN: u32 = 2;
const RUNNING: u32 = 4;
#[expect(dead_code)]
const PENDING: u32 = 8;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Cell {
    word: AtomicU32,
}

/// What has to be done with a node that was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Woken {
    /// It is to be put onto the list.
    List,
    /// Nothing: it is there, or its poller will see to it.
    Seen,
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
        // Ordering: Release pairs with the Acquire of `unlist`, `claim` and `pend`: the poll that answers this wake sees what
        // came before it. So the word is written also if it doesn't change.
        self.step(Ordering::Release, |word| {
            let listed = if word & RUNNING == 0 { LISTED } else { 0 };
            let list = listed & !word != 0;
            (word | WOKEN | listed, if list { Woken::List } else { Woken::Seen })
        })
    }

    /// It was taken off the list, in a run on one thread.
    #[inline]
    pub(super) fn unlist(&self) {
        // Ordering: Acquire pairs with the Release of `wake`.
        self.word.fetch_and(!(LISTED | WOKEN), Ordering::Acquire);
    }
}
