//! The state of a run: what was signalled, and what went wrong.

use super::errors::Errors;
use std::time::Instant;

/// Some node has no result: dependents have to look.
pub(crate) const TROUBLE: usize = 1;
/// No further node is started.
pub(crate) const STOP: usize = 2;
/// There is a token or a deadline: every node looks.
pub(crate) const CHECK: usize = 4;
/// Not all nodes are to run: those that are have the status `NOT_RUN`.
pub(crate) const PARTIAL: usize = 8;
/// Why the run was stopped, if not by a failure.
pub(crate) const CANCELLED: usize = 16;
pub(crate) const EXPIRED: usize = 32;
/// Durations are measured.
pub(crate) const MEASURE: usize = 64;

/// How far a run has come, while it isn't going on.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) signal: usize,
    pub(crate) failures: Errors,
    pub(crate) began: Option<Instant>,
}

impl Standing {
    /// Whether not all nodes have been started, or polled to their end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.signal & STOP != 0
    }
}
