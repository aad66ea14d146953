//! The state of a run: what was signalled, and what went wrong.

use super::errors::Errors;
use super::watch::Watching;

/// Some node has no result: dependents have to look.
pub(crate) const TROUBLE: usize = 1;
/// No further node is started.
pub(crate) const STOP: usize = 2;
/// A node failed: no further node is started but those that [last](super::lasting). Others are polled only if
/// the run is [drained](crate::RunOptions::drain) then.
pub(crate) const FAILED: usize = 128;
/// No further node is started; those under way are polled to their end.
pub(crate) const DRAIN: usize = 256;
/// There is a token or a deadline: every node looks.
pub(crate) const CHECK: usize = 4;
/// Not all nodes are to run: those that are have the status `NOT_RUN`.
pub(crate) const PARTIAL: usize = 8;
/// Why the run was stopped, if not by a failure.
pub(crate) const CANCELLED: usize = 16;
pub(crate) const EXPIRED: usize = 32;
/// There is an observer, or durations are measured.
pub(crate) const WATCHED: usize = 64;

/// Panics are caught node by node.
pub(crate) const GUARDED: usize = 512;
/// Why the run was stopped: a node has panicked.
pub(crate) const PANICKED: usize = 1024;
/// The graph is a node, and drained if need be: every node looks whether the run around it has stopped.
pub(crate) const WITHIN: usize = 2048;
/// Some results are dropped early: every node says when it is complete.
pub(crate) const EARLY: usize = 4096;

/// Nodes are under limits that graphs share: they take permits before they start.
pub(crate) const LIMITED: usize = 8192;
/// The run is an update that may stop where results are equal to the last ones: nodes are decided about.
pub(crate) const CUTOFF: usize = 16384;

/// How far a run has come, while it isn't going on.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) signal: usize,
    pub(crate) failures: Errors,
    /// If it is watched.
    pub(crate) watching: Option<Watching>,
}

impl Standing {
    /// Whether not all nodes have been started, or polled to their end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.signal & (STOP | FAILED) != 0
    }
}
