//! What a run of a typed graph must come to: one node after the other, with no regard to speed.

use crate::plan::{Kind, Plan, Role, Way};
use dgraph_exec::StopReason;
use std::collections::BTreeSet;

/// What each node gives: a number of its own, and what it is fed, in order.
pub(crate) fn value(node: usize, fed: impl Iterator<Item = u64>) -> u64 {
    fed.fold(node as u64 + 1, |sum, fed| sum.wrapping_mul(31).wrapping_add(fed))
}

/// What a node comes to if nothing keeps it from running but what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Value(u64),
    Failed,
    Panicked,
    Ended,
    /// By one of these, all of which it depends on, directly or not.
    Skipped(BTreeSet<usize>),
    /// By one of these, or a condition on it.
    NotChosen(BTreeSet<usize>),
}

impl Fate {
    /// What a node makes of it that is told it.
    pub(crate) fn told(&self) -> u64 {
        match self {
            Self::Value(value) => *value,
            Self::Failed => 101,
            Self::Panicked => 102,
            Self::Ended => 103,
            Self::Skipped(_) => 104,
            Self::NotChosen(_) => 105,
        }
    }

    /// Whether the node starts.
    pub(crate) fn starts(&self) -> bool {
        !matches!(self, Self::Skipped(_) | Self::NotChosen(_))
    }
}

pub(crate) fn fates(plan: &Plan, way: &Way, input: u64) -> Vec<Fate> {
    let mut fates = vec![Fate::Failed; plan.len()];
    for node in plan.order() {
        let (mut culprits, mut enders) = (BTreeSet::new(), BTreeSet::new());
        for (before, kind) in plan.before(node).filter(|(_, kind)| kind.needs()) {
            let flag = plan.nodes[before].flag;
            match &fates[before] {
                Fate::Value(_) if matches!(kind, Kind::Condition(wanted) if wanted != flag) => {
                    enders.insert(before);
                }
                Fate::Value(_) => {}
                fate if kind == Kind::Starts && fate.starts() => {}
                Fate::Failed | Fate::Panicked => _ = culprits.insert(before),
                Fate::Skipped(more) => culprits.extend(more),
                // It has left the state as it was.
                Fate::Ended | Fate::NotChosen(_) if kind == Kind::Turn => {}
                Fate::Ended => _ = enders.insert(before),
                Fate::NotChosen(more) => enders.extend(more),
            }
        }
        let fed: Vec<_> = plan.feeding(node).into_iter().chain(plan.told(node)).collect();
        let is_fed = !fed.is_empty();
        let fed = fed.into_iter().map(|before| fates[before].told());
        fates[node] = match plan.role(node) {
            _ if !culprits.is_empty() => Fate::Skipped(culprits),
            _ if !enders.is_empty() => Fate::NotChosen(enders),
            Role::Fails => Fate::Failed,
            Role::Panics if way.panics_fail => Fate::Failed,
            Role::Panics => Fate::Panicked,
            Role::Ends => Fate::Ended,
            Role::ReadsInput if !is_fed => Fate::Value(plan.number(node, [input].into_iter())),
            _ => Fate::Value(plan.number(node, fed)),
        };
    }
    fates
}

/// The nodes that a run in this way needs: its target and what that depends on, or all.
pub(crate) fn needed(plan: &Plan, way: &Way) -> Vec<bool> {
    let Some(target) = target(plan, way) else { return vec![true; plan.len()] };
    let mut needed = vec![false; plan.len()];
    needed[target] = true;
    for node in plan.order().into_iter().rev() {
        if needed[node] {
            plan.depends_on(node).for_each(|before| needed[before] = true);
        }
    }
    needed
}

pub(crate) fn target(plan: &Plan, way: &Way) -> Option<usize> {
    way.only.filter(|_| plan.len() > 0).map(|only| usize::from(only) % plan.len())
}

/// Which nodes run also after a failure that stops the others.
pub(crate) fn lasting(plan: &Plan) -> Vec<bool> {
    let in_any_case = |node| plan.before(node).any(|(_, kind)| kind.is_in_any_case());
    let mut lasting: Vec<_> = (0..plan.len()).map(in_any_case).collect();
    for node in plan.order().into_iter().rev().filter(|&node| lasting[node]).collect::<Vec<_>>() {
        mark(plan, node, &mut lasting);
    }
    lasting
}

fn mark(plan: &Plan, node: usize, lasting: &mut [bool]) {
    for (before, _) in plan.before(node).filter(|(_, kind)| kind.needs()) {
        if !std::mem::replace(&mut lasting[before], true) {
            mark(plan, before, lasting);
        }
    }
}

/// Whether there is only one way in which the run can end: nothing is called off while others are under way.
pub(crate) fn is_certain(plan: &Plan, way: &Way, needed: &[bool], fates: &[Fate]) -> bool {
    let fails = (0..plan.len()).any(|node| needed[node] && fates[node] == Fate::Failed);
    (way.keep_going || !fails) && only_fails(plan, way, needed, fates)
}

/// Whether nothing but failures can call anything off.
pub(crate) fn only_fails(plan: &Plan, way: &Way, needed: &[bool], fates: &[Fate]) -> bool {
    (0..plan.len()).filter(|&node| needed[node]).all(|node| match fates[node] {
        Fate::Panicked => false,
        Fate::Value(_) => !(way.cancellable && plan.role(node) == Role::Cancels),
        Fate::Failed | Fate::Ended | Fate::Skipped(_) | Fate::NotChosen(_) => true,
    })
}

/// The order in which a full run on one thread starts nodes, if some node demands anything: of those that are
/// ready the most urgent one, then the one that was declared first. Those that don't run have their turn all
/// the same.
pub(crate) fn order(plan: &Plan, fates: &[Fate]) -> Vec<usize> {
    // What an urgent node needs is as urgent.
    let mut urgency: Vec<_> = (0..plan.len()).map(|node| plan.nodes[node].demand.priority).collect();
    for _ in 0..plan.len() {
        for node in 0..plan.len() {
            plan.before(node).for_each(|(before, _)| urgency[before] = urgency[before].max(urgency[node]));
        }
    }
    let mut done = vec![false; plan.len()];
    let mut order = Vec::new();
    for _ in 0..plan.len() {
        let ready =
            (0..plan.len()).filter(|&node| !done[node] && plan.before(node).all(|(before, _)| done[before]));
        let next = ready.min_by_key(|&node| (-urgency[node], node)).expect("no cycle");
        done[next] = true;
        order.push(next);
    }
    order.retain(|&node| fates[node].starts());
    order
}

/// Whether something may have stopped the run for a reason for which it isn't drained.
pub(crate) fn may_cut_off(plan: &Plan, way: &Way, fates: &[Fate]) -> bool {
    let stops = |reason: StopReason, may_be: bool| may_be && !way.drain.contains(&reason);
    let has = |fate: Fate| fates.contains(&fate);
    // What nodes are told that are not certain to run may differ, so any of these may be there.
    stops(StopReason::Failure, !way.keep_going && (has(Fate::Failed) || plan.has(Role::Fails)))
        || stops(StopReason::Failure, !way.keep_going && way.panics_fail && plan.has(Role::Panics))
        || stops(StopReason::Panic, !way.panics_fail && plan.has(Role::Panics))
        || stops(StopReason::Cancel, way.cancellable)
}
