//! Whole runs, on an executor of two with one live worker.

use super::{Checked, beside_a_worker, model};
use crate::pace::Plan;
use crate::run;
use crate::sync::{Condvar, Mutex, lock, wait};
use dgraph_core::{Dag, NodeId};

/// Each node once, after its predecessors, and everybody gets home. `edges` as for `Dag::from_edges`.
fn whole_run(preemptions: usize, nodes: usize, edges: &'static [(u32, u32)]) {
    model(preemptions, move || {
        beside_a_worker(1, |shared| {
            let checked = Checked::new(nodes, edges);
            run::run_as(shared, &checked.dag, &|node: NodeId| checked.run(node), Some(Plan::Share), None);
            checked.all_ran();
        });
    });
}

/// The caller and a worker that share two roots. Catches: the caller returning while a helper is still in, the
/// fences in `Team::wait` and `posted`, `shut_down` against a worker that lies down.
#[test]
fn run_of_two_roots() {
    whole_run(2, 2, &[]);
}

/// A join whose last predecessor may end on either thread, with a successor that may wake the other one.
#[test]
fn run_of_a_diamond() {
    whole_run(2, 4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
}

/// Two nodes that become ready at once and wait for each other: both threads must come for them, whoever made them
/// ready and whoever was asleep. Catches: a waiting caller that isn't woken for work that a helper posts.
#[test]
fn run_with_a_rendezvous() {
    model(3, || {
        beside_a_worker(1, |shared| {
            let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
            let (arrived, all_here) = (Mutex::new(0), Condvar::new());
            let body = |node: NodeId| {
                if node.get() > 0 {
                    let mut arrived = lock(&arrived);
                    *arrived += 1;
                    if *arrived == 2 {
                        all_here.notify_one();
                    }
                    while *arrived < 2 {
                        arrived = wait(&all_here, arrived);
                    }
                }
            };
            run::run_as(shared, &dag, &body, Some(Plan::Share), None);
        });
    });
}
