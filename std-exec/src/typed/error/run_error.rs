//! Why a run didn't do everything that it was asked to.

use super::failure::{Failure, Failures, Stop};
use super::panicked::Panicked;
use crate::brief;
use crate::typed::handle::names::{Count, NamedNode};
use std::fmt;

/// Why a run of a graph didn't do everything that it was asked to.
///
/// Nodes that did run have their results all the same: see [`Graph::results`](crate::Graph::results).
///
/// Errors, panics and a stop may come together: the first that applies of [`Panicked`](Self::Panicked),
/// [`Failed`](Self::Failed), [`Cancelled`](Self::Cancelled), [`DeadlineExceeded`](Self::DeadlineExceeded) is
/// what a run gives, and tells of the others too. [`failures`](Self::failures), [`panicked`](Self::panicked),
/// [`is_cancelled`](Self::is_cancelled) and [`is_late`](Self::is_late) answer whichever it is.
///
/// Messages are short: they name the first few nodes and say how many there are. `Debug` is the message and
/// those of its [sources](std::error::Error::source), so that a `main` that returns the error prints
/// something to read.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, RunError};
///
/// let mut graph = GraphBuilder::new();
/// let size = graph.input::<usize>("size");
/// let memory = graph.try_node("memory", (size,), |size: &usize| {
///     let mut memory = Vec::<u8>::new();
///     memory.try_reserve(*size).map(|()| memory)
/// });
/// let mut graph = graph.build()?;
/// assert_eq!(graph.run().unwrap_err().to_string(), "inputs not set: size");
///
/// graph.set(size, usize::MAX);
/// match graph.run() {
///     Err(RunError::Failed(failures)) => assert_eq!(failures[0].node().name(), "memory"),
///     other => panic!("too much was asked for: {other:?}"),
/// }
/// graph.set(size, 10);
/// assert!(graph.run()?[memory].capacity() >= 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A failure and a cancel in one run:
///
/// ```
/// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions};
///
/// let token = CancelToken::new();
/// let mut graph = GraphBuilder::new();
/// graph.try_node("child process", (), || {
///     token.cancel(); // ctrl-c, say
///     Err::<(), _>("killed")
/// });
/// let mut graph = graph.build()?;
/// let error = graph.with(&RunOptions::new().cancel_token(&token)).run().unwrap_err();
/// assert!(error.is_cancelled() && error.failures()[0].node().name() == "child process");
/// assert_eq!(error.to_string(), "1 node failed: child process; cancelled");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
pub enum RunError {
    /// Inputs that the run needs and that have no value. Nothing has run, earlier results are still there.
    UnsetInputs(Vec<NamedNode>),
    /// Targets of the run that are nodes of another graph: their numbers there. Nothing has run.
    ForeignTargets(Vec<dgraph_core::NodeId>),
    /// A node is bound to a worker that the executor doesn't have. Nothing has run.
    #[non_exhaustive]
    NoSuchWorker {
        /// The node; the first one, if there are several.
        node: NamedNode,
        /// The number of the worker.
        worker: usize,
        /// How many workers there are.
        workers: usize,
    },
    /// All nodes that failed, by their numbers. The [source](std::error::Error::source) is the first one's
    /// error.
    Failed(Failures),
    /// Nodes panicked in a run that [catches panics](crate::RunOptions::catch_panics). The
    /// [source](std::error::Error::source) is the error of the first node that failed beside them, if there
    /// is one.
    Panicked(Panicked),
    /// The run was stopped by its token, or by the end of the executor; no node has failed.
    #[non_exhaustive]
    Cancelled {
        /// The nodes that did not run for this reason.
        not_run: Vec<NamedNode>,
        /// The nodes that were under way and cut off: futures that were dropped half way, graphs that were
        /// stopped.
        interrupted: Vec<NamedNode>,
        /// Whether the run's deadline has passed as well.
        late: bool,
    },
    /// The run's deadline passed; no node has failed.
    #[non_exhaustive]
    DeadlineExceeded {
        /// The nodes that did not run for this reason.
        not_run: Vec<NamedNode>,
        /// The nodes that were under way and cut off: futures that were dropped half way, graphs that were
        /// stopped.
        interrupted: Vec<NamedNode>,
    },
}

impl RunError {
    /// The nodes that failed, by their numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FailurePolicy, GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.try_node("disk", (), || Err::<u32, _>("disk full"));
    /// graph.node("bug", (), || panic!("no such index"));
    /// let mut graph = graph.build()?;
    /// let options = RunOptions::new().catch_panics().policy(FailurePolicy::KeepGoing);
    /// let error = graph.with(&options).run().unwrap_err();
    /// assert_eq!(error.to_string(), "panicked: bug (no such index); 1 node failed: disk");
    /// assert_eq!(error.failures()[0].error().to_string(), "disk full");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        match self {
            Self::Failed(failures) => failures,
            Self::Panicked(panic) => panic.beside(),
            _ => &[],
        }
    }

    /// The panic, if there was one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().catch_panics()).run().unwrap_err();
    /// assert_eq!(error.panicked().and_then(|panic| panic.message()), Some("no"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn panicked(&self) -> Option<&Panicked> {
        match self {
            Self::Panicked(panic) => Some(panic),
            _ => None,
        }
    }

    /// Whether the run's token was cancelled, or the executor ended, before the run was over.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("never", (), || ());
    /// let token = CancelToken::new();
    /// token.cancel();
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().cancel_token(&token)).run().unwrap_err();
    /// assert!(error.is_cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.stop().cancelled
    }

    /// Whether the run's deadline passed before the run was over.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::time::Instant;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("never", (), || ());
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().deadline(Instant::now())).run().unwrap_err();
    /// assert!(error.is_late() && !error.is_cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.stop().late
    }

    pub(crate) fn stop(&self) -> Stop {
        match self {
            Self::Failed(failures) => failures.stop(),
            Self::Panicked(panic) => panic.beside().stop(),
            Self::Cancelled { late, .. } => Stop { cancelled: true, late: *late },
            Self::DeadlineExceeded { .. } => Stop { cancelled: false, late: true },
            Self::UnsetInputs(_) | Self::ForeignTargets(_) | Self::NoSuchWorker { .. } => Stop::default(),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsetInputs(nodes) => {
                f.write_str("inputs not set: ")?;
                brief::list(f, nodes.iter())
            }
            Self::ForeignTargets(nodes) => {
                write!(f, "{} of another graph among the targets: ", Count(nodes.len()))?;
                brief::list(f, nodes.iter())
            }
            Self::NoSuchWorker { node, worker, workers } => {
                write!(f, "{node} is bound to worker {worker}, but the executor has {workers}")
            }
            Self::Failed(failures) => failures.fmt(f),
            Self::Panicked(panic) => panic.fmt(f),
            Self::Cancelled { not_run, interrupted, .. }
            | Self::DeadlineExceeded { not_run, interrupted } => {
                write!(f, "{}", self.stop())?;
                let mut separator = ", ";
                for (nodes, what) in [(interrupted, "interrupted"), (not_run, "did not run")] {
                    if !nodes.is_empty() {
                        write!(f, "{separator}{} {what}: ", Count(nodes.len()))?;
                        brief::list(f, nodes.iter())?;
                        separator = "; ";
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for RunError {
    /// The message, and those of its sources: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        brief::debug(f, self)
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.failures().first().map(|failure| failure as _)
    }
}
