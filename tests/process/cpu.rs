//! CPU time, from `/proc`: whoever has nothing to do uses none.

use crate::linux::cpu_times;
use dgraph_exec::{Dag, Executor};
use dgraph_tests::body::busy;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const MS: u64 = 1_000_000;

/// All workers are up for once.
fn rouse(executor: &Executor) {
    let dag = Dag::from_edges(executor.threads(), &[]).expect("a valid graph");
    for _ in 0..20 {
        let all = Barrier::new(executor.threads());
        executor.run(&dag, |_| {
            all.wait();
        });
    }
    for _ in 0..200 {
        executor.run(&dag, |_| {});
    }
}

/// An executor that has worked, and has nothing to do now.
pub(crate) fn idle() -> String {
    let mut lines = Vec::new();
    for threads in [2, 16, 64] {
        let executor = Executor::builder().threads(threads).build().expect("no special demands");
        rouse(&executor);
        // Some workers are still up, or watch for walks.
        thread::sleep(Duration::from_millis(100));
        let before: u64 = cpu_times().iter().sum();
        thread::sleep(Duration::from_secs(1));
        let used = cpu_times().iter().sum::<u64>() - before;
        assert!(used < 50 * MS, "{threads} idle threads used {used} ns of a second");
        lines.push(format!("{threads} threads: {:.3} ms of 1 s", used as f64 / MS as f64));
    }
    lines.join("; ")
}

/// One chain: whoever runs it is busy, and everybody else sleeps.
pub(crate) fn chain() -> String {
    let mut lines = Vec::new();
    let edges: Vec<_> = (1..1_000).map(|node| (node - 1, node)).collect();
    let dag = Dag::from_edges(1_000, &edges).expect("a chain");
    for threads in [2, 4, 16] {
        let executor = Executor::builder().threads(threads).build().expect("no special demands");
        rouse(&executor);
        let (before, start) = (cpu_times(), Instant::now());
        executor.run(&dag, |node| {
            std::hint::black_box(busy(node.get().into(), 500_000));
        });
        let (after, wall) = (cpu_times(), start.elapsed());
        let each: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        let (total, most) = (each.iter().sum::<u64>(), each.iter().max().copied().unwrap_or(0));
        assert!(total < most + most / 10 + 30 * MS, "{threads} threads used {each:?} ns for one chain");
        let cores = total as f64 / wall.as_nanos() as f64;
        lines.push(format!("{threads} threads: {cores:.2} cores for {} ms", wall.as_millis()));
    }
    lines.join("; ")
}
