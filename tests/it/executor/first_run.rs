//! The first run of a graph: its caller walks alone until it has seen what nodes take, and goes on so if they
//! are tiny.

use crate::support::runner::executor;
use dgraph_exec::{Dag, Executor, GraphBuilder, NodeId};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

/// So many that the caller has decided to go on alone before the last ones.
const NODES: u32 = 100_000;

/// It goes on alone, and runs into a node that waits for another one: somebody has to break in all the same.
#[test]
fn nodes_that_meet_after_tiny_ones() {
    let mut alone = 0;
    for round in 0..20 {
        let executor = executor(2 + round % 2);
        let dag = Dag::from_edges(NODES as usize, &[]).expect("no edges, no cycle");
        let (meeting, ran) = (Barrier::new(2), AtomicUsize::new(0));
        let statistics = executor.run_with_statistics(&dag, |node: NodeId| {
            if node.get() >= NODES - 2 {
                meeting.wait();
            }
            ran.fetch_add(1, Relaxed);
        });
        assert_eq!(ran.load(Relaxed), NODES as usize);
        // (Otherwise it was shared, since the system has held up the caller while it looked.)
        alone += usize::from(statistics.steals == 0 && statistics.helper_nodes <= 2);
    }
    assert!(alone > 0, "no first run went on alone");
}

/// The same in a typed graph, whose nodes are called by rows.
#[test]
fn typed_nodes_that_meet_after_tiny_ones() {
    for round in 0..6 {
        let mut graph = GraphBuilder::new();
        let meeting = Arc::new(Barrier::new(2));
        let tiny: Vec<_> = (0..NODES).map(|number| graph.node("", (), move || number)).collect();
        let last: Vec<_> = (0..2)
            .map(|_| {
                let meeting = Arc::clone(&meeting);
                graph.node("", (), move || _ = meeting.wait())
            })
            .collect();
        let mut graph = graph.build().expect("no cycle");
        let results = graph.run_parallel(&executor(2 + round % 2)).expect("no node fails");
        assert!(tiny.iter().zip(0..).all(|(&node, number)| results[node] == number));
        assert!(last.iter().all(|&node| results.get(node).is_ok()));
    }
}

/// In the first node of a first run another first run begins, in which two nodes meet: the thread that waits
/// beside the outer one has to come.
#[test]
fn nodes_that_meet_in_first_runs_within_first_runs() {
    fn run(executor: &Executor, depth: usize, ran: &AtomicUsize) {
        let dag = Dag::from_edges(4, &[]).expect("no edges, no cycle");
        let meeting = Barrier::new(2);
        executor.run(&dag, |node: NodeId| {
            match (node.get(), depth) {
                (0, 1..) => run(executor, depth - 1, ran),
                (0 | 3, 0) => _ = meeting.wait(),
                _ => {}
            }
            ran.fetch_add(1, Relaxed);
        });
    }
    for round in 0..100 {
        let (executor, depth, ran) = (executor(2), round % 4, AtomicUsize::new(0));
        run(&executor, depth, &ran);
        assert_eq!(ran.into_inner(), 4 * (depth + 1));
    }
}

/// Threads that begin first runs all the time don't keep each other from coming to an end, whoever waits
/// beside whose beginning.
#[test]
fn many_first_runs_at_once() {
    let executor = executor(3);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..200 {
                    let dag = Dag::from_edges(3, &[]).expect("no edges, no cycle");
                    let (meeting, ran) = (Barrier::new(2), AtomicUsize::new(0));
                    executor.run(&dag, |node: NodeId| {
                        if round % 50 == 0 && node.get() > 0 {
                            meeting.wait();
                        }
                        ran.fetch_add(1, Relaxed);
                    });
                    assert_eq!(ran.into_inner(), 3);
                }
            });
        }
    });
}
