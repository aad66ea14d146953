//! Limits on how many nodes of a group run at once.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

/// How many are inside, and how many there have been at once.
#[derive(Default)]
struct Gauge {
    inside: AtomicUsize,
    highest: AtomicUsize,
}

impl Gauge {
    fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Leave<'a>(&'a AtomicUsize);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, SeqCst);
            }
        }
        let inside = self.inside.fetch_add(1, SeqCst) + 1;
        let _leave = Leave(&self.inside);
        self.highest.fetch_max(inside, SeqCst);
        work()
    }
}

fn a_limit_holds(runner: &Runner) {
    let (few, one) = (&Gauge::default(), &Gauge::default());
    let mut graph = GraphBuilder::new();
    let (limit_of_two, limit_of_one) = (graph.limit(2), graph.limit(1));
    for number in 0..200 {
        let node = graph.node("", (), move || {
            few.enter(|| {
                if number % 4 == 0 {
                    one.enter(thread::yield_now);
                }
            });
        });
        graph.limited(node, limit_of_two);
        if number % 4 == 0 {
            graph.limited(node, limit_of_one);
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        runner.typed(&mut graph);
    }
    drop(graph);
    assert!((1..=2).contains(&few.highest.load(SeqCst)) && one.highest.load(SeqCst) == 1);
}

/// Panics and errors inside a limited group give the permits back, within the run and for the next one.
fn failures_release_permits(runner: &Runner) {
    let (panics, gauge, after) = (&AtomicBool::new(true), &Gauge::default(), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..20 {
        let node = graph.try_node("", (), move || {
            gauge.enter(|| {
                assert!(number != 3 || !panics.load(SeqCst), "planned");
                if number % 2 == 0 { Err("no") } else { Ok(()) }
            })
        });
        graph.limited(node, one);
        graph.node("", (node,), |_: &()| _ = after.fetch_add(1, SeqCst));
    }
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for _ in 0..10 {
        panics.store(true, SeqCst);
        let caught = catch_unwind(AssertUnwindSafe(|| runner.typed_with(&mut graph, &options).map(|_| ())));
        assert!(caught.is_err());
        panics.store(false, SeqCst);
        after.store(0, SeqCst);
        match runner.typed_with(&mut graph, &options).map(|_| ()) {
            Err(RunError::Failed(failures)) => assert_eq!((failures.len(), after.load(SeqCst)), (10, 10)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(gauge.highest.load(SeqCst), 1);
}

over_typed_runners!(a_limit_holds, failures_release_permits);

/// As many as the limit permits are inside at once: they wait for each other.
#[test]
fn a_limit_is_reached() {
    let barrier = Barrier::new(3);
    let mut graph = GraphBuilder::new();
    let three = graph.limit(3);
    for _ in 0..30 {
        let node = graph.node("", (), || _ = barrier.wait());
        graph.limited(node, three);
    }
    let mut graph = graph.build().expect("a valid graph");
    let executor = executor(3);
    for _ in 0..10 {
        graph.run_parallel(&executor).expect("no node fails");
    }
}

/// One node has the only permit and waits for a node without a limit, while others wait for the permit: on
/// two threads that works only if none of these blocks the other thread.
#[test]
fn who_waits_for_a_permit_blocks_no_thread() {
    let meeting = &Barrier::new(2);
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..10 {
        let node = graph.node("", (), move || {
            if number == 0 {
                meeting.wait();
            }
        });
        graph.limited(node, one);
        graph.priority(node, 10 - number);
    }
    let free = graph.node("free", (), || _ = meeting.wait());
    graph.priority(free, -1);
    let mut graph = graph.build().expect("a valid graph");
    for executor in [executor(2), executor(5)] {
        for _ in 0..50 {
            graph.run_parallel(&executor).expect("no node fails");
        }
    }
}
