//! Why a run can't start, or has no memory.

use crate::NodeId;
use core::fmt;

/// A run of this graph goes on, so another can't start.
///
/// # Examples
///
/// ```
/// use dgraph_core::{StaticDag, StaticRun, StillRunning, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// RUN.start().unwrap();
/// assert_eq!(RUN.start(), Err(StillRunning));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillRunning;

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a run of this graph goes on")
    }
}

impl core::error::Error for StillRunning {}

/// Why memory doesn't do for the runs of a graph.
///
/// # Examples
///
/// ```
/// use dgraph_core::sync::{AtomicU32, AtomicUsize};
/// use dgraph_core::{Run, RunMemoryError, StaticDag};
/// let dag: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// let mut words = [AtomicU32::new(0)];
/// let error = Run::in_memory(dag.view(), &mut words, &mut [AtomicUsize::new(0)]).unwrap_err();
/// assert_eq!(error, RunMemoryError::TooShort { slice: "words", needed: 2, given: 1 });
/// assert_eq!(error.to_string(), "words has 1 elements, but 2 are needed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunMemoryError {
    /// A slice that the caller passed is too short.
    TooShort {
        /// The argument.
        slice: &'static str,
        /// The length that it must have at least.
        needed: usize,
        /// The length that it has.
        given: usize,
    },
    /// 2³⁰ edges or more lead to a node.
    InDegree {
        /// The node.
        node: NodeId,
    },
}

impl fmt::Display for RunMemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { slice, needed, given } => {
                write!(f, "{slice} has {given} elements, but {needed} are needed")
            }
            Self::InDegree { node } => write!(f, "2^30 edges or more lead to node {node}"),
        }
    }
}

impl core::error::Error for RunMemoryError {}
