//! What an event in a lane is: a word that says which node, and what of it.

use super::outcome::{NodeOutcome, SkipReason};
use dgraph_core::NodeId;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A call that ended the node.
    Ended(NodeOutcome),
    /// A poll after which it waited.
    Waits,
    /// It doesn't begin.
    Skipped(SkipReason),
}

/// The kind and the node in one word; of those that are about another node as well, its number is apart.
#[inline]
pub(crate) fn pack(kind: Kind, node: NodeId) -> u64 {
    let code: u64 = match kind {
        Kind::Ended(NodeOutcome::Completed) => 0,
        Kind::Ended(NodeOutcome::Failed) => 1,
        Kind::Ended(NodeOutcome::Panicked) => 2,
        Kind::Ended(NodeOutcome::Interrupted) => 3,
        Kind::Waits => 4,
        Kind::Skipped(SkipReason::DependencyFailed { .. }) => 5,
        Kind::Skipped(SkipReason::Stopped) => 6,
        Kind::Skipped(SkipReason::NotNeeded) => 7,
        Kind::Skipped(SkipReason::UpToDate) => 8,
        Kind::Ended(NodeOutcome::EndedBranch) => 9,
        Kind::Skipped(SkipReason::NotChosen { .. }) => 10,
    };
    code << 32 | u64::from(node.get())
}

/// Undoes [`pack`]. `about` is the number that was apart.
/// A node that was skipped, and which one is to blame.
#[cfg(feature = "serde")]
pub(crate) fn pack_skipped(reason: SkipReason, node: NodeId) -> (u64, u32) {
    (pack(Kind::Skipped(reason), node), culprit(reason).map_or(0, NodeId::get))
}

/// Which node is to blame, if any is.
#[cfg(feature = "serde")]
pub(crate) fn culprit(reason: SkipReason) -> Option<NodeId> {
    match reason {
        SkipReason::DependencyFailed { culprit } | SkipReason::NotChosen { because_of: culprit } => {
            Some(culprit)
        }
        SkipReason::Stopped | SkipReason::NotNeeded | SkipReason::UpToDate => None,
    }
}

pub(crate) fn unpack(word: u64, about: u64) -> (Kind, NodeId) {
    let low = |word: u64| NodeId::new(u32::try_from(word & u64::from(u32::MAX)).expect("32 bits"));
    let kind = match word >> 32 {
        0 => Kind::Ended(NodeOutcome::Completed),
        1 => Kind::Ended(NodeOutcome::Failed),
        2 => Kind::Ended(NodeOutcome::Panicked),
        3 => Kind::Ended(NodeOutcome::Interrupted),
        4 => Kind::Waits,
        5 => Kind::Skipped(SkipReason::DependencyFailed { culprit: low(about) }),
        6 => Kind::Skipped(SkipReason::Stopped),
        7 => Kind::Skipped(SkipReason::NotNeeded),
        8 => Kind::Skipped(SkipReason::UpToDate),
        9 => Kind::Ended(NodeOutcome::EndedBranch),
        _ => Kind::Skipped(SkipReason::NotChosen { because_of: low(about) }),
    };
    (kind, low(word))
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::{Kind, pack, unpack};
    use crate::observe::{NodeOutcome, SkipReason};
    use dgraph_core::NodeId;

    #[test]
    fn there_and_back() {
        let culprit = NodeId::new(u32::MAX - 1);
        let kinds = [
            Kind::Ended(NodeOutcome::Completed),
            Kind::Ended(NodeOutcome::Failed),
            Kind::Ended(NodeOutcome::Panicked),
            Kind::Ended(NodeOutcome::Interrupted),
            Kind::Waits,
            Kind::Skipped(SkipReason::DependencyFailed { culprit }),
            Kind::Skipped(SkipReason::Stopped),
            Kind::Skipped(SkipReason::NotNeeded),
            Kind::Skipped(SkipReason::UpToDate),
            Kind::Ended(NodeOutcome::EndedBranch),
            Kind::Skipped(SkipReason::NotChosen { because_of: culprit }),
        ];
        for (kind, node) in kinds.into_iter().zip([0, 1, u32::MAX - 1].into_iter().cycle()) {
            let node = NodeId::new(node);
            assert_eq!(unpack(pack(kind, node), culprit.get().into()), (kind, node));
        }
    }
}
