//! What can go wrong, in words.

pub(super) mod end_branch;
pub(super) mod failure;
pub(super) mod graph_error;
pub(super) mod no_result;
pub(super) mod panicked;
pub(super) mod run_error;
pub(super) mod stop_reason;
pub(super) mod stopped;
