//! Which executor.

use std::ptr;

/// The address of what an executor's threads share. It says which executor it is as long as that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExecutorId(usize);

impl ExecutorId {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of<T>(shared: &T) -> Self {
        Self(ptr::from_ref(shared).addr())
    }
}
