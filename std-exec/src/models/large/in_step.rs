//! Walks in step of three and four threads: who joins late, whom the others wait for, who breaks in.

use super::{Checked, Gate, LEVELS, NODES, beside_workers_of, levels, panics_and_again, run, twice};
use crate::sync::model::{explore, thread};
use crate::tuner::{Budget, Plan};
use crate::{Executor, GraphBuilder};
use dgraph_core::{Dag, NodeId};
use std::sync::Arc;

const IN_STEP: Plan = Plan::InStep { budget: Budget::NONE };
/// Given up as soon as the clock is looked at.
const IN_STEP_SHORTLY: Plan = Plan::InStep { budget: Budget::Ticks(1) };

/// Catches: a lane that is given out too late, a step whose part two run or nobody.
#[test]
fn run_in_step_of_three_threads() {
    twice(3, IN_STEP);
}

#[test]
fn run_in_step_of_four_threads() {
    twice(4, IN_STEP);
}

/// The caller gives up, in the middle of the walk.
#[test]
fn run_in_step_that_is_late() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            // Long enough for the caller to look at the clock.
            const CHAINS: &[(u32, u32)] = &{
                let mut edges = [(0, 0); 36];
                let mut edge = 0;
                while edge < 36 {
                    edges[edge as usize] = (edge, edge + 2);
                    edge += 1;
                }
                edges
            };
            let checked = Checked::new(38, CHAINS);
            run(shared, &checked.dag, &|node: NodeId| checked.run(node), IN_STEP_SHORTLY);
            checked.all_ran();
        });
    });
}

/// A node blocks until the last one of its level has run, whosever that is: the others lose patience, or the
/// one that comes does, break in, and run it. Catches: a member that waits as long as it takes; a thread that
/// breaks in and leaves nodes behind; one that is not invited.
#[test]
fn run_in_step_with_a_node_that_blocks() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            for blocks in [0, 2, 5] {
                let checked = Checked::new(NODES, LEVELS);
                let gate = Gate::new();
                let opens = blocks / 4 * 4 + 3;
                let body = |node: NodeId| {
                    match node.get() {
                        node if node == blocks => gate.pass(),
                        node if node == opens => gate.open(),
                        _ => {}
                    }
                    checked.run(node);
                };
                run(shared, &checked.dag, &body, IN_STEP);
                checked.all_ran();
            }
        });
    });
}

/// A node panics while others are in the same step.
#[test]
fn run_in_step_that_panics_and_the_next_one() {
    panics_and_again(IN_STEP);
}

/// The executor is shut down at any moment of a walk in step.
#[test]
fn run_in_step_against_shutdown() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let other = {
                let shared = Arc::clone(shared);
                thread::spawn(move || shared.shut_down())
            };
            levels(shared, IN_STEP);
            other.join().expect("no panic");
        });
    });
}

/// Two callers walk in step at once, beside workers that can join one of them at a time.
#[test]
fn runs_in_step_of_two_callers() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let other = {
                let shared = Arc::clone(shared);
                thread::spawn(move || levels(&shared, IN_STEP))
            };
            levels(shared, IN_STEP);
            other.join().expect("no panic");
        });
    });
}

/// Every node of a walk in step begins one of its own.
#[test]
fn runs_in_step_within_every_node() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let dag = Dag::from_edges(4, &[(0, 2), (1, 2), (1, 3)]).expect("a valid graph");
            let body = |_: NodeId| {
                let inner = Checked::new(4, &[(0, 2), (1, 2), (0, 3)]);
                run(shared, &inner.dag, &|node: NodeId| inner.run(node), IN_STEP);
                inner.all_ran();
            };
            run(shared, &dag, &body, IN_STEP);
        });
    });
}

/// Members in step are wanted elsewhere, for nodes that only they can run, and a node waits for that.
/// Catches: members that wait for each other. (Not one that doesn't look whether it is wanted: in models
/// patience ends at the third look at the clock.)
#[test]
fn run_in_step_of_workers_that_are_wanted() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let other = {
                let executor = Executor::of_model(Arc::clone(shared), 3);
                thread::spawn(move || {
                    let mut graph = GraphBuilder::new();
                    for worker in 0..3 {
                        let node = graph.node(format!("for {worker}"), (), || ());
                        graph.on_worker(node, worker);
                    }
                    assert!(graph.build().expect("a valid graph").run_parallel(&executor).is_ok());
                })
            };
            levels(shared, IN_STEP);
            levels(shared, IN_STEP);
            other.join().expect("no panic");
        });
    });
}
