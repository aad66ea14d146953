//! Which results are dropped before the run is over: those that were to be, each after its last user.
//!
//! Who is the last is what a countdown finds out: that of a second graph, with an edge from each user to the
//! result. A node says there that it is complete, whatever has become of it, and results that become ready
//! have no users left.

use super::uses::Use;
use dgraph_core::sync::AtomicU32; // core's, which aren't always this crate's: feature `portable-atomic`
use dgraph_core::{Countdown, Dag};

/// The results that are dropped early, and who uses them.
pub(crate) struct Early {
    users: Dag,
    counters: Box<[AtomicU32]>,
}

impl Early {
    /// Of these results, in a graph of so many nodes without cycles. `None` if nobody uses any.
    pub(crate) fn new(nodes: usize, results: &[u32], uses: &[Use]) -> Option<Self> {
        let mut is_early = vec![false; nodes];
        results.iter().for_each(|&result| is_early[result as usize] = true);
        let uses = uses.iter().filter(|used| used.kind.feeds() && is_early[used.dependency as usize]);
        let edges: Vec<_> = uses.map(|used| (used.node, used.dependency)).collect();
        if edges.is_empty() {
            return None;
        }
        Some(Self::of(Dag::from_edges(nodes, &edges).expect("a part of a graph, reversed")))
    }

    fn of(users: Dag) -> Self {
        let mut counters = Vec::new();
        counters.resize_with(users.view().node_count(), || AtomicU32::new(0));
        Self { users, counters: counters.into() }
    }

    /// The same, for other runs.
    pub(crate) fn another(&self) -> Self {
        Self::of(self.users.clone())
    }

    /// A run begins. (The last one may have broken off.)
    pub(crate) fn begin(&mut self) {
        Countdown::new(self.users.view(), &mut self.counters);
    }

    /// Who has users left, in the run that has begun.
    pub(crate) fn countdown(&self) -> Countdown<'_> {
        Countdown::over(self.users.view(), &self.counters).expect("one for each node")
    }
}
