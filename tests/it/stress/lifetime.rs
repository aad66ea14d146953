//! Who drops the executor, and what others are doing then.

use super::graph;
use dgraph_exec::Executor;
use dgraph_tests::body::busy;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

/// An executor that counts the workers that have ended.
fn counting(threads: usize, ended: &Arc<AtomicUsize>) -> Executor {
    let ended = Arc::clone(ended);
    let builder = Executor::builder().threads(threads).around(move |_, life| {
        life();
        ended.fetch_add(1, Relaxed);
    });
    builder.build().expect("no special demands")
}

/// Several threads own the executor and run graphs on it, some longer than others; each gives it up when it
/// is done. The last one joins the workers, who may just have helped others.
pub(crate) fn dropped_by_the_last_of_many(scale: usize) -> String {
    let (dag, nodes) = (graph(6, &[(0, 1), (0, 2), (0, 3), (1, 4), (2, 5)]), AtomicUsize::new(0));
    let rounds = 30 * scale;
    for round in 0..rounds {
        let threads = [2, 4, 16][round % 3];
        let ended = Arc::new(AtomicUsize::new(0));
        let executor = Arc::new(counting(threads, &ended));
        thread::scope(|scope| {
            for caller in 0..4_u64 {
                let (executor, dag, nodes) = (Arc::clone(&executor), &dag, &nodes);
                scope.spawn(move || {
                    for run in 0..caller * 7 {
                        executor.run(dag, |_| {
                            nodes.fetch_add(1, Relaxed);
                            black_box(busy(run, 2_000 * (caller % 2)));
                        });
                    }
                });
            }
            drop(executor);
        });
        assert_eq!(ended.load(Relaxed), threads, "the last owner waits for all workers");
    }
    let nodes = nodes.into_inner();
    assert_eq!(nodes, rounds * (7 + 14 + 21) * 6);
    format!("{rounds} executors of 2 to 16 threads, 4 owners: {nodes} nodes")
}

/// The last owner is a node, which runs on a worker of another executor: both sides of a pair come there at
/// once, and one of them drops the executor that the other has just been using.
pub(crate) fn dropped_by_a_node_of_another(scale: usize) -> String {
    let outer = super::executor(2);
    let pair = graph(2, &[]);
    let rounds = 100 * scale;
    let nodes = AtomicUsize::new(0);
    for _ in 0..rounds {
        let ended = Arc::new(AtomicUsize::new(0));
        let inner = Arc::new(counting(2, &ended));
        let owned = Mutex::new([Some(Arc::clone(&inner)), Some(inner)]);
        let (both, last) = (Barrier::new(2), AtomicUsize::new(0));
        outer.run(&pair, |node| {
            let mine = owned.lock().expect("no panic")[node.index()].take().expect("each takes one");
            both.wait();
            mine.run(&pair, |_| _ = nodes.fetch_add(1, Relaxed));
            if let Some(executor) = Arc::into_inner(mine) {
                executor.shutdown();
                last.fetch_add(ended.load(Relaxed), Relaxed);
            }
        });
        assert_eq!(last.into_inner(), 2, "one of the two was the last, and waited for both workers");
    }
    assert_eq!(nodes.into_inner(), rounds * 4);
    format!("{rounds} executors of 2 threads")
}
