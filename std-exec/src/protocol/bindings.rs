//! Nodes that are bound to workers, over all runs of an executor: which worker is wanted somewhere, and which
//! run came first.
//!
//! A worker goes to nodes that are bound to it before it does anything else; so it looks here at each turn,
//! also between two nodes of an ordered run that it helps with. That must not cost a walk through all teams,
//! so each worker has a count.
//!
//! Runs that bind nodes to workers are numbered as they begin, and other runs bear the number of the last one
//! before them. A run that a node begins is a level deeper than the node's run. A worker that waits for a run
//! goes to deeper runs only, and of those that are as deep to later ones: `README.md` beside this file says
//! why that is enough, and bounds the stack.

use crate::sync::{AtomicUsize, Ordering};
use crossbeam_utils::CachePadded;

/// Counts for each worker the runs that have nodes bound to it, and numbers such runs as they begin.
#[derive(Debug)]
pub(crate) struct Bindings {
    /// How many runs that bind nodes have begun.
    begun: CachePadded<AtomicUsize>,
    /// For each worker: in how many runs there is a node that only it can take now.
    runs: Box<[CachePadded<AtomicUsize>]>,
}

impl Bindings {
    pub(crate) fn new(workers: usize) -> Self {
        let runs = std::iter::repeat_with(Default::default).take(workers).collect();
        Self { begun: CachePadded::default(), runs }
    }

    /// The number of a run that the calling thread is about to open. `binds`: it has nodes that are bound to
    /// workers.
    #[inline]
    pub(crate) fn number(&self, binds: bool) -> usize {
        // Relaxed: a run that is begun by a node comes after that node's run was opened, which the node's
        // thread has seen.
        if binds {
            self.begun.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
        } else {
            self.begun.load(Ordering::Relaxed)
        }
    }

    /// In some run it has changed whether there is a node that only `worker` can take.
    pub(crate) fn set(&self, worker: usize, wanted: bool) {
        // Relaxed: as for the flags of `Wanted`, which it goes with.
        if wanted {
            self.runs[worker].fetch_add(1, Ordering::Relaxed);
        } else {
            self.runs[worker].fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether some run has a node that only `worker` can take. As certain as
    /// [`Wanted`](crate::protocol::wanted::Wanted).
    #[inline]
    pub(crate) fn want(&self, worker: usize) -> bool {
        self.want_beside(worker, false)
    }

    /// Whether some run has a node that only `worker` can take, besides a run that has one if `here`.
    #[inline]
    pub(crate) fn want_beside(&self, worker: usize, here: bool) -> bool {
        self.runs[worker].load(Ordering::Relaxed) > usize::from(here)
    }
}

/// Whether the run `number` has begun after the run `before`, if they are not the same.
pub(crate) fn is_later(number: usize, before: usize) -> bool {
    // Also when the numbers have come round, on small machines.
    (1..=usize::MAX / 2).contains(&number.wrapping_sub(before))
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::is_later;

    #[test]
    fn numbers_that_come_round() {
        for before in [0, 1, usize::MAX / 2, usize::MAX - 1, usize::MAX] {
            assert!(!is_later(before, before));
            for distance in [1, 2, 1_000_000, usize::MAX / 2] {
                let number = before.wrapping_add(distance);
                assert!(is_later(number, before) && !is_later(before, number), "{number} after {before}");
            }
        }
    }
}
