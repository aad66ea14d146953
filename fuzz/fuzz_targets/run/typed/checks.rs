//! What nodes have come to, and how a run has ended, against the oracle.

use super::nodes::{Built, Shared};
use crate::PLANNED;
use crate::oracle::Fate;
use crate::plan::{How, Mode, Plan, Role, Way};
use dgraph_exec::{NoResult, NodeId, RunError};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;

/// How the run ended, for the checks of its nodes.
pub(super) struct Ended {
    pub(super) certain: bool,
    pub(super) well: bool,
    pub(super) partial: bool,
}

/// What each node has come to is what the oracle says; or it did not run, where that is possible.
pub(super) fn check_nodes(
    plan: &Plan,
    way: &Way,
    built: &mut Built,
    fates: &[Fate],
    needed: &[bool],
    ended: &Ended,
) {
    let results = built.graph.results();
    let number = |node: NodeId| node.index() - 1; // the input is node 0
    for (node, &handle) in built.nodes.iter().enumerate() {
        let (fate, is_needed, result) = (&fates[node], needed[node], results.get(handle));
        let right = match &result {
            Ok(value) => *fate == Fate::Value(value.number) && (is_needed || way.update),
            Err(NoResult::Moved { into }) => {
                matches!(fate, Fate::Value(_)) && plan.taker(node) == Some(number(into.id()))
            }
            Err(NoResult::Failed) => *fate == Fate::Failed && is_needed,
            Err(NoResult::Panicked) => *fate == Fate::Panicked && is_needed,
            Err(NoResult::Skipped { because_of }) => {
                matches!(fate, Fate::Skipped(culprits) if culprits.contains(&number(because_of.id())))
                    && is_needed
            }
            Err(NoResult::NotRun | NoResult::Interrupted) => !ended.certain && !ended.well && is_needed,
            Err(NoResult::NotNeeded) => !is_needed && ended.partial,
            Err(_) => false,
        };
        assert!(right, "node {node} is {:?}, should be {fate:?}", result.as_ref().map(|value| value.number));
        // Its taker has run, so it is gone.
        let taken =
            plan.taker(node).is_some_and(|taker| needed[taker] && !matches!(fates[taker], Fate::Skipped(_)));
        if ended.certain && is_needed && taken && matches!(fate, Fate::Value(_)) {
            assert!(matches!(result, Err(NoResult::Moved { .. })), "node {node} was not moved");
        }
    }
}

/// The run's end fits what its nodes have come to. `None` is a panic.
pub(super) fn check_end(
    plan: &Plan,
    way: &Way,
    built: &mut Built,
    ended: Option<Result<(), RunError>>,
    fates: &[Fate],
    needed: &[bool],
    certain: bool,
) {
    let results = built.graph.results();
    let are = |absent: &NoResult| -> BTreeSet<usize> {
        let is = |node: &usize| results.why_absent(built.nodes[*node]).as_ref() == Some(absent);
        (0..plan.len()).filter(is).collect()
    };
    let meant = |fate: &Fate| (0..plan.len()).filter(|&node| needed[node] && fates[node] == *fate).collect();
    let (failed, panicked) = (are(&NoResult::Failed), are(&NoResult::Panicked));
    let (not_run, cut_off) = (are(&NoResult::NotRun), are(&NoResult::Interrupted));
    let number = |node: NodeId| node.index() - 1;
    match ended {
        Some(Ok(())) => {
            assert!([&failed, &panicked, &not_run, &cut_off].iter().all(|nodes| nodes.is_empty()))
        }
        Some(Err(RunError::Failed(failures))) => {
            let listed: BTreeSet<usize> =
                failures.iter().map(|failure| number(failure.node().id())).collect();
            assert_eq!(listed, failed);
            assert!(
                !failed.is_empty() && failures.iter().all(|failure| failure.error().to_string() == PLANNED)
            );
        }
        Some(Err(RunError::Cancelled { not_run: listed, interrupted, .. })) => {
            assert!(way.cancellable && (plan.has(Role::Cancels) || matches!(way.how, How::Cancels(_))));
            assert_eq!(listed.iter().map(|node| number(node.id())).collect::<BTreeSet<_>>(), not_run);
            assert_eq!(interrupted.iter().map(|node| number(node.id())).collect::<BTreeSet<_>>(), cut_off);
        }
        Some(Err(RunError::Panicked(error))) => {
            assert!(way.catch_panics);
            assert_eq!(error.nodes().iter().map(|node| number(node.id())).collect::<BTreeSet<_>>(), panicked);
        }
        Some(Err(other)) => panic!("{other}"),
        None => assert!(!way.catch_panics && !panicked.is_empty()),
    }
    if certain {
        let expected: BTreeSet<usize> = meant(&Fate::Failed);
        assert_eq!(failed, expected);
    }
}

/// States are the caller's, as the last change has left them, and say who was cut off while it could change
/// them.
pub(super) fn check_states(shared: &Shared, built: &mut Built) {
    for (state, &handle) in built.states.iter().enumerate() {
        assert_eq!(shared.at[state].load(Relaxed), 0, "somebody is at state {state} between runs");
        assert_eq!(built.graph.state(handle).0.number, shared.numbers[state].load(Relaxed), "state {state}");
        let half: BTreeSet<usize> =
            built.graph.half_written(handle).map(|node| node.id().index() - 1).collect();
        let results = built.graph.results();
        let cut_off = |node: &usize| {
            let changes = |&(used, mode): &(usize, Mode)| used == state && mode != Mode::Read;
            let why = results.why_absent(built.nodes[*node]);
            shared.plan.nodes[*node].uses.iter().any(changes)
                && matches!(why, Some(NoResult::Failed | NoResult::Panicked | NoResult::Interrupted))
        };
        assert_eq!(half, (0..shared.plan.len()).filter(cut_off).collect(), "state {state} half written");
    }
}
