//! How nodes and runs end, as observers are told.

use dgraph_core::NodeId;

/// How a node has ended.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{NodeInfo, NodeOutcome, Observer};
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// /// Counts the nodes that are worth a look.
/// struct Trouble(AtomicUsize);
///
/// impl Observer for Trouble {
///     fn node_ends(&self, _: &NodeInfo<'_>, outcome: NodeOutcome) {
///         if outcome != NodeOutcome::Completed {
///             self.0.fetch_add(1, Relaxed);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeOutcome {
    /// It has a result.
    Completed,
    /// It gave an error, or a graph that is a node has failed.
    Failed,
    /// It panicked.
    Panicked,
    /// It is done, and nothing is to be done behind it: it gave an [`EndBranch`](crate::EndBranch), or is
    /// what looks at a [condition](crate::GraphBuilder::only_if) that doesn't hold.
    EndedBranch,
    /// The run was stopped: its future was dropped half way, or a graph that is a node was stopped.
    Interrupted,
}

/// How a run has ended. Of several things that went wrong, it is the one that
/// [`RunError`](crate::RunError) is about.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Observer, RunInfo, RunOptions, RunOutcome};
/// use std::sync::{Arc, Mutex};
///
/// struct Last(Mutex<Option<RunOutcome>>);
///
/// impl Observer for Last {
///     fn run_ends(&self, _: &RunInfo<'_>, outcome: RunOutcome) {
///         *self.0.lock().unwrap() = Some(outcome);
///     }
/// }
///
/// let last = Arc::new(Last(Mutex::new(None)));
/// GraphBuilder::new().build()?.with(&RunOptions::new().observer(last.clone())).run()?;
/// assert_eq!(*last.0.lock().unwrap(), Some(RunOutcome::Completed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunOutcome {
    /// All nodes that were to run have results.
    Completed,
    /// A node failed.
    Failed,
    /// A node panicked.
    Panicked,
    /// It was cancelled, by a token or by the end of its executor.
    Cancelled,
    /// Its deadline passed.
    DeadlineExceeded,
    /// Nobody wanted to know: the future of the run was dropped before its end.
    Dropped,
}

/// Why a node doesn't begin.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, NodeInfo, Observer, RunOptions, SkipReason};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Skipped(Mutex<Vec<(String, SkipReason)>>);
///
/// impl Observer for Skipped {
///     fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
///         self.0.lock().unwrap().push((node.to_string(), reason));
///     }
/// }
///
/// let mut graph = GraphBuilder::new();
/// let number = graph.try_node("number", (), || "x".parse::<i32>());
/// graph.node("double", (number,), |number: &i32| number * 2);
/// let skipped = Arc::new(Skipped::default());
/// let options = RunOptions::new().observer(skipped.clone());
/// graph.build()?.with(&options).run().map(drop).unwrap_err();
/// let culprit = number.id();
/// let expected = ("double".to_string(), SkipReason::DependencyFailed { culprit });
/// assert_eq!(*skipped.0.lock().unwrap(), [expected]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// It depends, directly or not, on a node that failed or panicked.
    DependencyFailed {
        /// That node.
        culprit: NodeId,
    },
    /// A [condition](crate::GraphBuilder::only_if) says so, or it depends, directly or not, on a node that
    /// [ended its branch](crate::EndBranch).
    NotChosen {
        /// The condition, or that node.
        because_of: NodeId,
    },
    /// The run was stopped before.
    Stopped,
    /// The targets of the run don't need it.
    NotNeeded,
    /// It has a result of an earlier run that is up to date.
    UpToDate,
}
