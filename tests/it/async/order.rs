//! Async nodes with limits, priorities and places, and what they took.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, RunOptions};
use dgraph_tests::yields::yields;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

over_typed_runners!(
    a_limit_holds_across_await,
    permits_come_back_from_failures_and_panics,
    priorities_with_one_permit,
    bound_nodes,
    measured_durations,
);

/// How many are inside, and the most that there have been.
#[derive(Default)]
struct Inside(AtomicUsize, AtomicUsize);

impl Inside {
    fn enter(&self) -> Leave<'_> {
        self.1.fetch_max(self.0.fetch_add(1, SeqCst) + 1, SeqCst);
        Leave(&self.0)
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

fn a_limit_holds_across_await(runner: &Runner) {
    let (two, one, met) = (&Inside::default(), &Inside::default(), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let (limit_of_two, limit_of_one) = (graph.limit(2), graph.limit(1));
    for number in 0..100 {
        let node = graph.async_node("", (), move || async move {
            let _inside = two.enter();
            let _alone = (number % 4 == 0).then(|| one.enter());
            yields(number % 3).await;
            // Two that wait for each other are inside together at least once.
            if number == 1 || number == 2 {
                met.fetch_add(1, SeqCst);
                while met.load(SeqCst) < 2 {
                    yields(1).await;
                }
            }
        });
        graph.limited(node, limit_of_two);
        if number % 4 == 0 {
            graph.limited(node, limit_of_one);
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        runner.typed(&mut graph);
    }
    assert_eq!((two.1.load(SeqCst), one.1.load(SeqCst)), (2, 1));
}

fn permits_come_back_from_failures_and_panics(runner: &Runner) {
    let (inside, panics, after) = (&Inside::default(), &AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..12 {
        let node = graph.try_async_node("", (), move || async move {
            let _inside = inside.enter();
            yields(number % 3).await;
            assert!(number != 5 || panics.load(SeqCst) == 0, "planned");
            if number % 2 == 0 { Err("planned") } else { Ok(()) }
        });
        graph.limited(node, one);
        graph.node("", (node,), |(): &()| _ = after.fetch_add(1, SeqCst));
    }
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for _ in 0..5 {
        panics.store(1, SeqCst);
        assert!(catch_unwind(AssertUnwindSafe(|| _ = runner.typed_with(&mut graph, &options))).is_err());
        panics.store(0, SeqCst);
        after.store(0, SeqCst);
        assert!(runner.typed_with(&mut graph, &options).is_err());
        assert_eq!(after.load(SeqCst), 6);
    }
    assert_eq!(inside.1.load(SeqCst), 1);
}

fn priorities_with_one_permit(runner: &Runner) {
    let order = &Mutex::new(Vec::new());
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let first = graph.async_node("first", (), async || yields(1).await);
    graph.limited(first, one);
    for (at, priority) in (0..).zip([3, 9, 0, 5, 9]) {
        let node = graph.async_node("", (first,), move |_: &()| async move {
            yields(2).await;
            order.lock().expect("no panic").push(at);
        });
        graph.limited(node, one);
        graph.priority(node, priority);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        runner.typed(&mut graph);
        assert_eq!(std::mem::take(&mut *order.lock().expect("no panic")), [1, 4, 3, 0, 2]);
    }
}

/// Each poll of a node that is bound to the caller is on that thread.
fn bound_nodes(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let nodes: Vec<_> = (0..20)
        .map(|number| {
            let node = graph.async_node("", (), move || async move {
                let mut threads = vec![thread::current().id()];
                for _ in 0..3 {
                    yields(1).await;
                    threads.push(thread::current().id());
                }
                threads
            });
            if number % 2 == 0 {
                graph.on_caller(node);
            } else {
                graph.on_worker(node, 0);
                graph.limited(node, one);
            }
            node
        })
        .collect();
    let mut graph = graph.build().expect("a valid graph");
    let here = thread::current().id();
    let results = runner.typed(&mut graph);
    for (number, &node) in nodes.iter().enumerate() {
        let threads = &results[node];
        assert!(threads.iter().all(|thread| *thread == threads[0]), "always the same one");
        assert!(number % 2 == 1 || threads[0] == here);
    }
}

/// From its first poll to its end, also while it waited.
fn measured_durations(runner: &Runner) {
    let nap = Duration::from_millis(2);
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || gate.wait());
    let opens = graph.async_node("opens", (), move || async move {
        while gate.polls() == 0 {
            yields(1).await;
        }
        thread::sleep(nap);
        gate.open();
    });
    let fails = graph.try_async_node("fails", (opens,), async |(): &()| Err::<(), _>("planned"));
    let never = graph.async_node("never", (fails,), async |(): &()| {});
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing).measure();
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert!([waits, opens].iter().all(|&node| graph.measured(node).is_some_and(|took| took >= nap)));
    assert!(graph.measured(fails).is_some());
    assert_eq!(graph.measured(never), None);
    graph.prioritize_by_measured();
    assert!(runner.typed_with(&mut graph, &options).is_err());
}

/// A permit belongs to a future that waits, and goes to the next when it is done.
#[test]
fn a_permit_is_held_while_waiting() {
    let gates: Vec<Gate> = (0..5).map(|_| Gate::default()).collect();
    let free = Gate::default();
    let mut graph = GraphBuilder::new();
    let two = graph.limit(2);
    for gate in &gates {
        let node = graph.async_node("", (), move || gate.wait());
        graph.limited(node, two);
    }
    graph.async_node("free", (), || free.wait());
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    let polls = || gates.iter().map(Gate::polls).collect::<Vec<_>>();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((polls(), free.polls()), (vec![1, 1, 0, 0, 0], 1));
    gates[1].open();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!(polls(), [1, 2, 1, 0, 0]);
    // Dropped with permits out: the next run has all of them.
    drop(run);
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!(polls(), [2, 3, 2, 0, 0], "the second one is open");
    gates.iter().chain([&free]).for_each(Gate::open);
    assert!(hand.poll(&mut run).is_ready());
    assert!(gates.iter().all(|gate| gate.polls() > 0));
}
