//! Which executor.

use crate::sync::next_number;

/// A number that no other executor of the process has or had. (An address may be another one's later.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExecutorId(u64);

impl ExecutorId {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn new() -> Self {
        Self(next_number())
    }
}
