//! What a run does with its nodes.

use crate::protocol::walk::{Lane, Walk};
use crate::wake::Whom;
use dgraph_core::NodeId;
use std::ops::Range;

/// What has come of running a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Progress {
    Done,
    /// The node is to be run again, when it is its turn.
    Yielded,
    /// The node comes back by [`take_woken`](Body::take_woken), perhaps to another thread.
    Pending,
}

/// The body of a run's nodes. A closure is one whose nodes are complete when it returns.
pub(crate) trait Body: Sync {
    /// Nodes may come back: whether the members of the run have to look for those.
    const WAKES: bool;
    /// Whether memory is safe only if no node begins before its predecessors have ended, in a graph that
    /// others can reach. Then the run doesn't take the counters that are kept with it, which may have been
    /// left anyhow.
    const RELIES_ON_ORDER: bool = false;

    /// Runs `node`, or goes on with it.
    fn run(&self, node: NodeId) -> Progress;

    /// Runs the nodes of a walker's part, each after it was [claimed](Walk::claim) and until a claim fails:
    /// then it gives false. `FREE` as for `claim`. Not called if nodes may come back.
    #[inline]
    fn walk<const FREE: bool>(&self, walk: &Walk<'_>, lane: &Lane, part: Range<usize>) -> bool {
        walk.through::<FREE>(lane, part, |node| {
            let turn = self.run(node);
            debug_assert_eq!(turn, Progress::Done, "a node that comes back, in a walk");
        })
    }

    /// Somebody has broken into the walk, when these nodes were complete and another one, perhaps, claimed.
    /// Nothing is shared yet.
    fn broken_in(&self, walked: &[NodeId]) {
        let _ = walked;
    }

    /// The run is open, or about to be: from now on, whoever wakes a node tells `whom`.
    fn open(&self, whom: Whom<'_>) {
        let _ = whom;
    }

    /// Gives all nodes that were woken.
    fn take_woken(&self, _ready: impl FnMut(NodeId)) {}

    /// Whether there are any; a hint.
    fn any_woken(&self) -> bool {
        false
    }

    /// The run is called off, as the executor is shut down: nodes that haven't begun won't. Whether that can
    /// be; a closure over numbers is called for each node in any case.
    fn cancel(&self) -> bool {
        false
    }

    /// Whether something has stopped the run, so that nodes were made complete without being called, or gone
    /// on with.
    fn was_cut_short(&self) -> bool {
        false
    }
}

impl<F: Fn(NodeId) + Sync> Body for F {
    const WAKES: bool = false;

    #[inline]
    fn run(&self, node: NodeId) -> Progress {
        self(node);
        Progress::Done
    }
}
