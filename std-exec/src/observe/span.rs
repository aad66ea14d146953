//! One stretch of a trace: a thread in the middle of a node.

use super::outcome::NodeOutcome;
use super::traced_run::TracedRun;
use dgraph_core::NodeId;
use std::fmt;
use std::time::Duration;

/// A call or a poll. Times are in nanoseconds since the trace begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// Its place in the list of runs.
    pub(crate) run: u32,
    pub(crate) node: NodeId,
    /// `None`: it waits.
    pub(crate) outcome: Option<NodeOutcome>,
}

/// A call of a node's closure, or a poll of its future, in a [`Trace`](crate::Trace).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
/// use std::sync::Arc;
/// let mut graph = GraphBuilder::new();
/// graph.node("only", (), || ());
/// let recorder = Arc::new(Recorder::new());
/// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
/// let trace = recorder.trace();
/// let span = trace.spans().next().expect("a node");
/// assert!((span.path(), span.thread()) == ("only".into(), 0) && span.begin() <= span.end());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Span<'t> {
    pub(crate) run: &'t TracedRun,
    pub(crate) thread: usize,
    pub(crate) mark: Mark,
}

impl<'t> Span<'t> {
    /// The run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn of_graphs_that_are_nodes(trace: &Trace) -> usize {
    ///     trace.spans().filter(|span| span.run().parent().is_some()).count()
    /// }
    /// ```
    #[must_use]
    pub fn run(&self) -> &'t TracedRun {
        self.run
    }

    /// The node's number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn polls_of(trace: &Trace, node: usize) -> usize {
    ///     trace.spans().filter(|span| span.node().index() == node).count()
    /// }
    /// ```
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.mark.node
    }

    /// The node's path: its name or, if it has none, `#` and its number, after the path of its run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn list(trace: &Trace) {
    ///     trace.spans().for_each(|span| println!("{}", span.path()));
    /// }
    /// ```
    #[must_use]
    pub fn path(&self) -> String {
        self.run.path_of(self.mark.node).to_string()
    }

    /// Which of the trace's threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// fn nodes_by_thread(trace: &Trace) -> Vec<usize> {
    ///     let mut nodes = vec![0; trace.threads().len()];
    ///     trace.spans().for_each(|span| nodes[span.thread()] += 1);
    ///     nodes
    /// }
    /// ```
    #[must_use]
    pub fn thread(&self) -> usize {
        self.thread
    }

    /// When it began.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// use std::time::Duration;
    /// fn first(trace: &Trace) -> Option<Duration> {
    ///     trace.spans().map(|span| span.begin()).min()
    /// }
    /// ```
    #[must_use]
    pub fn begin(&self) -> Duration {
        Duration::from_nanos(self.mark.begin)
    }

    /// When it ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Trace;
    /// use std::time::Duration;
    /// fn last(trace: &Trace) -> Option<Duration> {
    ///     trace.spans().map(|span| span.end()).max()
    /// }
    /// ```
    #[must_use]
    pub fn end(&self) -> Duration {
        Duration::from_nanos(self.mark.end)
    }

    /// How the node has ended. `None` if it hasn't: its future waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeOutcome, Trace};
    /// fn failed(trace: &Trace) -> Vec<String> {
    ///     let failed = trace.spans().filter(|span| span.outcome() == Some(NodeOutcome::Failed));
    ///     failed.map(|span| span.path()).collect()
    /// }
    /// ```
    #[must_use]
    pub fn outcome(&self) -> Option<NodeOutcome> {
        self.mark.outcome
    }
}

impl fmt::Debug for Span<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut span = f.debug_struct("Span");
        span.field("path", &self.path()).field("thread", &self.thread);
        span.field("begin", &self.begin())
            .field("end", &self.end())
            .field("outcome", &self.outcome())
            .finish()
    }
}
