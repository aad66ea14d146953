//! Shapes in which a thread may find nothing although there is something. Nodes wait for as many others as
//! there are threads: a ready node that nobody comes for is a deadlock.

use super::{executor, graph};
use dgraph_exec::{Dag, Executor};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Runs the graph `runs` times; nodes for which `waits` holds, a multiple of the number of threads and all of
/// one kind, go on in groups of that size. The number of nodes.
fn rendezvous(executor: &Executor, dag: &Dag, runs: usize, waits: impl Fn(u32) -> bool + Sync) -> usize {
    let group = Barrier::new(executor.threads());
    let nodes = AtomicUsize::new(0);
    for _ in 0..runs {
        executor.run(dag, |node| {
            nodes.fetch_add(1, Relaxed);
            if waits(node.get()) {
                group.wait();
            }
        });
    }
    nodes.into_inner()
}

/// A root and 64 branches of 10 nodes. The first nodes of the branches wait for each other, and so do the
/// last ones.
pub(crate) fn branches(scale: usize) -> String {
    let first = (1..=64).map(|node| (0, node));
    let edges: Vec<_> = first.chain((65..=640).map(|node| (node - 64, node))).collect();
    let dag = graph(641, &edges);
    let mut nodes = 0;
    for threads in [2, 4, 16] {
        let executor = executor(threads);
        nodes += rendezvous(&executor, &dag, 10 * scale, |node| (1..=64).contains(&node));
        nodes += rendezvous(&executor, &dag, 10 * scale, |node| node > 576);
    }
    format!("{} runs, 2 to 16 threads: {nodes} nodes", 60 * scale)
}

/// 64 nodes before one, 64 behind it; all threads are needed on both sides.
pub(crate) fn pivot(scale: usize) -> String {
    let before = (0..64).map(|node| (node, 64));
    let edges: Vec<_> = before.chain((65..129).map(|node| (64, node))).collect();
    let dag = graph(129, &edges);
    let mut nodes = 0;
    for threads in [2, 4, 16] {
        nodes += rendezvous(&executor(threads), &dag, 20 * scale, |node| node != 64);
    }
    format!("{} runs, 2 to 16 threads: {nodes} nodes", 60 * scale)
}

/// A long path with a leaf at each node. A leaf and the next node of the path wait for each other, so that
/// the two threads have to share each single step.
pub(crate) fn skewed_tree(scale: usize) -> String {
    const DEPTH: u32 = 100;
    // Even numbers are the path, odd ones the leaves beside it.
    let step = |level: u32| [(2 * level, 2 * level + 1), (2 * level, 2 * level + 2)];
    let edges: Vec<_> = (0..DEPTH).flat_map(step).collect();
    let dag = graph(2 * DEPTH + 1, &edges);
    let nodes = rendezvous(&executor(2), &dag, 20 * scale, |node| node > 0);
    format!("{} runs, 2 threads: {nodes} nodes", 20 * scale)
}

/// Each node of a path makes two ready; whichever comes first blocks until the other one, and a whole graph
/// inside of it, has been run by somebody else.
pub(crate) fn blocks_after_readying_a_child(scale: usize) -> String {
    let dag = graph(3, &[(0, 1), (0, 2)]);
    let inner = graph(5, &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]);
    let nodes = AtomicUsize::new(0);
    let runs = 200 * scale;
    for threads in [2, 4] {
        let executor = executor(threads);
        for _ in 0..runs {
            let (first, done) = (AtomicUsize::new(0), Barrier::new(2));
            executor.run(&dag, |node| {
                nodes.fetch_add(1, Relaxed);
                if node.get() > 0 {
                    if first.fetch_add(1, Relaxed) == 1 {
                        executor.run(&inner, |_| _ = nodes.fetch_add(1, Relaxed));
                    }
                    done.wait();
                }
            });
        }
    }
    format!("{} runs, 2 and 4 threads: {} nodes", 2 * runs, nodes.into_inner())
}
