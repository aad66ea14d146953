//! What a run takes down of its nodes, and what it makes of those that give no value.

use super::course::execute;
use super::graph::Graph;
use super::names::NamedNode;
use super::options::{FailurePolicy, RunOptions};
use super::results::Results;
use super::run::Run;
use super::standing::{CANCELLED, EXPIRED, STOP, TROUBLE};
use super::status::{NoValue, Outcome, Status};
use super::task::Ran;
use crate::run_error::RunError;
use crate::sync::lock;
use std::error::Error;
use std::mem;

impl Run<'_> {
    /// Runs `node` by way of `call`, and takes down what has come of it, also if it panics. But not that it has given a value, if
    /// it is to be left unmarked: see `rows.rs`.
    #[inline(always)]
    pub(super) fn attempt(&self, node: u32, unmarked: bool, call: impl FnOnce() -> Outcome) -> Outcome {
        let panicking = Panicking { run: self, node };
        let outcome = call();
        mem::forget(panicking);
        match outcome {
            Outcome::Value if unmarked => {}
            Outcome::Value => self.states.set_value(node),
            Outcome::Nothing(why) => debug_assert_eq!(why.node(), node, "the status of another node"),
            Outcome::Pending(_) | Outcome::Again => self.store.statuses.set(node, Status::PENDING),
        }
        outcome
    }

    /// As [`attempt`](Self::attempt), for a node by itself.
    pub(super) fn attempt_alone(&self, node: u32, call: impl FnOnce() -> Outcome) -> Ran {
        Ran { outcome: self.attempt(node, false, call), last: node, seized: false }
    }

    /// Whether nodes of rows are left unmarked. Not if results may go before the run is over, nor if some nodes aren't to run.
    #[inline]
    pub(super) fn leaves_unmarked(&self) -> bool {
        self.leaves_unmarked
    }

    /// The result of `node` now belongs to `taker`.
    #[inline]
    pub(super) fn moved(&self, node: u32, taker: u32) {
        self.store.statuses.set(node, Status::moved(taker));
    }

    /// `node` has given an error.
    #[cold]
    pub(super) fn failed(&self, node: u32, error: Box<dyn Error + Send + Sync>) -> NoValue {
        self.failed_inside(node, None, error)
    }

    /// `node`, or a node of the graph that it is, has given an error.
    #[cold]
    fn failed_inside(
        &self,
        node: u32,
        inside: Option<NamedNode>,
        error: Box<dyn Error + Send + Sync>,
    ) -> NoValue {
        let failed = self.store.statuses.without_value(node, Status::FAILED);
        let stop = if self.options.policy == FailurePolicy::FailFast { STOP } else { 0 };
        self.raise(TROUBLE | stop);
        lock(&self.failures).push(node, inside, error);
        failed
    }

    /// The choices for a graph that is a node of this one.
    pub(super) fn inherited(&self) -> RunOptions {
        self.options.inherited()
    }

    /// Runs `graph`, which is a node of this one, in the same way.
    pub(super) fn nested<'g>(&self, graph: &'g mut Graph<'_>) -> Result<Results<'g>, RunError> {
        execute(graph.body_mut(), self.executor, &self.inherited())?;
        Ok(graph.results())
    }

    /// `node` panics.
    #[cold]
    #[inline(never)]
    fn panicked(&self, node: u32) {
        self.store.statuses.set(node, Status::PANICKED);
        if self.began.is_some() {
            self.measured.forget(node);
        }
        self.raise(TROUBLE | STOP);
    }

    /// The graph that is `node` ended with `error`.
    #[cold]
    pub(super) fn nested_failed(&self, node: u32, error: RunError) -> NoValue {
        let stop = error.stop();
        // Before the signal, and before the node is complete: whoever breaks in may look at it at any moment after that.
        let status = match error {
            RunError::Failed(failures) => {
                for failure in failures {
                    let (inside, error) = failure.into_parts();
                    let _ = self.failed_inside(node, Some(inside), error);
                }
                Status::FAILED
            }
            RunError::Cancelled { .. } | RunError::DeadlineExceeded { .. } => Status::INTERRUPTED,
            error => {
                let _ = self.failed(node, error.into());
                Status::FAILED
            }
        };
        let ended = self.store.statuses.without_value(node, status);
        if stop.cancelled {
            self.raise(STOP | CANCELLED);
        }
        if stop.late {
            self.raise(STOP | EXPIRED);
        }
        ended
    }
}

/// Takes down that a node panics. Costs nothing if it doesn't.
struct Panicking<'r> {
    run: &'r Run<'r>,
    node: u32,
}

impl Drop for Panicking<'_> {
    /// Passes on what is in registers: a guard that is lent to a function has to lie in memory, two stores a node.
    #[inline(always)]
    fn drop(&mut self) {
        self.run.panicked(self.node);
    }
}
