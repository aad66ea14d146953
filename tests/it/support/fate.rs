//! What becomes of a node, for naive oracles of random graphs.

use dgraph_exec::NoResult;

/// What becomes of a node in a run that nothing stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Value(u64),
    Failed,
    Ended,
    Skipped,
    NotChosen,
}

impl Fate {
    /// What a node makes of it that is told it.
    pub(crate) fn told(self) -> u64 {
        match self {
            Self::Value(value) => value,
            Self::Failed => 11,
            Self::Ended => 12,
            Self::Skipped => 13,
            Self::NotChosen => 14,
        }
    }

    /// `None` if a graph that has this of the node doesn't say: it was stopped, or the result is gone, or
    /// wasn't asked for.
    pub(crate) fn of(result: &Result<u64, NoResult>) -> Option<Self> {
        Some(match result {
            Ok(value) => Self::Value(*value),
            Err(NoResult::Failed) => Self::Failed,
            Err(NoResult::EndedBranch) => Self::Ended,
            Err(NoResult::Skipped { .. }) => Self::Skipped,
            Err(NoResult::NotChosen { .. }) => Self::NotChosen,
            Err(_) => return None,
        })
    }
}
