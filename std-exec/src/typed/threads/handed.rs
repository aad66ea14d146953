//! What a node is handed of the threads of its run.

use crate::executor::Handle;
use crate::typed::memory::frame::Frame;
use crate::typed::options::run_options::RunOptions;
use std::fmt;

/// The threads of the run that a node is a part of, for what the node does with many threads: loops over
/// slices, and graphs whose shape is known only now. A node gets it that names
/// [`threads()`](crate::threads()) among its dependencies.
///
/// In a run on an executor, these are the threads of that executor, as far as they have nothing else to do,
/// and the one that runs the node. In a serial run, and in one that is polled by a single thread
/// ([`Graph::run_async`](crate::Graph::run_async), and a graph with async nodes that is itself a node), it is
/// that one thread, and all is done one after the other: the same code with the same results.
///
/// While it waits for others at the end of a loop, the thread that runs the node executes what belongs to
/// that loop, and nothing else but [what a nested run permits](crate#what-is-promised). Loops may be nested,
/// and several nodes may have loops at once. Nothing has to be `'static`: closures borrow what they like.
///
/// If the run is called off, by a cancel, a deadline, a failure or panic of another node, or the end of its
/// executor, a loop ends between two pieces of some ten microseconds, or of one element or chunk if that
/// takes longer. Then it gives [`Stopped`](crate::Stopped), which a [fallible
/// node](crate::GraphBuilder::try_node) passes on by `?`. A node with work of its own
/// [asks](Self::stop_reason) whether the run is to stop, and why: so this is also the token by which a node
/// under way sees that, a closure, a future, or a node of a graph that is a node.
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
}

impl fmt::Debug for Threads<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("count", &self.count()).finish_non_exhaustive()
    }
}
