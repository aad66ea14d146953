//! The word of a node: how many of its predecessors are done, whether it is taken, and in which run it was
//! complete last.
//!
//! ```text
//!  bit 31   PARITY: of the last run in which the node was complete
//!  bit 30   TAKEN: somebody has the node
//!  below    ARRIVALS: edges whose source is done in this run; only the last of all arrivals isn't added
//! ```
//!
//! At rest the two lower parts are 0, and a word that was never used is 0. Who may do what, and when:
//! README.md.

use crate::sync::{AtomicU32, Ordering};

pub(super) const PARITY: u32 = 1 << 31;
const TAKEN: u32 = 1 << 30;
/// The highest number of edges that may lead to a node.
pub(super) const ARRIVALS: u32 = TAKEN - 1;

#[derive(Clone, Copy)]
pub(super) struct NodeWord<'a>(pub(super) &'a AtomicU32);

impl NodeWord<'_> {
    /// The source of one of the `in_degree` edges is done. True for the last one: the node is ready, and all
    /// that its predecessors wrote is visible to this thread.
    #[inline]
    #[must_use]
    pub(super) fn arrive(self, in_degree: u32) -> bool {
        // Ordering: Acquire pairs with the Release half of the other predecessors' `fetch_add` below. Each of
        // these continues the release sequences of the ones before it, so reading the last one's value is
        // enough.
        self.0.load(Ordering::Acquire) & ARRIVALS == in_degree - 1
            // Ordering: Release hands what this predecessor wrote to the last one; Acquire, in case it is the
            // last one after all, takes what the others wrote. Partner: the load above and this line.
            || self.0.fetch_add(1, Ordering::AcqRel) & ARRIVALS == in_degree - 1
    }

    /// The node is ready, and this thread has won it.
    #[inline]
    pub(super) fn take(self) {
        // Relaxed: a ready node's word is touched by nobody but the one that has it.
        self.0.store(self.0.load(Ordering::Relaxed) | TAKEN, Ordering::Relaxed);
    }

    /// The thread that has the node is about to make it ready again.
    pub(super) fn put_back(self) {
        // Relaxed: inserting it afterwards hands this on.
        self.0.store(self.0.load(Ordering::Relaxed) & !TAKEN, Ordering::Relaxed);
    }

    /// The node is complete in this run: the word is at rest. False if nobody has it.
    #[inline]
    #[must_use]
    pub(super) fn complete(self) -> bool {
        // Relaxed: as for `take`. Arrivals of the next run come after the end of this one, which comes after
        // the arrivals that the caller makes next.
        let word = self.0.load(Ordering::Relaxed);
        let taken = word & TAKEN != 0;
        if taken {
            self.0.store((word ^ PARITY) & PARITY, Ordering::Relaxed);
        }
        taken
    }

    /// Whether the node was complete last in a run of this parity. Says nothing about what it has done.
    pub(super) fn has_parity(self, parity: u32) -> bool {
        self.0.load(Ordering::Relaxed) & PARITY == parity
    }

    /// Whether nobody has arrived and nobody has the node.
    pub(super) fn is_at_rest(self) -> bool {
        self.0.load(Ordering::Relaxed) & !PARITY == 0
    }
}
