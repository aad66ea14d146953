//! What nodes have come to, and how a run has ended, against the oracle.

use super::nodes::{Built, Handles, Shared};
use crate::PLANNED;
use crate::oracle::{self, Fate};
use crate::plan::{How, Kind, Mode, Plan, Role, Way};
use dgraph_exec::{Graph, NoResult, RunError};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

/// A run, and what it should come to.
pub(super) struct Case<'c> {
    pub(super) plan: &'c Plan,
    pub(super) way: &'c Way,
    pub(super) fates: &'c [Fate],
    pub(super) needed: &'c [bool],
    /// It was ended from outside, or its owner was dropped.
    pub(super) ended_early: bool,
    pub(super) well: bool,
    /// Some node may have been left out by this run or one before it.
    pub(super) partial: bool,
}

impl Case<'_> {
    /// Whether there is only one way in which the run can end.
    pub(super) fn is_certain(&self) -> bool {
        !self.ended_early && oracle::is_certain(self.plan, self.way, self.needed, self.fates)
    }

    /// Whether the owner of the run was dropped.
    fn ended_from_outside(&self) -> bool {
        self.ended_early && !matches!(self.way.how, How::Cancels(_))
    }

    /// What each node has come to is what the oracle says; or it did not run, where that is possible.
    pub(super) fn check_nodes(&self, graph: &Graph<'_>, handles: &Handles) {
        let &Self { plan, way, fates, needed, well, partial, .. } = self;
        let (results, certain, lasting) = (graph.results(), self.is_certain(), oracle::lasting(plan));
        // What lasts runs all the same if nothing but failures can stop the run.
        let only_fails = !self.ended_early && oracle::only_fails(plan, way, needed, fates);
        let may_cut_off = oracle::may_cut_off(plan, way, fates);
        // Who is told of a node that may not have run, may give another value.
        let may_differ = !certain && plan.any(|kind| kind == Kind::Outcome);
        for (node, &handle) in handles.nodes.iter().enumerate() {
            let (fate, is_needed, result) = (&fates[node], needed[node], results.get(handle));
            let right = match &result {
                Ok(value) => {
                    matches!(fate, Fate::Value(number) if *number == value.number || may_differ)
                        && (is_needed || way.update)
                }
                Err(NoResult::Moved { into }) => {
                    matches!(fate, Fate::Value(_)) && plan.taker(node) == Some(handles.number(into.id()))
                }
                Err(NoResult::Dropped) => matches!(fate, Fate::Value(_)) && plan.goes_early(node),
                Err(NoResult::Failed) => *fate == Fate::Failed && is_needed,
                Err(NoResult::Panicked) => *fate == Fate::Panicked && is_needed,
                Err(NoResult::EndedBranch) => *fate == Fate::Ended && (is_needed || way.update),
                Err(NoResult::Skipped { because_of }) => {
                    let culprit = handles.number(because_of.id());
                    matches!(fate, Fate::Skipped(culprits) if culprits.contains(&culprit)) && is_needed
                }
                Err(NoResult::NotChosen { because_of }) => {
                    let ender = handles.number(because_of.id());
                    matches!(fate, Fate::NotChosen(enders) if enders.contains(&ender))
                        && (is_needed || way.update)
                }
                // A graph that repeats ends between two rounds also if it is drained.
                Err(NoResult::Interrupted)
                    if !self.ended_from_outside() && plan.role(node) != Role::Repeats && !may_cut_off =>
                {
                    false
                }
                Err(NoResult::NotRun | NoResult::Interrupted) => {
                    !certain && !well && is_needed && !(only_fails && lasting[node])
                }
                Err(NoResult::NotNeeded) => !is_needed && partial,
                Err(_) => false,
            };
            let result = result.as_ref().map(|value| value.number);
            assert!(right, "node {node} is {result:?}, should be {fate:?}");
            if !(certain && is_needed && matches!(fate, Fate::Value(_))) {
                continue;
            }
            // Its taker has run, so it is gone; or it was made again in an update, and its taker stays.
            let may_stay = way.update && plan.nodes.iter().any(|node| node.cutoff);
            if plan.taker(node).is_some_and(|taker| needed[taker] && fates[taker].starts()) {
                let moved = matches!(result, Err(NoResult::Moved { .. }));
                assert!(moved || may_stay && result.is_ok(), "node {node} was not moved");
            } else if plan.goes_early(node)
                && plan.taker(node).is_none()
                && oracle::target(plan, way) != Some(node)
            {
                assert_eq!(result, Err(&NoResult::Dropped), "node {node}");
            }
        }
    }

    /// The run's end fits what its nodes have come to. `None` is a panic.
    pub(super) fn check_end(
        &self,
        graph: &Graph<'_>,
        handles: &Handles,
        ended: Option<Result<(), RunError>>,
    ) {
        let &Self { plan, way, fates, needed, .. } = self;
        let results = graph.results();
        let are = |absent: &NoResult| -> BTreeSet<usize> {
            let is = |node: &usize| results.why_absent(handles.nodes[*node]).as_ref() == Some(absent);
            (0..plan.len()).filter(is).collect()
        };
        let (failed, panicked) = (are(&NoResult::Failed), are(&NoResult::Panicked));
        let (not_run, cut_off) = (are(&NoResult::NotRun), are(&NoResult::Interrupted));
        match ended {
            Some(Ok(())) => {
                assert!([&failed, &panicked, &not_run, &cut_off].iter().all(|nodes| nodes.is_empty()))
            }
            Some(Err(RunError::Failed(failures))) => {
                let listed = handles.those(failures.iter().map(|failure| failure.node()));
                assert_eq!(listed, failed);
                assert!(
                    !failed.is_empty()
                        && failures.iter().all(|failure| failure.error().to_string().contains(PLANNED))
                );
            }
            Some(Err(RunError::Cancelled { not_run: listed, interrupted, .. })) => {
                assert!(way.cancellable && (plan.has(Role::Cancels) || matches!(way.how, How::Cancels(_))));
                assert_eq!(handles.those(&listed[..]), not_run);
                assert_eq!(handles.those(&interrupted[..]), cut_off);
            }
            Some(Err(RunError::Panicked(error))) => {
                assert!(way.catch_panics);
                assert_eq!(handles.those(error.nodes()), panicked);
            }
            Some(Err(other)) => panic!("{other}"),
            None => assert!(!way.catch_panics && !panicked.is_empty()),
        }
        if self.is_certain() {
            let is = |&node: &usize| needed[node] && fates[node] == Fate::Failed;
            assert_eq!(failed, (0..plan.len()).filter(is).collect::<BTreeSet<_>>());
        }
    }
}

/// States are the caller's, as the last change has left them, and say who was cut off while it could
/// change them.
pub(super) fn check_states(shared: &Shared, built: &mut Built) {
    for (state, &handle) in built.states.iter().enumerate() {
        assert_eq!(shared.at[state].load(Relaxed), 0, "somebody is at state {state} between runs");
        assert_eq!(built.graph.state(handle).0.number, shared.numbers[state].load(Relaxed), "state {state}");
        let half: BTreeSet<usize> =
            built.graph.half_written(handle).map(|node| built.nodes.number(node.id())).collect();
        let results = built.graph.results();
        let cut_off = |node: &usize| {
            let changes = |&(used, mode): &(usize, Mode)| used == state && mode != Mode::Read;
            let why = results.why_absent(built.nodes.nodes[*node]);
            shared.plan.nodes[*node].uses.iter().any(changes)
                && matches!(why, Some(NoResult::Failed | NoResult::Panicked | NoResult::Interrupted))
        };
        assert_eq!(half, (0..shared.plan.len()).filter(cut_off).collect(), "state {state} half written");
    }
}
