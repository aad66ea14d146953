//! Ready nodes on stacks and in queues: none lost, none twice, none where nobody can get at it.

use crate::support::gate::Gate;
use crate::support::runner::executor;
use dgraph_exec::{Dag, Executor, GraphBuilder, RunStatistics};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Runs the graph so many times. Nodes for which `meets` holds wait for each other, two and two, on whatever
/// threads: so some have to change hands. Each node runs once a run. What was counted in all runs together.
fn runs(
    executor: &Executor,
    dag: &Dag,
    times: u32,
    meets: impl Fn(u32) -> bool + Sync,
) -> (RunStatistics, usize) {
    let done: Vec<_> = (0..dag.view().node_count()).map(|_| AtomicU32::new(0)).collect();
    let pair = Barrier::new(2);
    let (mut last, mut moved) = (RunStatistics::default(), 0);
    for run in 1..=times {
        last = executor.run_with_statistics(dag, |node| {
            if meets(node.get()) {
                pair.wait();
            }
            assert_eq!(done[node.index()].swap(run, Relaxed), run - 1, "node {node} ran twice, or was lost");
        });
        assert!(done.iter().all(|done| done.load(Relaxed) == run), "a node was lost");
        moved += last.steals + last.private_steals;
    }
    (last, moved)
}

/// A tree in which each node makes eight ready, so that what is ready doubles and doubles again, from memory
/// that is new in each round. Meanwhile others take from it.
#[test]
fn task_popped_twice_or_lost_while_a_deque_grows() {
    const NODES: u32 = 1 + 8 + 64 + 512 + 4096;
    let edges: Vec<_> = (1..NODES).map(|node| ((node - 1) / 8, node)).collect();
    let dag = Dag::from_edges(NODES as usize, &edges).expect("a tree");
    for threads in [2, 4] {
        for _ in 0..10 {
            let (_, moved) = runs(&executor(threads), &dag, 3, |node| node > 8 && node % 16 == 0);
            assert!(moved > 0, "nothing has changed hands");
        }
    }
}

/// Queues have 64 places. Some thousand nodes go through those of one executor, in runs that follow each
/// other, and a few change hands in each of 40 phases of a run.
#[test]
fn index_wrap() {
    const PHASES: u32 = 40;
    let phase = |node: u32| node / 66;
    // In each phase one before and one behind 64 others.
    let edges: Vec<_> = (0..PHASES * 66)
        .flat_map(|node| match node % 66 {
            0 => vec![(node.wrapping_sub(1), node)],
            65 => Vec::new(),
            _ => vec![(phase(node) * 66, node), (node, phase(node) * 66 + 65)],
        })
        .filter(|&(before, _)| before < PHASES * 66)
        .collect();
    let dag = Dag::from_edges(PHASES as usize * 66, &edges).expect("phases");
    let executor = executor(2);
    let (_, moved) = runs(&executor, &dag, 60, |node| [1, 64].contains(&(node % 66)));
    assert!(moved > 10 * 64, "only {moved} have changed hands");
}

/// Whatever a thread has made ready goes to another one when it blocks: what it keeps to itself, what it
/// walks towards, what becomes ready by arrivals that it holds back, and a future that it has woken.
#[test]
fn task_stuck_in_an_unstealable_slot() {
    let executor = executor(2);
    for _ in 0..100 {
        its_own_stack(&executor);
        an_arrival_that_is_held_back(&executor);
        a_woken_future(&executor);
    }
    for _ in 0..10 {
        the_rest_of_a_walk(&executor);
    }
}

fn its_own_stack(executor: &Executor) {
    let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
    let both = Barrier::new(2);
    executor.run(&dag, |node| {
        if node.get() > 0 {
            both.wait();
        }
    });
}

/// In a graph that has always been fast.
fn the_rest_of_a_walk(executor: &Executor) {
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let both = Barrier::new(2);
    for run in 0..200 {
        executor.run(&dag, |_| {
            if run == 199 {
                both.wait();
            }
        });
    }
}

/// A join of nine, and a node that blocks until the join has run.
fn an_arrival_that_is_held_back(executor: &Executor) {
    let edges: Vec<_> = (1..=9).flat_map(|node| [(0, node), (node, 11)]).chain([(0, 10)]).collect();
    let dag = Dag::from_edges(12, &edges).expect("a valid graph");
    let joined = Barrier::new(2);
    executor.run(&dag, |node| {
        if node.get() >= 10 {
            joined.wait();
        }
    });
}

/// A node wakes a future and blocks until that has gone on.
fn a_woken_future(executor: &Executor) {
    let (mail, answered) = (Gate::default(), AtomicBool::new(false));
    let mut graph = GraphBuilder::new();
    graph.async_node("waits", (), || {
        let mail = mail.wait();
        async {
            mail.await;
            answered.store(true, Relaxed);
        }
    });
    graph.node("blocks", (), || {
        mail.open();
        while !answered.load(Relaxed) {
            thread::sleep(Duration::from_micros(50));
        }
    });
    graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
}
