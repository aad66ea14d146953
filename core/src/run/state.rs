//! The state of a run: which one it is, whether it goes on, and whether it is to stop.
//!
//! ```text
//!  bit 0    RUNNING
//!  bit 1    STOPPING: nothing new is to begin; stays when the run is over, until the next one
//!  bit 2    CUT: a node was passed over; likewise
//!  above    EPOCH: the number of the run, 0 before the first; the lowest bit of it is the run's parity
//! ```

use super::node_word::PARITY;
use crate::sync::{AtomicU32, Ordering};

const RUNNING: u32 = 1;
const STOPPING: u32 = 2;
const CUT: u32 = 4;
const EPOCH: u32 = 3;
/// Even, so that the parity turns when the numbers begin anew, with 1.
const LAST: u32 = (u32::MAX >> EPOCH) - 1;

/// A look at the state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen(u32);

impl Seen {
    pub(super) const fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    pub(super) const fn is_stopping(self) -> bool {
        self.0 & STOPPING != 0
    }

    pub(super) const fn is_cut(self) -> bool {
        self.0 & CUT != 0
    }

    pub(super) const fn epoch(self) -> u32 {
        self.0 >> EPOCH
    }

    /// As the bit of a node's word that says so.
    pub(super) const fn parity(self) -> u32 {
        if self.epoch() & 1 == 0 { 0 } else { PARITY }
    }
}

pub(super) struct State(AtomicU32);

impl State {
    #[cfg(not(dgraph_loom))]
    pub(super) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    #[cfg(dgraph_loom)]
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// For those that have no node of the run.
    #[inline]
    pub(super) fn look(&self) -> Seen {
        // Ordering: Acquire pairs with the Release in `end`: whoever sees that a run is over sees all that it
        // did.
        Seen(self.0.load(Ordering::Acquire))
    }

    /// For those that have a node: that came from this run's beginning, and the run doesn't end before that
    /// node is complete. So its number is exact.
    #[inline]
    pub(super) fn look_with_a_node(&self) -> Seen {
        // Relaxed: the beginning happened before the node was inserted.
        Seen(self.0.load(Ordering::Relaxed))
    }

    /// From rest to the next run. False if one goes on.
    #[must_use]
    pub(super) fn begin(&self) -> bool {
        let seen = self.look();
        let next = seen.epoch() % LAST + 1;
        let running = next << EPOCH | RUNNING;
        // Relaxed: the look has acquired what the last run left. If it fails, somebody else has begun.
        !seen.is_running()
            && self.0.compare_exchange(seen.0, running, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// From running to stopping. False if no run goes on.
    pub(super) fn stop(&self) -> bool {
        let mut seen = self.look();
        // It changes a few times in a run at most. A run that has begun meanwhile is stopped as if this had
        // come later.
        while seen.is_running() {
            // Relaxed: it orders nothing; who sees it passes over nodes that it has.
            match self.0.compare_exchange(seen.0, seen.0 | STOPPING, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = Seen(now),
            }
        }
        false
    }

    /// A node is passed over, by somebody that has it.
    pub(super) fn cut(&self) {
        self.0.fetch_or(CUT, Ordering::Relaxed);
    }

    /// The run is over. For the one that has completed the last sink.
    pub(super) fn end(&self) {
        // Ordering: Release hands all that the run did to whoever begins the next or sees that this is over.
        // Partners: `look` and `begin`.
        self.0.fetch_and(!RUNNING, Ordering::Release);
    }
}
