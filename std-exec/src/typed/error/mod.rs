//! What can go wrong, in words.

pub(super) mod absent;
pub(super) mod definition;
pub(super) mod failure;
pub(super) mod run_error;
