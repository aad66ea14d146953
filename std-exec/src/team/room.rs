//! Memory that a run may need: reserved when a graph of this size is first run, so that later runs allocate
//! nothing, whoever takes part in them.

use super::state::Team;
use crate::sync::Ordering;

/// For graphs of so many nodes. In larger ones a stack of ready nodes may still grow when there are more than
/// that, by doubling: a team's stacks for all nodes of a huge graph would be larger than the graph.
const MOST: usize = 1 << 16;

impl Team {
    /// Makes room for a run of so many `nodes`.
    ///
    /// # Safety
    ///
    /// The calling thread has taken the team, which is closed and empty.
    #[inline]
    pub(crate) unsafe fn reserve(&self, nodes: usize) {
        // Relaxed: only the thread that has taken the team comes here.
        if nodes.min(MOST) > self.room.load(Ordering::Relaxed) {
            // SAFETY: by contract.
            unsafe { self.reserve_stacks(nodes.min(MOST)) };
        }
    }

    /// # Safety
    ///
    /// As for [`reserve`](Self::reserve).
    #[cold]
    unsafe fn reserve_stacks(&self, nodes: usize) {
        self.room.store(nodes, Ordering::Relaxed);
        for place in 0..self.members.len() {
            // SAFETY: by contract nobody is a member, so this thread is this one for a moment.
            unsafe { self.own(place) }.with(|private| private.reserve_for(nodes));
        }
    }
}
