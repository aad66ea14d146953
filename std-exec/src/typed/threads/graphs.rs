//! Runs of graphs whose shape is known only now, on the threads of a run.

use super::handed::{Source, Threads};
use crate::executor::Handle;
use crate::run::Before;
use crate::sync::{AtomicBool, Ordering};
use crate::typed::error::run_error::RunError;
use crate::typed::error::stopped::Stopped;
use crate::typed::graph::runnable::Runnable;
use crate::typed::graph::runnable::sealed::OURS;
use crate::typed::run::execute::execute;
use dgraph_core::{AsDag, Dag, NodeId};

impl Threads<'_> {
    /// Runs `body` once for each node of `dag`, each after all that it depends on, as
    /// [`Executor::run`](crate::Executor::run) does: for a graph whose shape is known only now.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the run that this node is a part of was called off: `body` was not called for all
    /// nodes.
    ///
    /// # Panics
    ///
    /// As [`Executor::run`](crate::Executor::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor, GraphBuilder, Threads, threads};
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    ///
    /// let mut graph = GraphBuilder::new();
    /// // In a program: as many nodes, and which edges, as a file says.
    /// let edges = graph.node("edges", (), || vec![(0, 1), (0, 2), (1, 3), (2, 3)]);
    /// let paths = graph.try_node("paths", (edges, threads()), |edges: &Vec<(u32, u32)>, threads: Threads<'_>| {
    ///     let dag = Dag::from_edges(4, edges)?;
    ///     let paths = [const { AtomicU64::new(0) }; 4];
    ///     threads.run(&dag, |node| {
    ///         let before = edges.iter().filter(|(_, to)| *to == node.get());
    ///         let sum: u64 = before.map(|&(from, _)| paths[from as usize].load(Relaxed)).sum();
    ///         paths[node.index()].store(sum.max(1), Relaxed);
    ///     })?;
    ///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(paths[3].load(Relaxed))
    /// });
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[paths], 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run<D, F>(&self, dag: &D, body: F) -> Result<(), Stopped>
    where
        D: AsDag + ?Sized,
        F: Fn(NodeId) + Sync,
    {
        let stops = Stops::new(self);
        let body = |node: NodeId| {
            if stops.goes_on() {
                body(node);
            }
        };
        match self.executor() {
            Some(executor) => executor.run(dag, body),
            None => dag.view().run(body),
        }
        stops.outcome()
    }

    /// Runs `body` once for each node of `dag`, with an item of the node's own and those of the nodes that it
    /// depends on, as [`Executor::run_each`](crate::Executor::run_each) does.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the run that this node is a part of was called off: `body` was not called for all
    /// nodes.
    ///
    /// # Panics
    ///
    /// As [`Executor::run_each`](crate::Executor::run_each).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Before, Dag, Executor, GraphBuilder, Threads, threads};
    ///
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// let mut graph = GraphBuilder::new();
    /// let durations = graph.input("durations");
    /// let ends = graph.try_node("ends", (durations, threads()), |durations: &Vec<u32>, threads: Threads<'_>| {
    ///     let mut ends = durations.clone();
    ///     threads.run_each(&dag, &mut ends, |_, own, before: Before<'_, u32>| {
    ///         *own += before.iter().max().unwrap_or(&0);
    ///     })?;
    ///     Ok::<_, dgraph_exec::Stopped>(ends)
    /// });
    /// let mut graph = graph.build()?;
    /// graph.set(durations, vec![3, 5, 1, 2]);
    /// assert_eq!(graph.run_parallel(&Executor::new()?)?[ends], [3, 8, 4, 10]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_each<T, F>(&self, dag: &Dag, items: &mut [T], body: F) -> Result<(), Stopped>
    where
        T: Send + Sync,
        F: Fn(NodeId, &mut T, Before<'_, T>) + Sync,
    {
        let stops = Stops::new(self);
        Handle::run_each(self.executor(), dag, items, |node, own: &mut T, before: Before<'_, T>| {
            if stops.goes_on() {
                body(node, own, before);
            }
        });
        stops.outcome()
    }

    /// Runs a typed graph, or one of the dictionaries, that the node has made or keeps: in the way in which
    /// the graph is run that the node belongs to, with the same policy, token and deadline. (A graph that is
    /// known beforehand can be [a node](crate::GraphBuilder::graph).)
    ///
    /// # Errors
    ///
    /// See [`RunError`]. A fallible node that passes on, by `?`, that a cancel or deadline of the outer run
    /// has ended the inner one, was [interrupted](crate::NoResult::Interrupted) itself.
    ///
    /// # Panics
    ///
    /// With the panic of a node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Threads, Values, threads};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let texts = graph.node("texts", (), || vec!["a b", "c", "d e f"]);
    /// let words = graph.try_node("words", (texts, threads()), |texts: &Vec<&str>, threads: Threads<'_>| {
    ///     let mut inner = GraphBuilder::new();
    ///     let counts: Vec<_> = texts
    ///         .iter()
    ///         .map(|text| inner.node("count", (), || text.split(' ').count()))
    ///         .collect();
    ///     let sum = inner.node("sum", &counts, |counts: Values<'_, usize>| counts.iter().sum::<usize>());
    ///     let mut inner = inner.build()?;
    ///     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(threads.run_graph(&mut inner)?[sum])
    /// });
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[words], 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_graph<'g, G: Runnable>(&self, graph: &'g mut G) -> Result<G::Results<'g>, RunError> {
        let (executor, inherited);
        let options = match &self.0 {
            Source::Call(frame, node) => {
                (executor, inherited) = (frame.executor, frame.inherited(*node));
                &inherited
            }
            Source::Future { executor: handle, options } => {
                executor = handle.as_ref();
                options
            }
        };
        execute(graph.held(OURS).data_mut(), executor, options)?;
        let graph: &'g G = graph;
        Ok(graph.last_results())
    }
}

/// Whether a run over numbers, within a node, was called off.
struct Stops<'a> {
    threads: &'a Threads<'a>,
    stopped: AtomicBool,
}

impl<'a> Stops<'a> {
    fn new(threads: &'a Threads<'a>) -> Self {
        Self { threads, stopped: AtomicBool::new(false) }
    }

    /// To be asked before each node: whether to call the body.
    fn goes_on(&self) -> bool {
        // Relaxed: what comes after a node that was left out sees it, by the order of the run.
        let goes_on = !self.stopped.load(Ordering::Relaxed) && !self.threads.are_called_off();
        if !goes_on {
            self.stopped.store(true, Ordering::Relaxed);
        }
        goes_on
    }

    /// To be asked when all nodes are over, which is why Relaxed does.
    fn outcome(self) -> Result<(), Stopped> {
        if self.stopped.load(Ordering::Relaxed) { Err(self.threads.stopped()) } else { Ok(()) }
    }
}
