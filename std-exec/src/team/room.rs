//! Memory that a run may need: reserved when a graph of this size is first run, so that later runs allocate
//! nothing, whoever takes part in them.
//!
//! That is the memory of one team, and which one a run takes depends on what else runs then. An executor for
//! real-time runs may not allocate whichever it is: there all teams that are free make room.

use super::state::Team;
use super::teams::Teams;
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
        if !self.has_room_for_nodes(nodes) {
            // SAFETY: by contract.
            unsafe { self.reserve_stacks(nodes.min(MOST)) };
        }
    }

    /// Whether there is room for a run of so many `nodes`: certain for the thread that has taken the team,
    /// and a hint for others.
    #[inline]
    fn has_room_for_nodes(&self, nodes: usize) -> bool {
        // Relaxed: it is written by the thread that has taken the team.
        nodes.min(MOST) <= self.room.load(Ordering::Relaxed)
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

impl Teams {
    /// A team that has room for a run of so many nodes, for such a run of the calling thread's own. If none
    /// has, all that are free make room. To be given back.
    pub(super) fn take_with_room(&self, nodes: usize) -> &Team {
        let roomy = self.iter().find(|team| team.has_room_for_nodes(nodes) && team.take());
        roomy.unwrap_or_else(|| self.make_room(nodes))
    }

    /// Makes room in all that are free, also for counters of their own, and takes one of them.
    #[cold]
    fn make_room(&self, nodes: usize) -> &Team {
        for team in self.iter().filter(|team| team.take()) {
            // SAFETY: this thread has just taken the team, which was given back closed and empty.
            unsafe { team.reserve(nodes) };
            // SAFETY: as above; and no counters are in use.
            let _ = unsafe { team.own_counters(nodes.min(MOST)) };
            team.give_back();
        }
        self.take()
    }
}
