//! Graphs as nodes.

use super::graph_builder::GraphBuilder;
use super::node_name::NodeName;
use crate::typed::graph::built::Graph;
use crate::typed::handle::bounds::Shareable;
use crate::typed::handle::node::Node;
use crate::typed::memory::entry::Task;
use crate::typed::memory::tasks::FutureOf;
use crate::typed::node::dependencies::{Dependencies, SetInputs};
use crate::typed::node::graph_task::{
    AsyncGraphTask, Inner, async_graph_call_of, async_inner_of, drop_run_of, graph_call_of, inner_of,
};

impl<'env, P> GraphBuilder<'env, P> {
    /// Adds a node that runs the graph `inner`, in the way in which this one is run: on the same thread, or
    /// on the same executor, with the same policy, token and deadline.
    ///
    /// First `set_inputs` is given the inner graph and the results of `dependencies`; then the inner graph
    /// runs; then `read_outputs` makes the node's result
    /// of what that has given, which it may also [take](Graph::take). If the inner run fails, the
    /// node has failed, and the inner [`RunError`](crate::RunError) is its error. A graph with [async
    /// nodes](Self::async_node) makes this node one: it runs on whatever thread polls it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Graph, GraphBuilder};
    ///
    /// let mut inner = GraphBuilder::new();
    /// let side = inner.input::<u64>("side");
    /// let area = inner.node("area", (side,), |side: &u64| side * side);
    /// let inner = inner.build()?;
    ///
    /// let mut outer = GraphBuilder::new();
    /// let three = outer.node("three", (), || 3_u64);
    /// let nine = outer.graph(
    ///     "nine",
    ///     (three,),
    ///     inner,
    ///     move |inner: &mut Graph<'_>, three: &u64| {
    ///         inner.set(side, *three);
    ///     },
    ///     move |inner| inner.results()[area],
    /// );
    /// assert_eq!(outer.build()?.run()?[nine], 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn graph<D, S, R, T>(
        &mut self,
        name: impl NodeName<T>,
        dependencies: D,
        inner: Graph<'env>,
        set_inputs: S,
        read_outputs: R,
    ) -> Node<T>
    where
        D: Dependencies + Send,
        S: SetInputs<Graph<'env>, D> + Send + 'env,
        R: FnMut(&mut Graph<'env>) -> T + Send + 'env,
        T: Shareable + 'env,
    {
        let gives_futures = inner.data().store.futures() > 0;
        // SAFETY: `T` is `Send` and `Sync`.
        let node = unsafe { name.enter(&mut self.nodes) };
        let Some(pointers) = self.nodes.feed(node.any(), dependencies) else { return node };
        let task = Task { function: Inner { graph: inner, set_inputs, read_outputs }, pointers };
        if gives_futures {
            let Some((index, under_way)) = self.nodes.next_future() else { return node };
            let task = AsyncGraphTask { task, under_way, index };
            let (call, drop) = (async_graph_call_of::<S, R, D, T>(&task), drop_run_of(&task));
            let inner = async_inner_of(&task);
            let task = Task { function: task, pointers: () };
            let future = FutureOf::new(node.any().index, under_way, drop);
            // SAFETY: `call`, `inner` and what is in `future` were made for this task. What is in it outlives `'env`, and
            // is `Send`.
            unsafe { self.nodes.define_graph(node.any(), call, task, Some(future), inner) };
        } else {
            let (call, inner) = (graph_call_of::<S, R, D, T>(&task), inner_of(&task));
            // SAFETY: both were made for this task. What is in it outlives `'env`, and is `Send`.
            unsafe { self.nodes.define_graph(node.any(), call, task, None, inner) };
        }
        node
    }
}
