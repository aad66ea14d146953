//! Why a node has no result.

use crate::typed::handle::names::NamedNode;
use std::fmt;

/// Why a node has no result.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{NoResult, GraphBuilder};
///
/// let mut graph = GraphBuilder::new();
/// let text = graph.node("text", (), || "4x");
/// let number = graph.try_node("number", (text,), |text: &&str| text.parse::<i32>());
/// let double = graph.node("double", (number,), |number: &i32| number * 2);
/// let mut graph = graph.build()?;
/// graph.run().unwrap_err();
///
/// let results = graph.results();
/// assert_eq!(results.get(text), Ok(&"4x"));
/// assert_eq!(results.get(number), Err(NoResult::Failed));
/// match results.get(double) {
///     Err(NoResult::Skipped { because_of }) => assert_eq!(because_of.name(), "number"),
///     other => panic!("it can't have run: {other:?}"),
/// }
/// assert_eq!(results.get(double).unwrap_err().to_string(), "was skipped because of number");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoResult {
    /// The node did not run: there was no run yet, or the run ended before.
    NotRun,
    /// The node was under way when the run was stopped, by a failure, a panic, a cancel or a deadline, and
    /// was cut off: a future that was dropped half way, a graph of which not all nodes ran, or a
    /// [loop](crate::Stopped) that had to stop.
    Interrupted,
    /// The node failed.
    Failed,
    /// The node panicked.
    Panicked,
    /// The node was skipped, because another one that it depends on, directly or not, failed or panicked.
    Skipped {
        /// The node that failed or panicked.
        because_of: NamedNode,
    },
    /// The node ended its branch: it gave an [`EndBranch`](crate::EndBranch), which is no failure.
    EndedBranch,
    /// The node was not chosen: a [condition](crate::GraphBuilder::only_if) said so, or another node that it
    /// depends on, directly or not, [ended its branch](crate::EndBranch). That is no failure.
    NotChosen {
        /// The condition, or the node that ended its branch.
        because_of: NamedNode,
    },
    /// The result was moved into the only dependent of the node.
    Moved {
        /// The dependent.
        into: NamedNode,
    },
    /// The result was dropped after its last user, as it was [to be](crate::GraphBuilder::drop_early).
    Dropped,
    /// The caller has taken the result.
    Taken,
    /// The targets of the last run don't depend on the node.
    NotNeeded,
    /// The node is an input that was never set.
    Unset,
    /// The handle is another graph's.
    ForeignHandle,
}

impl fmt::Display for NoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRun => f.write_str("did not run"),
            Self::Interrupted => f.write_str("was interrupted"),
            Self::Failed => f.write_str("failed"),
            Self::Panicked => f.write_str("panicked"),
            Self::Skipped { because_of } => write!(f, "was skipped because of {because_of}"),
            Self::EndedBranch => f.write_str("ended its branch"),
            Self::NotChosen { because_of } => write!(f, "was not chosen because of {because_of}"),
            Self::Moved { into } => write!(f, "was moved into {into}"),
            Self::Dropped => f.write_str("was dropped after its last user"),
            Self::Taken => f.write_str("was taken"),
            Self::NotNeeded => f.write_str("was not needed"),
            Self::Unset => f.write_str("is an input that was not set"),
            Self::ForeignHandle => f.write_str("belongs to another graph"),
        }
    }
}

impl fmt::Debug for NoResult {
    /// The message: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NoResult {}
