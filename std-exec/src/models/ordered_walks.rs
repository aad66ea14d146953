//! Ordered runs that begin with a walk, into which a helper breaks at any moment, or which it joins.

use super::ordered::{ANYWHERE, CALLER, Demand, LIMITED, Unchecked};
use super::{Checked, executor_of_two, help_once, numbered, spawn_helper};
use crate::protocol::ready_queue::{Place, ReadyQueue};
use crate::run::ordered;
use crate::sync::model::{UnsafeCell, explore, thread};
use crate::sync::{AtomicBool, Ordering};
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{AsDag, Dag, NodeId};
use std::panic::{AssertUnwindSafe, catch_unwind};

const ALONE: Plan = Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes };
const IN_STEP: Plan = Plan::InStep { budget: Budget::NONE };

/// Each node runs once, after its predecessors, and at its place; nodes under the limit `0`, which has one
/// permit, never at once. With a `culprit`, that node panics, and those that depend on it don't run.
fn walk(
    preemptions: usize,
    plan: Plan,
    edges: &'static [(u32, u32)],
    demands: &'static [Demand],
    culprit: Option<u32>,
) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(demands.len(), edges);
        let helper = spawn_helper(&shared, help_once);
        let limited = UnsafeCell::new(());
        let nodes = numbered(demands.len());
        let listed: Vec<_> = demands.iter().map(|(place, limits)| (*place, limits.to_vec())).collect();
        let mut queue = ReadyQueue::new(&listed, &[1], &nodes);
        let caller = thread::current().id();
        let body = Unchecked(|node: NodeId| {
            let (place, limits) = demands[node.index()];
            assert!(place == Place::Anywhere || thread::current().id() == caller, "{node} is the caller's");
            checked.run(node);
            if !limits.is_empty() {
                limited.with_mut(|_| ());
            }
            if culprit == Some(node.get()) {
                std::panic::resume_unwind(Box::new(1_u8));
            }
        });
        let run = AssertUnwindSafe(|| {
            ordered::run(&shared, &checked.dag, &mut queue, &nodes, &|node| body.call(node), Some(plan));
        });
        assert_eq!(catch_unwind(run).is_err(), culprit.is_some());
        match culprit {
            None => checked.all_ran(),
            Some(culprit) => {
                let behind = edges.iter().filter(|&&(from, _)| from == culprit);
                behind.for_each(|&(_, to)| assert_eq!(checked.runs[to as usize].load(Ordering::Relaxed), 0));
            }
        }
        limited.with_mut(|_| ());
        assert!(checked.dag.lend_countdown().expect("nobody has it").countdown().is_at_rest());
        helper.join().expect("no panic");
    });
}

/// Catches: a limited node that is under way when somebody breaks in, and has no permit; a permit that isn't
/// given back of one that only seemed to be.
#[test]
fn walk_in_order_under_a_limit() {
    walk(2, ALONE, &[], &[LIMITED, LIMITED], None);
}

/// What the helper breaks into goes on at its place.
#[test]
fn walk_in_order_of_the_caller() {
    walk(2, ALONE, &[(0, 2)], &[ANYWHERE, CALLER, CALLER], None);
}

/// Catches: bound nodes outside of the caller's lane.
#[test]
fn walk_in_order_in_step() {
    walk(2, IN_STEP, &[(0, 2), (1, 2), (0, 3), (1, 3)], &[ANYWHERE, CALLER, LIMITED, LIMITED], None);
}

#[test]
fn walk_in_order_that_panics() {
    walk(2, IN_STEP, &[(0, 2), (1, 2), (0, 3)], &[ANYWHERE, ANYWHERE, ANYWHERE, CALLER], Some(1));
}

/// The last node but one is more urgent than the last one, depends on what has nothing to run, `given`, and is
/// under the same limit: it runs first.
fn walk_with_given(nodes: usize, given: u32) {
    explore(2, move || {
        let (urgent, other) = (nodes - 2, nodes - 1);
        let shared = executor_of_two(1);
        let edges = [(given, u32::try_from(urgent).expect("few nodes"))];
        let dag = Dag::from_edges(nodes, &edges).expect("acyclic");
        let helper = spawn_helper(&shared, help_once);
        let by_urgency = numbered(nodes);
        let listed: Vec<_> = (0..nodes)
            .map(|node| (Place::Anywhere, if node < urgent { vec![] } else { vec![(0, 1)] }))
            .collect();
        let mut queue = ReadyQueue::new(&listed, &[1], &by_urgency).with_given([given].into());
        let has_run = AtomicBool::new(false);
        let body = |node: NodeId| {
            if node.index() == urgent {
                has_run.store(true, Ordering::Relaxed);
            } else if node.index() == other {
                assert!(has_run.load(Ordering::Relaxed), "what is less urgent has begun first");
            }
        };
        ordered::run(&shared, &dag, &mut queue, &by_urgency, &body, Some(ALONE));
        assert!(has_run.load(Ordering::Relaxed));
        assert!(dag.lend_countdown().expect("nobody has it").countdown().is_at_rest());
        helper.join().expect("no panic");
    });
}

/// Catches: what has nothing to run, and is under way when somebody breaks in, comes when its walker says so.
#[test]
fn walk_in_order_from_what_is_given() {
    walk_with_given(3, 0);
}

/// Catches: what has nothing to run is taken by a thread, as other nodes are, and completed later.
#[test]
fn walk_in_order_to_what_is_given() {
    walk_with_given(4, 1);
}
