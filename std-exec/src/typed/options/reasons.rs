//! For which reasons a run is drained.

use crate::typed::error::stop_reason::StopReason;

/// The reasons to stop for which a run is drained: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draining(u8);

impl Draining {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn with(self, reason: StopReason) -> Self {
        Self(self.0 | Self::bit(reason))
    }

    pub(crate) fn on(self, reason: StopReason) -> bool {
        self.0 & Self::bit(reason) != 0
    }

    fn bit(reason: StopReason) -> u8 {
        1 << reason as u8
    }
}
