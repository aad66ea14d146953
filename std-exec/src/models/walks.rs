//! A walk that a helper breaks into, on an executor without workers.

use super::{Checked, executor_of_two, help_once, run, spawn_helper};
use crate::sync::Ordering;
use crate::sync::model::{Arc, explore};
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{AsDag, NodeId};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A walk that a helper may break into at any moment: before the first claim, between two, in the middle of a
/// node, after the last. Catches: either fence between claim and seizure, the orderings of `claim`, `seize`,
/// `release` and `broken_in`, and a node run by both sides or by none.
fn walk(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = spawn_helper(&shared, help_once);
        let plan = Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes };
        run(&shared, &checked.dag, &|node: NodeId| checked.run(node), plan);
        checked.all_ran();
        helper.join().expect("no panic");
    });
}

#[test]
fn walk_of_two_roots() {
    walk(2, &[], 2);
}

#[test]
fn walk_of_a_chain() {
    walk(2, &[(0, 1), (1, 2)], 3);
}

/// The helper runs a node whose predecessor the walker has run before its last claim.
#[test]
fn walk_past_a_done_node() {
    walk(2, &[(0, 2)], 3);
}

#[test]
fn walk_of_a_join() {
    walk(2, &[(0, 2), (1, 2)], 3);
}

/// The first run of a graph: its caller has seen enough after a node, and breaks in by itself, beside a
/// helper who does at any moment. Catches: a probe that goes on with its walk when somebody has broken in,
/// and a node at the end of a piece that counts as under way.
fn probe(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize, culprit: Option<usize>) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = spawn_helper(&shared, help_once);
        let body = |node: NodeId| {
            checked.run(node);
            if culprit == Some(node.index()) {
                std::panic::resume_unwind(Box::new(1_u8));
            }
        };
        let probing = || run(&shared, &checked.dag, &body, Plan::Probe);
        assert_eq!(catch_unwind(AssertUnwindSafe(probing)).is_err(), culprit.is_some());
        if culprit.is_none() {
            checked.all_ran();
        }
        assert!(checked.dag.lend_countdown().expect("nobody has it").countdown().is_at_rest());
        helper.join().expect("no panic");
    });
}

#[test]
fn probe_of_two_roots() {
    probe(2, &[], 2, None);
}

#[test]
fn probe_of_a_chain() {
    probe(2, &[(0, 1), (1, 2)], 3, None);
}

#[test]
fn probe_of_a_join() {
    probe(2, &[(0, 2), (1, 2)], 3, None);
}

#[test]
fn probe_that_panics() {
    probe(2, &[(0, 2)], 3, Some(0));
}

/// A walk in step, which a helper joins, or breaks into, at any moment: nobody waits for the other, so that
/// each break is seen. Catches: the orderings of `reach` and `all_reached`, a lane that is given out too
/// late, a part that is run by both or by none, and nodes left behind in the step that the faster one is in.
fn in_step(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = spawn_helper(&shared, help_once);
        run(&shared, &checked.dag, &|node: NodeId| checked.run(node), Plan::InStep { budget: Budget::NONE });
        checked.all_ran();
        helper.join().expect("no panic");
    });
}

#[test]
fn walk_in_step_of_one_level() {
    in_step(3, &[], 2);
}

/// The second level is divided if the helper has come in the first.
#[test]
fn walk_in_step_of_two_levels() {
    in_step(2, &[(0, 2), (1, 2), (0, 3), (1, 3)], 4);
}

/// A helper that has come in the first level, and has run a part of the second, waits for the last one, which
/// is the caller's.
#[test]
fn walk_in_step_with_a_narrow_end() {
    in_step(2, &[(0, 2), (1, 3), (2, 4), (3, 4)], 5);
}

/// Two walks in step, one after the other, in one team: the second finds the lanes as the first has left
/// them. Catches: lanes that are not laid out.
#[test]
fn walk_in_step_twice() {
    explore(2, || {
        let shared = executor_of_two(1);
        let checked = [Checked::new(2, &[]), Checked::new(2, &[])];
        let helper = spawn_helper(&shared, |shared| (0..2).for_each(|_| help_once(shared)));
        for checked in &checked {
            let plan = Plan::InStep { budget: Budget::NONE };
            run(&shared, &checked.dag, &|node: NodeId| checked.run(node), plan);
            checked.all_ran();
        }
        helper.join().expect("no panic");
    });
}

/// A node of a walk in step panics, in whosever part it is: what depends on it doesn't run, nothing runs
/// twice, and the counters come to rest. Catches: a walker that completes nothing, or too much, after a
/// panic.
#[test]
fn walk_in_step_that_panics() {
    explore(2, || {
        let shared = executor_of_two(1);
        let checked = Arc::new(Checked::new(4, &[(0, 2), (1, 2), (0, 3), (1, 3)]));
        let helper = spawn_helper(&shared, help_once);
        let body = |node: NodeId| {
            checked.run(node);
            if node.index() == 1 {
                std::panic::resume_unwind(Box::new(1_u8));
            }
        };
        let panicking = || {
            run(&shared, &checked.dag, &body, Plan::InStep { budget: Budget::NONE });
        };
        let payload = catch_unwind(AssertUnwindSafe(panicking)).expect_err("a node panics");
        assert_eq!(payload.downcast_ref(), Some(&1_u8));
        let runs: Vec<_> = checked.runs.iter().map(|runs| runs.load(Ordering::Relaxed)).collect();
        assert!(runs[0] <= 1 && runs[1..] == [1, 0, 0], "{runs:?}");
        assert!(checked.dag.lend_countdown().expect("nobody has it").countdown().is_at_rest());
        helper.join().expect("no panic");
    });
}
