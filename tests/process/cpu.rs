//! CPU time, from `/proc`: whoever has nothing to do uses none.

use crate::linux::cpu_times;
use dgraph_exec::{Dag, Executor, GraphBuilder};
use dgraph_tests::body::busy;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
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

/// Workers that are to look around for ever do, and those that aren't to look around at all don't.
pub(crate) fn spinning() -> String {
    let used = |spin| {
        let executor = Executor::builder().threads(2).spin(spin).build().expect("no special demands");
        rouse(&executor);
        thread::sleep(Duration::from_millis(100));
        let before: u64 = cpu_times().iter().sum();
        thread::sleep(Duration::from_millis(400));
        cpu_times().iter().sum::<u64>() - before
    };
    let (never, always) = (used(Duration::ZERO), used(Duration::MAX));
    assert!(never < 20 * MS && always > 40 * MS, "{never} and {always} ns of 400 ms");
    format!("{:.3} and {:.0} ms of 400 ms", never as f64 / MS as f64, always as f64 / MS as f64)
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

/// All that is left of a run is a future, which is woken after a second: nobody looks whether it can go on
/// meanwhile. (The caller of `run_parallel` did, all the time, when no worker was in its run.)
pub(crate) fn waiting() -> String {
    let mut lines = Vec::new();
    let executor = Executor::builder().threads(4).build().expect("no special demands");
    for way in ["run", "run_parallel", "run_parallel with limits", "spawn"] {
        let gate = Arc::new((AtomicBool::new(false), Mutex::new(None::<Waker>)));
        let mut graph = GraphBuilder::new();
        let waits = Arc::clone(&gate);
        let node = graph.async_node("waits", (), move || {
            let waits = Arc::clone(&waits);
            poll_fn(move |context| {
                *waits.1.lock().expect("no panic") = Some(context.waker().clone());
                if waits.0.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
            })
        });
        if way.ends_with("limits") {
            let one = graph.limit(1);
            graph.limited(node, one);
        }
        let mut graph = graph.build().expect("a valid graph");
        rouse(&executor);
        let opener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100)); // some workers are still up
            let before: u64 = cpu_times().iter().sum();
            thread::sleep(Duration::from_secs(1));
            let used = cpu_times().iter().sum::<u64>() - before;
            gate.0.store(true, SeqCst);
            let waker = gate.1.lock().expect("no panic").take();
            waker.expect("it was polled").wake();
            used
        });
        match way {
            "run" => drop(graph.run().map(drop)),
            "run_parallel" | "run_parallel with limits" => drop(graph.run_parallel(&executor).map(drop)),
            _ => drop(graph.spawn(&executor).join()),
        }
        let used = opener.join().expect("no panic");
        assert!(used < 50 * MS, "{way} used {used} ns of a second for one future that waits");
        lines.push(format!("{way}: {:.3} ms of 1 s", used as f64 / MS as f64));
    }
    lines.join("; ")
}
