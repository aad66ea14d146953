//! Limits that runs share: permits that nodes of any graphs wait for. See `typed/README.md`.

pub(super) mod limit;
pub(super) mod limited;
pub(super) mod permits;
pub(super) mod shared_limit;
pub(super) mod source;
