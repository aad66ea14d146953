//! A walk that a helper breaks into, on an executor without workers.

use super::{Checked, executor_of_two};
use crate::pace::{Budget, Plan, Timed};
use crate::run;
use crate::sync::model::{Arc, explore, thread};
use dgraph_core::NodeId;

/// A walk that a helper may break into at any moment: before the first claim, between two, in the middle of a node,
/// after the last. Catches: either fence between claim and seizure, the orderings of `claim`, `seize`, `release` and
/// `broken_in`, and a node run by both sides or by none.
fn walk(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.teams.iter().for_each(|team| _ = team.try_help(None)))
        };
        let plan = Plan::Walk { budget: Budget::Ticks(1), timed: Timed::Yes };
        run::run_as(&shared, &checked.dag, &|node: NodeId| checked.run(node), Some(plan), None);
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

/// A walk in step, which a helper joins, or breaks into, at any moment: nobody waits for the other, so that each break is
/// seen. Catches: the orderings of `reach` and `all_reached`, a lane that is given out too late, a part that is run by both
/// or by none, and nodes left behind in the step that the faster one is in.
fn in_step(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.teams.iter().for_each(|team| _ = team.try_help(None)))
        };
        run::run_as(
            &shared,
            &checked.dag,
            &|node: NodeId| checked.run(node),
            Some(Plan::InStep { budget: Budget::NONE }),
            None,
        );
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

/// A helper that has come in the first level, and has run a part of the second, waits for the last one, which is the caller's.
#[test]
fn walk_in_step_with_a_narrow_end() {
    in_step(2, &[(0, 2), (1, 3), (2, 4), (3, 4)], 5);
}
