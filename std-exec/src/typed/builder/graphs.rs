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
use std::ops::ControlFlow;

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
        mut read_outputs: R,
    ) -> Node<T>
    where
        D: Dependencies + Send,
        S: SetInputs<Graph<'env>, D> + Send + 'env,
        R: FnMut(&mut Graph<'env>) -> T + Send + 'env,
        T: Shareable + 'env,
    {
        let read_outputs = move |graph: &mut Graph<'env>| ControlFlow::Break(read_outputs(graph));
        self.add_graph(name, dependencies, Inner { graph: inner, set_inputs, read_outputs, repeats: false })
    }

    /// Adds a node that runs the graph `inner` until `again` breaks off: its result is what `again` breaks
    /// off with.
    ///
    /// First `set_inputs` is given the inner graph and the results of `dependencies`, as in
    /// [`graph`](Self::graph). Then, in each round, the inner graph runs as a whole, and `again` is given it,
    /// to read its results; it may also [set](Graph::set) inputs, or change [states](Graph::state_mut), for
    /// the next round. No round allocates but what its closures do.
    ///
    /// A cancel, a deadline, the end of the executor, or a failure that ends the run, ends it in a round or
    /// between two, and the node is [interrupted](crate::NoResult::Interrupted). With [async
    /// nodes](Self::async_node) inside, other nodes have their turn after each round.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Graph, GraphBuilder};
    /// use std::ops::ControlFlow;
    ///
    /// let mut newton = GraphBuilder::new();
    /// let (square, guess) = (newton.input::<f64>("square"), newton.input::<f64>("guess"));
    /// let better = newton.node("better", (square, guess), |square: &f64, guess: &f64| (guess + square / guess) / 2.0);
    /// let newton = newton.build()?;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let two = graph.node("two", (), || 2.0);
    /// let begin = move |newton: &mut Graph<'_>, two: &f64| {
    ///     newton.set(square, *two);
    ///     newton.set(guess, 1.0);
    /// };
    /// let root = graph.repeat("root", (two,), newton, begin, move |newton| {
    ///     let now = newton.results()[better];
    ///     match newton.set(guess, now) {
    ///         Some(before) if (before - now).abs() > 1e-12 => ControlFlow::Continue(()),
    ///         _ => ControlFlow::Break(now),
    ///     }
    /// });
    /// assert!((graph.build()?.run()?[root] - 2_f64.sqrt()).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn repeat<D, S, R, T>(
        &mut self,
        name: impl NodeName<T>,
        dependencies: D,
        inner: Graph<'env>,
        set_inputs: S,
        again: R,
    ) -> Node<T>
    where
        D: Dependencies + Send,
        S: SetInputs<Graph<'env>, D> + Send + 'env,
        R: FnMut(&mut Graph<'env>) -> ControlFlow<T> + Send + 'env,
        T: Shareable + 'env,
    {
        self.add_graph(
            name,
            dependencies,
            Inner { graph: inner, set_inputs, read_outputs: again, repeats: true },
        )
    }

    fn add_graph<D, S, R, T>(
        &mut self,
        name: impl NodeName<T>,
        dependencies: D,
        inner: Inner<'env, S, R>,
    ) -> Node<T>
    where
        D: Dependencies + Send,
        S: SetInputs<Graph<'env>, D> + Send + 'env,
        R: FnMut(&mut Graph<'env>) -> ControlFlow<T> + Send + 'env,
        T: Shareable + 'env,
    {
        let (may_wait, repeats) = (inner.graph.data().store.wakers() > 0, inner.repeats);
        // SAFETY: `T` is `Send` and `Sync`.
        let node = unsafe { name.enter(&mut self.nodes) };
        let Some(pointers) = self.nodes.feed(node.any(), dependencies) else { return node };
        let task = Task { function: inner, pointers };
        if may_wait {
            let Some((index, under_way)) = self.nodes.next_future() else { return node };
            let task = AsyncGraphTask { task, under_way, index };
            let (call, drop) = (async_graph_call_of::<S, R, D, T>(&task), drop_run_of(&task));
            let inner = async_inner_of(&task);
            let task = Task { function: task, pointers: () };
            let future = FutureOf::new(node.any().index, under_way, drop);
            // SAFETY: `call`, `inner` and what is in `future` were made for this task. What is in it outlives
            // `'env`, and is `Send`.
            unsafe { self.nodes.define_graph(node.any(), call, task, Some(future), (inner, repeats)) };
        } else {
            let (call, inner) = (graph_call_of::<S, R, D, T>(&task), inner_of(&task));
            // SAFETY: both were made for this task. What is in it outlives `'env`, and is `Send`.
            unsafe { self.nodes.define_graph(node.any(), call, task, None, (inner, repeats)) };
        }
        node
    }
}
