//! What the nodes of the plan do.

use super::limits::Under;
use super::nodes::{Counted, Shared};
use super::states::{Given, Present};
use crate::plan::{Pause, Place, Role};
use crate::wakes::{elsewhere, linger, yields};
use crate::{PLANNED, raw, work};
use dgraph_exec::{EndBranch, NoResult, Outcomes, Values};
use std::error::Error;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

/// What a node fails with, or ends its branch.
pub(super) type NodeFailure = Box<dyn Error + Send + Sync>;

/// A node that has started.
pub(super) struct Body {
    shared: Arc<Shared>,
    node: usize,
    number: u64,
    _under: Option<Under>,
    _present: Present,
}

impl Body {
    /// Of a node that is fed these numbers.
    pub(super) fn of(shared: &Arc<Shared>, node: usize, fed: &mut dyn Iterator<Item = u64>) -> Self {
        shared.current.read().expect("nobody panics while writing").stamps.start(node);
        shared.neighbours.lock().expect("no panic").drain(..).for_each(|gate| gate.open());
        let _under = Some(Under::new(shared, &shared.own, node));
        let _present = Present::new(shared, node);
        Self { shared: Arc::clone(shared), node, number: shared.plan.number(node, fed), _under, _present }
    }

    /// Of a node that is fed these, and told of those.
    pub(super) fn new(
        shared: &Arc<Shared>,
        node: usize,
        fed: Values<'_, Counted>,
        told: Outcomes<'_, Counted>,
    ) -> Self {
        let told = told.map(|outcome| told_of(outcome));
        Self::of(shared, node, &mut fed.iter().map(|fed| fed.number).chain(told))
    }

    /// This body, without looking whether its limits are kept: others see to them.
    pub(super) fn without_limits(self) -> Self {
        Self { _under: None, ..self }
    }

    /// Uses the states that the node was given, and does what it does.
    pub(super) fn run_at(self, given: [Given<'_>; 2]) -> Result<Counted, NodeFailure> {
        let uses = &self.shared.plan.nodes[self.node].uses;
        given.into_iter().zip(uses).for_each(|(given, &(state, _))| given.touch(&self.shared, state));
        self.run()
    }

    /// Waits, holding the states that the node was given, and does what it does.
    pub(super) async fn wait_at(self, mut given: [Given<'_>; 2]) -> Result<Counted, NodeFailure> {
        let shared = Arc::clone(&self.shared);
        let uses = &shared.plan.nodes[self.node].uses;
        given.iter_mut().zip(uses).for_each(|(given, &(state, _))| given.check(&shared, state));
        self.pause().await;
        given.into_iter().zip(uses).for_each(|(given, &(state, _))| given.touch(&shared, state));
        self.run()
    }

    /// Waits, and does what the node does.
    pub(super) async fn wait(self) -> Result<Counted, NodeFailure> {
        self.pause().await;
        self.run()
    }

    async fn pause(&self) {
        let shared = Arc::clone(&self.shared);
        match shared.plan.nodes[self.node].pause {
            Some(Pause::Yields(times)) => yields(times).await,
            Some(Pause::Elsewhere(times)) => {
                for _ in 0..times {
                    elsewhere(|_| {}).await;
                    self.check_place();
                }
            }
            Some(Pause::Lingers) => {
                linger().await;
                elsewhere(|_| {}).await;
            }
            Some(Pause::Neighbour) => {
                elsewhere(|gate| shared.neighbours.lock().expect("no panic").push(Arc::clone(gate))).await;
            }
            None => unreachable!("an ordinary node"),
        }
    }

    pub(super) fn run(self) -> Result<Counted, NodeFailure> {
        self.check_place();
        let shared = &self.shared;
        let current = shared.current.read().expect("nobody panics while writing");
        if shared.plan.nodes[self.node].slow {
            work();
        }
        match shared.plan.role(self.node) {
            Role::Fails => return Err(PLANNED.into()),
            Role::Panics => resume_unwind(Box::new(PLANNED)),
            Role::Cancels => current.token.cancel(),
            Role::Nests => {
                if let Some(executor) = current.way.as_ref().and_then(|way| way.on.executor()) {
                    raw::nested(|dag, body| executor.run(dag, body));
                }
            }
            Role::Ends => {
                current.stamps.end(self.node);
                return Err(EndBranch.into());
            }
            Role::Gives | Role::GivesNothing | Role::ReadsInput | Role::Repeats => {}
        }
        current.stamps.end(self.node);
        Ok(Counted::new(self.number, shared))
    }

    /// Whether it is on the thread that it is bound to.
    fn check_place(&self) {
        let shared = &self.shared;
        let current = shared.current.read().expect("nobody panics while writing");
        let shared_run = current.way.as_ref().is_some_and(|way| way.on.is_shared());
        let here = thread::current();
        match shared.plan.nodes[self.node].demand.place {
            Some(Place::Caller) => assert_eq!(here.id(), current.caller, "it is bound to the caller"),
            Some(Place::Worker) if shared_run => {
                assert_eq!(here.name(), Some("dgraph-0"), "it is bound to a worker");
            }
            _ => {}
        }
    }
}

/// What a node makes of it that is told it: as [`Fate::told`](crate::oracle::Fate::told).
pub(super) fn told_of(outcome: Result<&Counted, NoResult>) -> u64 {
    match outcome {
        Ok(value) => value.number,
        Err(NoResult::Failed) => 101,
        Err(NoResult::Panicked) => 102,
        Err(NoResult::EndedBranch) => 103,
        Err(NoResult::Skipped { .. }) => 104,
        Err(NoResult::NotChosen { .. }) => 105,
        Err(NoResult::NotRun | NoResult::Interrupted) => 106,
        Err(why) => panic!("a node is told: {why}"),
    }
}
