//! What somebody wants to know about a run: its observer, and its graph's durations.

use super::measured::Measured;
use super::status::{Outcome, State, Statuses};
use crate::observe::{NodeInfo, NodeOutcome, Observer, Parent, RunInfo, RunOutcome, SkipReason, tell};
use crate::pool::context;
use dgraph_core::NodeId;
use std::mem;
use std::sync::Arc;

/// What is known of a run that is watched from its beginning on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watching {
    /// The run's number.
    pub(crate) number: u64,
    /// When it began, in ticks of the clock.
    pub(crate) began: u64,
    /// How many nodes are to run.
    pub(crate) to_run: usize,
    /// How many threads take part at the most.
    pub(crate) threads: usize,
}

/// Who is told what a run does.
pub(crate) struct Watch<'r> {
    pub(crate) watching: Watching,
    pub(crate) run: RunInfo<'r>,
    pub(crate) observer: Option<&'r dyn Observer>,
    /// Where durations are recorded, if they are measured.
    pub(crate) measured: Option<&'r Measured>,
    pub(crate) statuses: &'r Statuses,
}

impl Watch<'_> {
    /// `node` is about to be called or, if it `resumes`, polled again. That it ends there, is for the result.
    pub(crate) fn begin(&self, node: u32, resumes: bool) -> Watched<'_> {
        let node = NodeInfo::new(&self.run, NodeId::new(node), context::worker_anywhere());
        if let (Some(measured), false) = (self.measured, resumes) {
            measured.begin(node.id(), node.now.saturating_sub(self.watching.began));
        }
        tell(self.observer, |observer| {
            if resumes {
                observer.node_resumes(&node);
            } else {
                observer.node_begins(&node);
            }
        });
        Watched { watch: self, node }
    }

    /// `node`, which waited, will not be polled again: its status says why.
    pub(crate) fn ends_waiting(&self, node: u32) {
        let outcome = match self.statuses.get(node).state() {
            State::Panicked => NodeOutcome::Panicked,
            _ => NodeOutcome::Interrupted,
        };
        let node = NodeInfo::new(&self.run, NodeId::new(node), context::worker_anywhere());
        self.end(&node, outcome);
    }

    fn end(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        if let Some(measured) = self.measured {
            match outcome {
                NodeOutcome::Completed | NodeOutcome::Failed | NodeOutcome::EndedBranch => {
                    measured.end(node.id(), node.now.saturating_sub(self.watching.began));
                }
                _ => measured.forget(node.id()),
            }
        }
        tell(self.observer, |observer| observer.node_ends(node, outcome));
    }

    /// `node` will not begin, for the reason that its status says, if that is one.
    pub(crate) fn skipped(&self, node: u32) {
        let reason = match self.statuses.get(node).state() {
            State::Skipped { culprit } => SkipReason::DependencyFailed { culprit: NodeId::new(culprit) },
            State::NotChosen { culprit } => SkipReason::NotChosen { because_of: NodeId::new(culprit) },
            State::NotRun => SkipReason::Stopped,
            _ => return,
        };
        self.does_not_begin(node, reason);
    }

    /// `node` isn't one of those that are to run.
    pub(crate) fn idle(&self, node: u32) {
        let not_needed = self.statuses.get(node).state() == State::NotNeeded;
        self.does_not_begin(node, if not_needed { SkipReason::NotNeeded } else { SkipReason::UpToDate });
    }

    fn does_not_begin(&self, node: u32, reason: SkipReason) {
        let node = NodeInfo::new(&self.run, NodeId::new(node), context::worker_anywhere());
        tell(self.observer, |observer| observer.node_skipped(&node, reason));
    }

    /// The run begins.
    pub(crate) fn run_begins(&self) {
        tell(self.observer, |observer| observer.run_begins(&self.run));
    }

    /// The run is over.
    pub(crate) fn run_ends(&self, outcome: RunOutcome) {
        tell(self.observer, |observer| observer.run_ends(&self.run, outcome));
    }

    /// What the run of a graph that is `node` is told of where it is.
    pub(crate) fn parent_of(&self, node: u32) -> Option<Arc<Parent>> {
        self.observer.map(|_| Arc::new(Parent::new(&self.run, NodeId::new(node))))
    }
}

/// A node that is being called or polled. If that panics, it says so when it is dropped.
#[must_use]
pub(crate) struct Watched<'w> {
    watch: &'w Watch<'w>,
    node: NodeInfo<'w>,
}

impl Watched<'_> {
    /// It has come to this.
    pub(crate) fn end(self, came_to: Outcome) {
        let (watch, node) = (self.watch, self.node.later());
        mem::forget(self);
        let outcome = match came_to {
            Outcome::Pending(_) | Outcome::Again(_) => {
                return tell(watch.observer, |observer| observer.node_waits(&node));
            }
            Outcome::Value => NodeOutcome::Completed,
            Outcome::Nothing(_) => match watch.statuses.get(node.id().get()).state() {
                State::Interrupted => NodeOutcome::Interrupted,
                State::EndedBranch => NodeOutcome::EndedBranch,
                _ => NodeOutcome::Failed,
            },
        };
        watch.end(&node, outcome);
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.end(&self.node.later(), NodeOutcome::Panicked);
    }
}
