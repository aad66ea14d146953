//! What a node is handed of the threads of its run.

use crate::executor::Handle;
use crate::sync::{AtomicBool, Ordering};
use crate::typed::error::run_error::RunError;
use crate::typed::error::stopped::Stopped;
use crate::typed::graph::runnable::Runnable;
use crate::typed::graph::runnable::sealed::OURS;
use crate::typed::memory::frame::Frame;
use crate::typed::options::run_options::RunOptions;
use crate::typed::run::execute::execute;
use dgraph_core::{AsDag, NodeId};
use std::fmt;

/// The threads of the run that a node is a part of, for what the node does with many threads: loops over slices,
/// and graphs whose shape is known only now. A node gets it that names [`threads()`](crate::threads()) among its
/// dependencies.
///
/// In a run on an executor, these are the threads of that executor, as far as they have nothing else to do, and
/// the one that runs the node. In a serial run, and in one that is polled by a single thread
/// ([`Graph::run_async`](crate::Graph::run_async), and a graph with async nodes that is itself a node), it is
/// that one thread, and all is done one after the other: the same code with the same results.
///
/// While it waits for others at the end of a loop, the thread that runs the node executes what belongs to that
/// loop, and nothing else but [what a nested run permits](crate#what-is-promised). Loops may be nested, and
/// several nodes may have loops at once. Nothing has to be `'static`: closures borrow what they like.
///
/// If the run is called off, by a cancel, a deadline, a failure or panic of another node, or the end of its
/// executor, a loop ends between two pieces of some ten microseconds, or of one element or chunk if that takes
/// longer. Then it gives [`Stopped`], which a [fallible node](crate::GraphBuilder::try_node) passes on by
/// `?`. A node with work of its own [asks](Self::stop_reason) whether the run is to stop, and why: so this is
/// also the token by which a node under way sees that, a closure, a future, or a node of a graph that is a
/// node.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, Stopped, Threads, threads};
///
/// let mut graph = GraphBuilder::new();
/// let speed = graph.node("speed", (), || vec![0.5_f32; 10_000]);
/// let place = graph.state("place", vec![0.0_f32; 10_000]);
/// let sum = graph.try_node(
///     "move",
///     (place.write(), speed, threads()),
///     |place: &mut Vec<f32>, speed: &Vec<f32>, threads: Threads<'_>| {
///         threads.for_each(place, |at, place| *place += speed[at])?;
///         threads.fold(place, 1024, || 0.0, |sum, place| sum + place, |a, b| a + b)
///     },
/// );
/// let mut graph = graph.build()?;
/// assert_eq!(graph.run()?[sum], 5_000.0); // on this thread
/// assert_eq!(graph.run_parallel(&Executor::new()?)?[sum], 10_000.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Threads<'a>(pub(super) Source<'a>);

#[derive(Clone)]
#[allow(clippy::large_enum_variant, reason = "one a node, on the stack, or in its future")]
pub(super) enum Source<'a> {
    /// The run, during a call of this node.
    Call(&'a Frame<'a>, u32),
    /// A node's future may outlast what polls it for the first time.
    Future { executor: Option<Handle>, options: RunOptions },
}

impl<'a> Threads<'a> {
    /// For a closure that returns before the run of `frame` is over.
    pub(crate) fn of_call(frame: &'a Frame<'a>, node: u32) -> Self {
        Self(Source::Call(frame, node))
    }

    /// For the future of `node`.
    pub(crate) fn of_future(frame: &Frame<'_>, node: u32) -> Self {
        Self(Source::Future { executor: frame.executor.cloned(), options: frame.inherited(node) })
    }

    /// If there are several.
    pub(super) fn executor(&self) -> Option<&Handle> {
        let executor = match &self.0 {
            Source::Call(frame, _) => frame.executor,
            Source::Future { executor, .. } => executor.as_ref(),
        };
        executor.filter(|executor| executor.threads() > 1)
    }

    /// How many there are at the most, the one that runs the node included: 1 in a serial run.
    ///
    /// Results that depend on it are not the same on each machine; that of [`fold`](Self::fold) doesn't.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Threads, threads};
    /// let mut graph = GraphBuilder::new();
    /// let count = graph.node("count", threads(), |threads: Threads<'_>| threads.count());
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run()?[count], 1);
    /// let executor = Executor::builder().threads(3).build()?;
    /// assert_eq!(graph.run_parallel(&executor)?[count], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        self.executor().map_or(1, Handle::threads)
    }

    /// Runs `body` once for each node of `dag`, each after all that it depends on, as
    /// [`Executor::run`](crate::Executor::run) does: for a graph whose shape is known only now.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the run that this node is a part of was called off: `body` was not called for all nodes.
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
        let stopped = AtomicBool::new(false);
        let body = |node: NodeId| {
            if self.are_called_off() {
                // Relaxed: read when all nodes are over.
                stopped.store(true, Ordering::Relaxed);
            } else {
                body(node);
            }
        };
        match self.executor() {
            Some(executor) => executor.run(dag, body),
            None => dag.view().run(body),
        }
        if stopped.load(Ordering::Relaxed) { Err(self.stopped()) } else { Ok(()) }
    }

    /// Runs a typed graph, or one of the dictionaries, that the node has made or keeps: in the way in which the
    /// graph is run that the node belongs to, with the same policy, token and deadline. (A graph that is known
    /// beforehand can be [a node](crate::GraphBuilder::graph).)
    ///
    /// # Errors
    ///
    /// See [`RunError`]. A fallible node that passes on, by `?`, that a cancel or deadline of the outer run has
    /// ended the inner one, was [interrupted](crate::NoResult::Interrupted) itself.
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

impl fmt::Debug for Threads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("count", &self.count()).finish_non_exhaustive()
    }
}
