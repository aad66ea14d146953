//! A run of a trace, and its graph.

use super::outcome::RunOutcome;
use super::registry::{Seen, Shape};
use super::run_info::Path;
use dgraph_core::NodeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A run in a [`Trace`](crate::Trace).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
/// use std::sync::Arc;
/// let mut graph = GraphBuilder::new();
/// let one = graph.node("one", (), || ());
/// graph.node("two", (one,), |(): &()| ());
/// let recorder = Arc::new(Recorder::new());
/// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
/// let trace = recorder.trace();
/// let run = &trace.runs()[0];
/// let names: Vec<_> = run.edges().map(|(from, to)| [run.name(from), run.name(to)]).collect();
/// assert_eq!((run.node_count(), names), (2, vec![["one", "two"]]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TracedRun {
    number: u64,
    /// The place of the run that it is a node of, and the node.
    pub(crate) parent: Option<(u32, NodeId)>,
    path: Box<str>,
    pub(crate) shape: Arc<Shape>,
    to_run: usize,
    pub(crate) threads: usize,
    /// In nanoseconds since the trace begins.
    pub(crate) begin: u64,
    pub(crate) end: Option<u64>,
    outcome: Option<RunOutcome>,
}

impl TracedRun {
    pub(crate) fn new(number: u64, seen: &Seen, outer: Option<u32>, nanos: impl Fn(u64) -> u64) -> Self {
        let Seen { shape, parent, to_run, threads, begin, end } = seen;
        let path = parent.as_ref().map_or("", |parent| &parent.path).into();
        let parent = parent.as_ref().and_then(|parent| Some((outer?, parent.node)));
        Self {
            number,
            parent,
            path,
            shape: Arc::clone(shape),
            to_run: *to_run,
            threads: *threads,
            begin: nanos(*begin),
            end: end.map(|(end, _)| nanos(end)),
            outcome: end.map(|(_, outcome)| outcome),
        }
    }

    /// One that was kept: of so many nodes to run, on so many threads.
    #[cfg(feature = "serde")]
    pub(crate) fn read(
        number: u64,
        parent: Option<(u32, NodeId)>,
        path: Box<str>,
        shape: Arc<Shape>,
        (to_run, threads): (usize, usize),
        begin: u64,
        end: Option<(u64, RunOutcome)>,
    ) -> Self {
        let (end, outcome) = (end.map(|(end, _)| end), end.map(|(_, outcome)| outcome));
        Self { number, parent, path, shape, to_run, threads, begin, end, outcome }
    }

    pub(crate) fn path_of(&self, node: NodeId) -> Path<'_> {
        Path::new(&self.path, self.name(node), node)
    }

    /// What a node is called within its graph.
    pub(crate) fn label_of(&self, node: NodeId) -> Path<'_> {
        Path::new("", self.name(node), node)
    }

    /// The run's [number](crate::RunInfo::number).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn is_in(trace: &Trace, number: u64) -> bool {
    ///     trace.runs().iter().any(|run| run.number() == number)
    /// }
    /// ```
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Where the graph is, if it is a node of another one; see [`RunInfo::path`](crate::RunInfo::path).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn runs_of<'t>(trace: &'t Trace, path: &str) -> usize {
    ///     trace.runs().iter().filter(|run| run.path() == path).count()
    /// }
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The run that this one is a node of, by its place in the trace's list, and that node. `None` also if
    /// that run isn't in the trace any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn outermost(trace: &Trace) -> usize {
    ///     trace.runs().iter().filter(|run| run.parent().is_none()).count()
    /// }
    /// ```
    #[must_use]
    pub fn parent(&self) -> Option<(usize, NodeId)> {
        self.parent.map(|(run, node)| (run as usize, node))
    }

    /// How many nodes its graph has.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn largest(trace: &Trace) -> usize {
    ///     trace.runs().iter().map(|run| run.node_count()).max().unwrap_or(0)
    /// }
    /// ```
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.shape.names.len()
    }

    /// How many nodes were to run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn to_run(trace: &Trace) -> usize {
    ///     trace.runs().iter().map(|run| run.to_run()).sum()
    /// }
    /// ```
    #[must_use]
    pub fn to_run(&self) -> usize {
        self.to_run
    }

    /// How many threads took part at the most.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn serial(trace: &Trace) -> usize {
    ///     trace.runs().iter().filter(|run| run.threads() == 1).count()
    /// }
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The name of a node; empty if it is anonymous.
    ///
    /// # Panics
    ///
    /// If there is no node with that number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeId, TracedRun};
    /// fn names(run: &TracedRun) -> Vec<&str> {
    ///     (0..run.node_count() as u32).map(|node| run.name(NodeId::new(node))).collect()
    /// }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn name(&self, node: NodeId) -> &str {
        &self.shape.names[node.index()]
    }

    /// Which node comes before which: each pair once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeId, TracedRun};
    /// fn predecessors(run: &TracedRun, node: NodeId) -> Vec<NodeId> {
    ///     run.edges().filter(|(_, to)| *to == node).map(|(from, _)| from).collect()
    /// }
    /// ```
    pub fn edges(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.shape.edges.iter().map(|&(from, to)| (NodeId::new(from), NodeId::new(to)))
    }

    /// When it began.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// use std::time::Duration;
    /// fn longest(trace: &Trace) -> Option<Duration> {
    ///     trace.runs().iter().filter_map(|run| Some(run.end()? - run.begin())).max()
    /// }
    /// ```
    #[must_use]
    pub fn begin(&self) -> Duration {
        Duration::from_nanos(self.begin)
    }

    /// When it ended. `None` if it hadn't when the trace was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn under_way(trace: &Trace) -> usize {
    ///     trace.runs().iter().filter(|run| run.end().is_none()).count()
    /// }
    /// ```
    #[must_use]
    pub fn end(&self) -> Option<Duration> {
        self.end.map(Duration::from_nanos)
    }

    /// How it ended. `None` if it hadn't when the trace was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{RunOutcome, Trace};
    /// fn failed(trace: &Trace) -> usize {
    ///     trace.runs().iter().filter(|run| run.outcome() == Some(RunOutcome::Failed)).count()
    /// }
    /// ```
    #[must_use]
    pub fn outcome(&self) -> Option<RunOutcome> {
        self.outcome
    }
}

impl fmt::Debug for TracedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut run = f.debug_struct("TracedRun");
        run.field("number", &self.number).field("path", &self.path).field("nodes", &self.node_count());
        run.field("begin", &self.begin()).field("end", &self.end()).field("outcome", &self.outcome).finish()
    }
}
