//! Limits, and how many permits of each are in use.

use super::nodes::Shared;
use crate::plan::Demand;
use dgraph_exec::{Limit, Permits, SharedLimit};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How many nodes of a run may run at once under the two limits of its graph.
pub(super) const OWN: [usize; 2] = [1, 2];

/// How many permits the limit has that runs share.
pub(super) const SHARED: usize = 3;

/// How many nodes are running under each limit of one run.
pub(super) type Own = Arc<[AtomicUsize; 2]>;

impl Demand {
    /// What the node is to be put under.
    pub(super) fn permits(&self, own: [Limit; 2], shared: &SharedLimit) -> impl Iterator<Item = Permits> {
        let own = own.into_iter().zip(self.limits).filter(|(_, under)| *under);
        let shared = match self.permits {
            0 => None,
            SHARED => Some(shared.all()),
            some => Some(shared.permits(some)),
        };
        own.map(|(limit, _)| Permits::from(limit)).chain(shared)
    }
}

/// A node that counts among those under its limits.
pub(super) struct Under {
    pub(super) shared: Arc<Shared>,
    own: Own,
    node: usize,
}

impl Under {
    pub(super) fn new(shared: &Arc<Shared>, own: &Own, node: usize) -> Self {
        let new = Self { shared: Arc::clone(shared), own: Arc::clone(own), node };
        for (in_use, takes, most) in new.limits() {
            assert!(in_use.fetch_add(takes, Relaxed) + takes <= most, "node {node} exceeds a limit");
        }
        new
    }

    /// How many permits are in use, it takes, and there are.
    fn limits(&self) -> impl Iterator<Item = (&AtomicUsize, usize, usize)> {
        let demand = self.shared.plan.nodes[self.node].demand;
        let own = self.own.iter().zip(OWN).zip(demand.limits).filter(|(_, under)| *under);
        own.map(|((in_use, most), _)| (in_use, 1, most)).chain([(
            &self.shared.in_use,
            demand.permits,
            SHARED,
        )])
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.limits().for_each(|(in_use, takes, _)| _ = in_use.fetch_sub(takes, Relaxed));
    }
}

/// All permits of the limit are back, and nobody waits.
pub(super) fn check_all_back(limit: &SharedLimit) {
    let expected = format!("SharedLimit {{ permits: {SHARED}, left: {SHARED}, waiting: 0 }}");
    assert_eq!(format!("{limit:?}"), expected, "after the run");
}
