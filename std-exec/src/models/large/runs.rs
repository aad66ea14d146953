//! One run of three or four threads.

use super::{Gate, Meeting, beside_workers_of, panics_and_again, run, twice};
use crate::sync::model::explore;
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{Dag, NodeId};

/// A walk alone into which anybody may break as soon as it has begun.
const WALK: Plan = Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes };

#[test]
fn run_of_three_threads() {
    twice(3, Plan::Share);
}

#[test]
fn run_of_four_threads() {
    twice(4, Plan::Share);
}

/// Catches: a node that both the walker and whoever breaks in run.
#[test]
fn run_of_a_walk_beside_three_threads() {
    twice(3, WALK);
}

/// As many nodes as threads become ready at once, by one thread, and wait for each other, level by level:
/// everybody must come, whoever sleeps. Catches: a thread that comes for a node and sees more, but wakes
/// nobody; a lost wake-up.
fn rendezvous(threads: u32) {
    let edges: Vec<_> =
        (1..=threads).flat_map(|to| [(0, to), (to, threads + 1), (threads + 1, threads + 1 + to)]).collect();
    explore(3, move || {
        let count = threads as usize;
        beside_workers_of(count, count, |shared| {
            let dag = Dag::from_edges(2 * count + 2, &edges).expect("a valid graph");
            let meetings = [Meeting::of(count), Meeting::of(count)];
            let body = |node: NodeId| match node.get() {
                0 => {}
                node if node == threads + 1 => {}
                node => meetings[usize::from(node > threads)].attend(),
            };
            run(shared, &dag, &body, Plan::Share);
        });
    });
}

#[test]
fn run_with_a_rendezvous_of_three() {
    rendezvous(3);
}

#[test]
fn run_with_a_rendezvous_of_four() {
    rendezvous(4);
}

/// A caller that walks and blocks in a node until another one has run: somebody watches, and breaks in.
/// Catches: a walk that nobody watches.
#[test]
fn run_of_a_walk_that_blocks() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            let dag = Dag::from_edges(3, &[]).expect("a valid graph");
            let first = dag.view().order()[0];
            let gate = Gate::new();
            let body = |node: NodeId| if node == first { gate.pass() } else { gate.open() };
            run(shared, &dag, &body, WALK);
        });
    });
}

#[test]
fn run_that_panics_and_the_next_one() {
    panics_and_again(Plan::Share);
}
