//! Limits on how many nodes of a group run at once.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, Limit, Permits, RunError, RunOptions, SharedLimit};
use dgraph_tests::yields::yields;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
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

/// Nodes with wishes of one to all permits, some of them under two limits, some commuting at a state.
fn several_permits(runner: &Runner) {
    let (four, two) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let (limit_of_four, limit_of_two) = (graph.limit(4), graph.limit(2));
    let state = graph.state("state", 0_usize);
    let first = graph.node("first", (), || ());
    for number in 0..100 {
        let (wants, also) = (1 + number % 4, number % 3);
        let body = move || {
            let before = [four.fetch_add(wants, SeqCst), two.fetch_add(also, SeqCst)];
            assert!(before[0] + wants <= 4 && before[1] + also <= 2, "{wants} and {also} with {before:?}");
            thread::yield_now();
            four.fetch_sub(wants, SeqCst);
            two.fetch_sub(also, SeqCst);
        };
        let node = match number % 5 {
            0 => graph.node("", (first, state.commute()), move |_: &(), count: &mut usize| {
                body();
                *count += 1;
            }),
            1 => graph.async_node("", first, move |_: &()| async move {
                yields(1).await;
                body();
            }),
            _ => graph.node("", first, move |_: &()| body()),
        };
        graph.limited(node, if wants == 4 { limit_of_four.all() } else { limit_of_four.permits(wants) });
        graph.limited(node, limit_of_two.permits(also)); // none is no limit
        if number % 7 == 0 {
            graph.priority(node, 1);
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=20 {
        runner.typed(&mut graph);
        assert_eq!(*graph.state(state), 20 * run);
    }
}

/// Whoever wants all is alone, without futures too.
fn all_permits(runner: &Runner) {
    let (inside, alone) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let limit = graph.limit(10);
    for number in 0..60 {
        let all = number % 6 == 0;
        let node = graph.node("", (), move || {
            let before = inside.fetch_add(1, SeqCst);
            assert!(alone.load(SeqCst) == 0 && (before == 0 || !all));
            alone.fetch_add(usize::from(all), SeqCst);
            thread::yield_now();
            alone.fetch_sub(usize::from(all), SeqCst);
            inside.fetch_sub(1, SeqCst);
        });
        graph.limited(node, if all { limit.all() } else { limit.into() });
    }
    let mut graph = graph.build().expect("a valid graph");
    (0..20).for_each(|_| _ = runner.typed(&mut graph));
}

over_typed_runners!(a_limit_holds, failures_release_permits, several_permits, all_permits);

/// The large one is more urgent, so the small ones that come behind it wait although there is a permit for
/// each.
#[test]
fn small_wishes_dont_starve_a_large_one() {
    let order = &Mutex::new(Vec::new());
    let (begun, seen) = (&Barrier::new(2), &Barrier::new(2));
    let mut graph = GraphBuilder::new();
    let two = graph.limit(2);
    let holds = graph.node("holds", (), || {
        begun.wait();
        seen.wait();
    });
    graph.priority(holds, 3);
    graph.limited(holds, two);
    let free = graph.node("free", (), || _ = begun.wait());
    graph.priority(free, 2);
    let large = graph.node("large", (), || order.lock().expect("no panic").push("large"));
    graph.priority(large, 1);
    graph.limited(large, two.all());
    for _ in 0..5 {
        let small = graph.node("small", free, |_: &()| order.lock().expect("no panic").push("small"));
        graph.limited(small, two);
    }
    // Comes after the small ones, if these start at all before the first one has ended.
    let last = graph.node("last", free, |_: &()| _ = seen.wait());
    graph.priority(last, -1);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        graph.run_parallel(&executor(2)).expect("no node fails");
        assert_eq!(order.lock().expect("no panic").drain(..).next(), Some("large"));
    }
}

#[test]
fn wishes_that_can_never_be_fulfilled() {
    let rejected = |permits: fn(Limit) -> Permits, at_once: usize| {
        let mut graph = GraphBuilder::new();
        let (limit, node) = (graph.limit(at_once), graph.node("node", (), || ()));
        graph.limited(node, permits(limit));
        graph.build().map(drop).unwrap_err().to_string()
    };
    assert_eq!(rejected(|limit| limit.permits(3), 2), "want more permits than a limit has: node");
    assert_eq!(rejected(Limit::all, 0), "under a limit of 0: node");
    assert_eq!(rejected(Permits::from, 0), "under a limit of 0: node");
    let mut graph = GraphBuilder::new();
    let (limit, node) = (graph.limit(3), graph.node("node", (), || ()));
    graph.limited(node, limit);
    graph.limited(node, limit.permits(2));
    let error = graph.build().map(drop).unwrap_err();
    assert_eq!(error.to_string(), "put under one limit more than once: node");
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || ());
    graph.limited(node, SharedLimit::new(0).all());
    assert_eq!(graph.build().map(drop).unwrap_err().to_string(), "under a limit of 0: node");
}

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
