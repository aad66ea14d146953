//! Why a node has no result, in words that outlast the run.

use super::status::State;
use crate::typed::error::no_result::NoResult;
use crate::typed::handle::names::Names;

impl State {
    /// Why there is no result. `None` if there is one.
    pub(crate) fn absent(self, names: &Names) -> Option<NoResult> {
        Some(match self {
            Self::Value => return None,
            Self::NotRun => NoResult::NotRun,
            Self::Interrupted => NoResult::Interrupted,
            Self::Failed => NoResult::Failed,
            Self::Panicked => NoResult::Panicked,
            Self::EndedBranch => NoResult::EndedBranch,
            Self::NotChosen { culprit } => NoResult::NotChosen { because_of: names.named(culprit) },
            Self::Skipped { culprit } => NoResult::Skipped { because_of: names.named(culprit) },
            Self::Moved { taker } => NoResult::Moved { into: names.named(taker) },
            Self::Taken => NoResult::Taken,
            Self::Dropped => NoResult::Dropped,
            Self::NotNeeded => NoResult::NotNeeded,
            Self::Unset => NoResult::Unset,
        })
    }
}
