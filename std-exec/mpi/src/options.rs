//! How a run over ranks is to go.

use crate::exec::{CancelToken, FailurePolicy};
use crate::sync::Number;
use std::sync::Arc;
use std::time::Instant;

/// Choices for one run of a [`DistributedGraph`](crate::DistributedGraph), on one rank. They need not be the
/// same on all ranks.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{FailurePolicy, RankOptions};
/// let options = RankOptions::new().policy(FailurePolicy::KeepGoing);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RankOptions {
    pub(crate) policy: FailurePolicy,
    pub(crate) token: Option<CancelToken>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) progress: Option<Progress>,
}

impl RankOptions {
    /// Stops at the first failure.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happens to the other nodes, of all ranks, when a node of this rank has failed. Default:
    /// [`FailFast`](FailurePolicy::FailFast), no further node starts on any rank, as soon as it has got to
    /// know.
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Stops the run, on all ranks, once `token` is cancelled, which is looked at after each node.
    pub fn cancel_token(mut self, token: &CancelToken) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// Stops the run, on all ranks, from this moment on.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Has `progress` say how far the run has come. For it to know of all ranks, all have to have one; rank
    /// 0's does.
    pub fn progress(mut self, progress: &Progress) -> Self {
        self.progress = Some(progress.clone());
        self
    }
}

/// How many nodes have ended in a run, on all ranks together, as far as rank 0 knows: some 20 times a second
/// it is told.
///
/// To be read by another thread, which shows it. Clones are the same. On other ranks it stays at 0.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Number>);

impl Progress {
    /// Nothing is done yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes have ended.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.get()
    }

    pub(crate) fn set(&self, done: u64) {
        self.0.set(done);
    }
}
