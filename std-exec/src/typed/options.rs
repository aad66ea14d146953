//! How a run of a typed graph is to go.

use super::cancel::CancelToken;
use super::handle::AnyNode;
use std::time::Instant;

/// What happens to the other nodes when one has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailurePolicy {
    /// No further node is started.
    #[default]
    FailFast,
    /// Only the nodes that depend on it, directly or not, are skipped.
    KeepGoing,
}

/// Choices for one run of a typed [`Graph`](crate::Graph).
///
/// ```
/// use dgraph_exec::{CancelToken, FailurePolicy, GraphBuilder, RunError, RunOptions};
///
/// let token = CancelToken::new();
/// let mut graph = GraphBuilder::new();
/// let stop = graph.node("stop", (), || token.cancel());
/// graph.node("never", (stop,), |_: &()| ());
/// let mut graph = graph.build()?;
///
/// let options = RunOptions::new().policy(FailurePolicy::KeepGoing).cancel_token(&token);
/// let error = graph.run_with(&options).unwrap_err();
/// assert_eq!(error.to_string(), "cancelled, 1 node did not run: never");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RunOptions {
    pub(super) policy: FailurePolicy,
    pub(super) token: Option<CancelToken>,
    pub(super) deadline: Option<Instant>,
    pub(super) catch_panics: bool,
    pub(super) targets: Option<Vec<AnyNode>>,
    pub(super) update: bool,
    pub(super) measure: bool,
}

impl RunOptions {
    /// Runs every node, stops at the first failure, passes panics on.
    pub const fn new() -> Self {
        Self {
            policy: FailurePolicy::FailFast,
            token: None,
            deadline: None,
            catch_panics: false,
            targets: None,
            update: false,
            measure: false,
        }
    }

    /// What happens to the other nodes when one has failed. Default: [`FailurePolicy::FailFast`].
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Starts no node any more once `token` is cancelled.
    pub fn cancel_token(mut self, token: &CancelToken) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// Starts no node any more from this moment on. Nodes under way end. The clock is read before each node and before a future
    /// that was woken is polled; a run in which all futures wait isn't woken by its deadline.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Makes a panic an error, [`RunError::Panicked`](crate::RunError::Panicked), instead of resuming it on the caller.
    pub fn catch_panics(mut self) -> Self {
        self.catch_panics = true;
        self
    }

    /// Runs only these nodes and those that they depend on, directly or not. The others have no result afterwards.
    pub fn only<N: Into<AnyNode>>(mut self, targets: impl IntoIterator<Item = N>) -> Self {
        self.targets = Some(targets.into_iter().map(Into::into).collect());
        self
    }

    /// Keeps what is up to date from earlier runs. Runs only
    ///
    /// - nodes that depend, directly or not, on inputs that were set since the last run;
    /// - nodes that have not run to an end: never run, failed, panicked, skipped or not needed;
    /// - nodes whose result is gone, moved or taken, if one that runs needs it.
    ///
    /// Together with [`only`](Self::only): of these, those that the targets need. The others keep their results if
    /// these are up to date.
    pub fn update(mut self) -> Self {
        self.update = true;
        self
    }

    /// Measures how long each node takes, for [`Graph::prioritise_by_measured`](crate::Graph::prioritise_by_measured). The
    /// clock is read before and after each node.
    pub fn measure(mut self) -> Self {
        self.measure = true;
        self
    }

    pub(super) fn is_partial(&self) -> bool {
        self.update || self.targets.is_some()
    }

    /// The choices that a run nested in this one inherits.
    pub(super) fn inherited(&self) -> Self {
        Self { policy: self.policy, token: self.token.clone(), deadline: self.deadline, ..Self::new() }
    }
}
