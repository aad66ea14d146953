//! Results that are dropped before the run is over: who has complete users only.

use super::execution::Execution;
use crate::typed::memory::standing::{EARLY, STOP};
use crate::typed::memory::status::{Outcome, Status};
use dgraph_core::NodeId;

impl Execution<'_> {
    /// What has come of `node`. If that is final, drops the results that it was the last one to use, of those
    /// that are to be dropped early.
    ///
    /// # Safety
    ///
    /// The run has the graph to itself, and this has come of `node`. Once for each node that is complete.
    #[inline]
    pub(super) unsafe fn released(&self, node: u32, signal: usize, outcome: Outcome) -> Outcome {
        if signal & EARLY != 0 && matches!(outcome, Outcome::Value | Outcome::Nothing(_)) {
            // SAFETY: by contract: who uses these results is complete, and this thread sees what they did.
            let unused = |result: NodeId| unsafe { self.drop_early(result.get()) };
            if let Some(early) = self.parts.rare.and_then(|rare| rare.early.as_ref()) {
                early.countdown().complete(NodeId::new(node), unused);
            }
        }
        outcome
    }

    /// Drops what `node` gave, if it gave anything, unless the run was to give it.
    ///
    /// In a run that is stopped it stays: a future that was cut off may be there to its end, and use it. Who
    /// has cut it off has seen the signal, and so does this thread, which comes later.
    ///
    /// # Safety
    ///
    /// The run has the graph to itself. All nodes that use the result are complete, and this thread sees what
    /// they did.
    #[cold]
    unsafe fn drop_early(&self, node: u32) {
        let (statuses, options) = (self.frame.statuses(), self.frame.options);
        let signal = self.frame.signal();
        let is_target =
            || options.targets.iter().flat_map(|all| all.iter()).any(|target| target.index == node);
        if signal & STOP != 0 || statuses.get(node) != Status::VALUE || is_target() {
            return;
        }
        let drop = || {
            // SAFETY: it holds a value, as its status says. Those who used it are complete: their calls have
            // returned, and their futures are gone, since the run isn't stopped. No later node is fed it.
            unsafe { self.parts.store.drop_result(node) };
            Outcome::Nothing(statuses.without_value(node, Status::DROPPED))
        };
        let drop = || self.frame.attempt(node, drop);
        // SAFETY: the node is complete, and nobody else does anything with it.
        let _ = unsafe { self.guarded(node, signal, drop) };
    }
}
