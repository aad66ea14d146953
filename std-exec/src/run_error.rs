//! Why a run didn't do everything that it was asked to.

use crate::typed::{Failure, NamedNode, Panicked, join};
use std::fmt;

/// Why a run of a graph didn't do everything that it was asked to.
///
/// Nodes that did run have their results all the same: see [`Graph::results`](crate::Graph::results).
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
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// Inputs that the run needs and that have no value. Nothing has run, earlier results are still there.
    UnsetInputs(Vec<NamedNode>),
    /// Targets of the run that are nodes of another graph: their numbers there. Nothing has run.
    ForeignTargets(Vec<dgraph_core::NodeId>),
    /// A node is bound to a worker that the executor doesn't have. Nothing has run.
    NoSuchWorker {
        /// The node; the first one, if there are several.
        node: NamedNode,
        /// The number of the worker.
        worker: usize,
        /// How many workers there are.
        workers: usize,
    },
    /// All nodes that failed, by their numbers. The [source](std::error::Error::source) is the first one's error.
    Failed(Vec<Failure>),
    /// A node panicked in a run that [catches panics](crate::RunOptions::catch_panics).
    Panicked(Panicked),
    /// The run's token was cancelled.
    Cancelled {
        /// The nodes that did not run for this reason.
        not_run: Vec<NamedNode>,
    },
    /// The run's deadline passed.
    DeadlineExceeded {
        /// The nodes that did not run for this reason.
        not_run: Vec<NamedNode>,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not_run = |f: &mut fmt::Formatter<'_>, why: &str, nodes: &[NamedNode]| {
            write!(f, "{why}, {} did not run: ", Count(nodes.len()))?;
            join(f, ", ", nodes)
        };
        match self {
            Self::UnsetInputs(nodes) => {
                f.write_str("inputs not set: ")?;
                join(f, ", ", nodes)
            }
            Self::ForeignTargets(nodes) => {
                write!(f, "{} of another graph among the targets: ", Count(nodes.len()))?;
                join(f, ", ", nodes)
            }
            Self::NoSuchWorker { node, worker, workers } => {
                write!(f, "{node} is bound to worker {worker}, but the executor has {workers}")
            }
            Self::Failed(failures) => {
                write!(f, "{} failed: ", Count(failures.len()))?;
                join(f, ", ", failures.iter().map(Failure::node))
            }
            Self::Panicked(panic) => panic.fmt(f),
            Self::Cancelled { not_run: nodes } => not_run(f, "cancelled", nodes),
            Self::DeadlineExceeded { not_run: nodes } => not_run(f, "deadline exceeded", nodes),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(failures) => failures.first().map(|failure| failure as _),
            _ => None,
        }
    }
}

/// A number of nodes in words.
struct Count(usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 node"),
            many => write!(f, "{many} nodes"),
        }
    }
}
