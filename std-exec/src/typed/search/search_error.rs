//! Why a search has come to no result.

use std::error::Error;
use std::fmt;

/// Why [`find_missing_edge`](crate::find_missing_edge) can't say whether an edge is missing.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{SearchError, find_missing_edge};
/// let error = find_missing_edge(0..200, |_| true).unwrap_err();
/// assert_eq!(error, SearchError::NothingRan);
/// assert_eq!(error.to_string(), "the check has run no graph with the options that it was given");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchError {
    /// The check has run no graph with its options, or that graph had something else to say before its first
    /// node, such as inputs that aren't set.
    NothingRan,
    /// The check doesn't run the same graph each time: other nodes, or other edges.
    GraphChanged,
    /// The check fails whatever the order.
    AlwaysFails {
        /// So many orders were tried.
        runs: usize,
    },
    /// The same order passes and fails. So the check depends on something else: on time, on what an earlier
    /// run has left, on other threads, on the order within a graph that is a node.
    NotReproducible {
        /// The seed with which it failed.
        seed: u64,
    },
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRan => f.write_str("the check has run no graph with the options that it was given"),
            Self::GraphChanged => f.write_str("the check doesn't run the same graph each time"),
            Self::AlwaysFails { runs } => write!(f, "the check fails in whatever order ({runs} runs)"),
            Self::NotReproducible { seed } => {
                write!(f, "the check fails with seed {seed}, but not because of the order alone")
            }
        }
    }
}

impl Error for SearchError {}
