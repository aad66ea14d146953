//! Which nodes run in which case.

use super::graph_builder::GraphBuilder;
use crate::typed::data::uses::Kind;
use crate::typed::handle::bounds::Predecessors;
use crate::typed::handle::node::AnyNode;

impl<P> GraphBuilder<'_, P> {
    /// Makes `node` run after the `predecessors`, whatever becomes of them: if they fail, are skipped or don't run,
    /// it does all the same. It is told nothing of them; otherwise it is as if it depended on their
    /// [outcomes](crate::Node::outcome).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// let locked = AtomicBool::new(false);
    /// let mut graph = GraphBuilder::new();
    /// let lock = graph.node("lock", (), || locked.store(true, Relaxed));
    /// let work = graph.try_node("work", (lock,), |_: &()| Err::<(), _>("no"));
    /// let more = graph.node("more work", (work,), |_: &()| ());
    /// let unlock = graph.node("unlock", (lock,), |_: &()| locked.store(false, Relaxed));
    /// graph.always_after(unlock, [work, more]);
    /// graph.build()?.run().unwrap_err();
    /// assert!(!locked.load(Relaxed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn always_after(&mut self, node: impl Into<AnyNode>, predecessors: impl Predecessors) {
        if let Some(node) = self.nodes.own(node.into()) {
            predecessors.each(|predecessor| self.nodes.order(node, predecessor, Kind::Always));
        }
    }
}
