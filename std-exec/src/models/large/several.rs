//! Several runs on one executor.

use super::{Checked, LEVELS, Meeting, NODES, beside_workers_of, run};
use crate::pool::shared::Shared;
use crate::pool::worker;
use crate::sync::model::{explore, thread};
use crate::tuner::Plan;
use dgraph_core::{Dag, NodeId};
use std::sync::Arc;

fn share(shared: &Shared, dag: &Dag, body: impl Fn(NodeId) + Sync) {
    run(shared, dag, &body, Plan::Share);
}

fn levels(shared: &Shared) {
    let checked = Checked::new(NODES, LEVELS);
    share(shared, &checked.dag, |node| checked.run(node));
    checked.all_ran();
}

/// Runs of nodes that wait for each other, each started by a node of the one before, while the other nodes of
/// that are over: all threads must come for each. Catches: a waiting caller that isn't woken for a nested
/// run, or doesn't look for one.
#[test]
fn run_within_a_run_within_a_run() {
    fn nest(shared: &Shared, depth: usize) {
        let dag = Dag::from_edges(3, &[]).expect("a valid graph");
        let meeting = Meeting::of(3);
        share(shared, &dag, |node| {
            meeting.attend();
            if depth > 1 && node.index() == 1 {
                nest(shared, depth - 1);
            }
        });
    }
    explore(3, || beside_workers_of(3, 3, |shared| nest(shared, 3)));
}

/// Every node of a run starts one of its own.
#[test]
fn runs_within_every_node() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let dag = Dag::from_edges(4, &[(0, 2), (1, 2), (1, 3)]).expect("a valid graph");
            share(shared, &dag, |_| {
                let inner = Checked::new(3, &[(0, 1), (0, 2)]);
                share(shared, &inner.dag, |node| inner.run(node));
                inner.all_ran();
            });
        });
    });
}

/// Two callers at once.
fn two_callers(call: fn(&Shared)) {
    explore(3, move || {
        beside_workers_of(4, 4, |shared| {
            let other = {
                let shared = Arc::clone(shared);
                thread::spawn(move || call(&shared))
            };
            call(shared);
            other.join().expect("no panic");
        });
    });
}

#[test]
fn runs_of_two_callers() {
    two_callers(levels);
}

/// Each run needs two of the four workers, which all have to come. Catches: a worker that comes for one run
/// and wakes nobody for the other.
#[test]
fn runs_of_two_callers_that_need_all_workers() {
    two_callers(|shared| {
        let dag = Dag::from_edges(3, &[]).expect("a valid graph");
        let meeting = Meeting::of(3);
        share(shared, &dag, |_| meeting.attend());
    });
}

/// Two callers of one graph: one of them has its counters.
#[test]
fn runs_of_one_graph_at_once() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let dag = Arc::new(Dag::from_edges(NODES, LEVELS).expect("a valid graph"));
            let call = |shared: &Shared, dag: &Dag| {
                let checked = Checked::new(NODES, LEVELS);
                share(shared, dag, |node| checked.run(node));
                checked.all_ran();
            };
            let other = {
                let (shared, dag) = (Arc::clone(shared), Arc::clone(&dag));
                thread::spawn(move || call(&shared, &dag))
            };
            call(shared, &dag);
            other.join().expect("no panic");
        });
    });
}

/// The executor is shut down by another thread at any moment of a run: its workers end, also those that
/// sleep, and the caller goes on alone if it must.
#[test]
fn run_of_three_threads_against_shutdown() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let other = {
                let shared = Arc::clone(shared);
                thread::spawn(move || shared.shut_down())
            };
            levels(shared);
            other.join().expect("no panic");
        });
    });
}

/// Workers come to an executor in the middle of a run.
#[test]
fn run_that_workers_come_to() {
    explore(3, || {
        beside_workers_of(3, 1, |shared| {
            let late = [1, 2].map(|worker| {
                let shared = Arc::clone(shared);
                thread::spawn(move || worker::live(&shared, worker))
            });
            levels(shared);
            shared.shut_down();
            late.into_iter().for_each(|worker| worker.join().expect("no panic"));
        });
    });
}
