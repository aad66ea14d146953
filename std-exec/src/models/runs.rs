//! Whole runs, on an executor of two with one live worker.

use super::{Checked, Meeting, beside_a_worker, executor_of_two, help_once, run, spawn_helper};
use crate::pool::worker;
use crate::sync::model::{Arc, explore, thread};
use crate::sync::{AtomicBool, Ordering};
use crate::tuner::{Budget, Plan};
use dgraph_core::{Dag, NodeId};

/// Each node once, after its predecessors, and everybody gets home. `edges` as for `Dag::from_edges`.
fn whole_run(preemptions: usize, nodes: usize, edges: &'static [(u32, u32)]) {
    explore(preemptions, move || {
        beside_a_worker(1, |shared| {
            let checked = Checked::new(nodes, edges);
            run(shared, &checked.dag, &|node: NodeId| checked.run(node), Plan::Share);
            checked.all_ran();
        });
    });
}

/// The caller and a worker that share two roots. Catches: the caller returning while a helper is still in,
/// the fences in `Team::wait_unless` and `posted_fence`, `shut_down` against a worker that lies down.
#[test]
fn run_of_two_roots() {
    whole_run(2, 2, &[]);
}

/// A join whose last predecessor may end on either thread, with a successor that may wake the other one.
#[test]
fn run_of_a_diamond() {
    whole_run(2, 4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
}

/// Two nodes that become ready at once and wait for each other: both threads must come for them, whoever made
/// them ready and whoever was asleep. Catches: a waiting caller that isn't woken for work that a helper
/// posts.
#[test]
fn run_with_a_rendezvous() {
    explore(2, || {
        beside_a_worker(1, |shared| {
            let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
            let meeting = Meeting::of(2);
            let body = |node: NodeId| {
                if node.get() > 0 {
                    meeting.attend();
                }
            };
            run(shared, &dag, &body, Plan::Share);
        });
    });
}

/// A rendezvous with a helper that comes once: if it runs the first node, the caller must come for one of the
/// others, although it may be asleep by then. Quick. Catches: a post that wakes no caller.
#[test]
fn a_post_wakes_the_caller() {
    explore(3, || {
        let shared = executor_of_two(1);
        let helper = spawn_helper(&shared, help_once);
        let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
        let (meeting, by_helper) = (Meeting::of(2), AtomicBool::new(false));
        let caller = thread::current().id();
        let body = |node: NodeId| {
            if node.get() == 0 {
                by_helper.store(thread::current().id() != caller, Ordering::Relaxed);
            } else if by_helper.load(Ordering::Relaxed) {
                meeting.attend();
            }
        };
        run(&shared, &dag, &body, Plan::Share);
        helper.join().expect("no panic");
    });
}

/// The executor is shut down by another thread, while the worker may be about to lie down, and somebody posts
/// work that may take it out of its bed: the worker ends, and the caller finishes its run alone if it must.
/// Catches: `shut_down` without a fence, a worker that doesn't look for it after lying down.
#[test]
fn run_against_shutdown() {
    explore(2, || {
        let shared = executor_of_two(1);
        let worker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.shut_down())
        };
        let checked = Checked::new(2, &[]);
        run(&shared, &checked.dag, &|node: NodeId| checked.run(node), Plan::Share);
        checked.all_ran();
        other.join().expect("no panic");
        worker.join().expect("no panic");
    });
}

/// A walk whose first node waits for the second: a worker must come and break in, wherever it is. Catches: a
/// walk that is no work for anybody who lies down, or that is never posted.
fn rendezvous(plan: Plan) {
    explore(2, move || {
        beside_a_worker(1, |shared| {
            let dag = Dag::from_edges(2, &[]).expect("a valid graph");
            let meeting = Meeting::of(2);
            let body = |_: NodeId| meeting.attend();
            run(shared, &dag, &body, plan);
        });
    });
}

#[test]
fn run_in_step_with_a_rendezvous() {
    rendezvous(Plan::InStep { budget: Budget::NONE });
}

#[test]
fn run_of_a_probe_with_a_rendezvous() {
    rendezvous(Plan::Probe);
}
