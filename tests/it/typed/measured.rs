//! What the documentation promises in passing, each so that it would be noticed if it were no longer so.

use crate::support::gate::{Gate, Hand, yields};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    Absent, Executor, FailurePolicy, Graph, GraphBuilder, Node, Results, RunError, RunOptions,
};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    a_failure_ends_an_ordered_run,
    a_panic_ends_an_ordered_run,
    a_deadline_ends_a_future_that_wakes_itself,
    self_waking_futures_of_an_ordered_run_let_others_begin,
    the_policy_reaches_inside,
    what_is_measured_is_the_node,
    what_never_ended_is_not_measured,
);

/// Twenty nodes that don't depend on each other, one at a time and in the order of declaration.
fn one_by_one<'e>(mut body: impl FnMut(usize) -> Result<(), &'static str> + Copy + Send + 'e) -> Graph<'e> {
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..20 {
        let node = graph.try_node(number.to_string(), (), move || body(number));
        graph.limited(node, one);
    }
    graph.build().expect("a valid graph")
}

/// Nodes that have nothing to do with the one that fails don't begin either.
fn a_failure_ends_an_ordered_run(runner: &Runner) {
    let begun = &AtomicUsize::new(0);
    let mut graph = one_by_one(|number| {
        begun.fetch_add(1, SeqCst);
        if number == 5 { Err("planned") } else { Ok(()) }
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("one fails");
    assert_eq!(error.to_string(), "1 node failed: 5");
    assert_eq!(begun.load(SeqCst), 6);
    let not_run = graph.results().absent_nodes().filter(|(_, why)| *why == Absent::NotRun).count();
    assert_eq!(not_run, 14);
}

fn a_panic_ends_an_ordered_run(runner: &Runner) {
    let begun = &AtomicUsize::new(0);
    let mut graph = one_by_one(|number| {
        begun.fetch_add(1, SeqCst);
        assert!(number != 5, "planned");
        Ok(())
    });
    let run = AssertUnwindSafe(|| runner.typed_with(&mut graph, &RunOptions::new()).map(drop));
    assert!(catch_unwind(run).is_err());
    assert_eq!(begun.load(SeqCst), 6);
}

/// On several threads as well: a failure is noticed by those who are far from it.
#[test]
fn a_failure_ends_a_run_of_independent_nodes() {
    for threads in [2, 5] {
        let executor = executor(threads);
        let mut graph = GraphBuilder::new();
        for number in 0..4_001 {
            graph.try_node("", (), move || match number {
                2_000 => Err("planned"),
                _ => {
                    thread::sleep(Duration::from_micros(100));
                    Ok(())
                }
            });
        }
        let mut graph = graph.build().expect("a valid graph");
        let error = graph.run_parallel(&executor).map(drop).expect_err("one fails");
        assert!(matches!(error, RunError::Failed(_)));
        assert!(graph.results().absent_nodes().any(|(_, why)| why == Absent::NotRun), "all have begun");
    }
}

fn a_deadline_ends_a_future_that_wakes_itself(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.async_node("restless", (), || {
        poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        })
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(5));
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it has no end");
    assert!(
        matches!(error, RunError::DeadlineExceeded { interrupted, .. } if interrupted[0].name() == "restless")
    );
}

/// As many as threads, which all wait for a node that comes after them.
fn self_waking_futures_of_an_ordered_run_let_others_begin(runner: &Runner) {
    let over = &AtomicBool::new(false);
    let mut graph = GraphBuilder::new();
    for _ in 0..5 {
        graph.async_node("waits", (), || {
            poll_fn(|context| {
                if over.load(SeqCst) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
        });
    }
    let last = graph.node("last", (), || over.store(true, SeqCst));
    let one = graph.limit(1);
    graph.limited(last, one);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        over.store(false, SeqCst);
        runner.typed(&mut graph);
    }
}

/// A graph as the node of another, which sets and reads nothing.
fn around<'e>(inner: Graph<'e>) -> (Graph<'e>, Node<()>) {
    let mut outer = GraphBuilder::new();
    let node = outer.graph("inner", (), inner, |_: &mut Graph<'e>| {}, |_: Results<'_>| ());
    (outer.build().expect("a valid graph"), node)
}

fn the_policy_reaches_inside(runner: &Runner) {
    for (policy, expected) in [(FailurePolicy::FailFast, 1), (FailurePolicy::KeepGoing, 20)] {
        let (mut graph, _) = around(one_by_one(|_| Err("planned")));
        let options = RunOptions::new().policy(policy);
        let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("all fail");
        assert!(matches!(&error, RunError::Failed(failures) if failures.len() == expected), "{error}");
    }
}

/// Two inner nodes meet, so they have two threads.
#[test]
fn the_executor_reaches_inside() {
    for runner in
        [Runner::Parallel(executor(2)), Runner::Parallel(executor(5)), Runner::Detached(executor(2))]
    {
        let both = &Barrier::new(2);
        let mut inner = GraphBuilder::new();
        for _ in 0..2 {
            inner.node("", (), || _ = both.wait());
        }
        let (mut graph, node) = around(inner.build().expect("a valid graph"));
        for _ in 0..20 {
            let () = runner.typed(&mut graph)[node];
        }
    }
}

/// Not what has gone by since the run began.
fn what_is_measured_is_the_node(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let long = graph.node("long", (), || thread::sleep(Duration::from_millis(100)));
    let short = graph.node("short", (long,), |(): &()| ());
    let future = graph.async_node("future", (long,), async |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &RunOptions::new().measure()).expect("no node fails");
    let took = |node| graph.measured(node).expect("it has ended");
    assert!(took(short) < took(long) && took(future) < took(long));
}

fn what_never_ended_is_not_measured(runner: &Runner) {
    let (calm, gate) = (&AtomicBool::new(true), &Gate::default());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || gate.wait());
    let panics = graph.async_node("panics", (), move || async move {
        // When the other one waits: what hasn't begun keeps what was measured before.
        while !calm.load(SeqCst) && gate.polls() == 1 {
            yields(1).await;
        }
        assert!(calm.load(SeqCst), "planned");
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().measure().catch_panics();
    gate.open();
    runner.typed_with(&mut graph, &options).expect("no node fails");
    assert!(graph.measured(waits).is_some() && graph.measured(panics).is_some());
    gate.shut();
    calm.store(false, SeqCst);
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert_eq!((graph.measured(waits), graph.measured(panics)), (None, None));
}

/// The same for a future whose run is dropped.
#[test]
fn what_was_dropped_is_not_measured() {
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || gate.wait());
    let mut graph = graph.build().expect("a valid graph");
    gate.open();
    graph.run_with(&RunOptions::new().measure()).expect("no node fails");
    gate.shut();
    let mut run = graph.run_async_with(RunOptions::new().measure());
    assert!(Hand::new().poll(&mut run).is_pending());
    drop(run);
    assert_eq!(graph.measured(waits), None);
}

/// Who looks whether a run is finished, again and again, comes to an end: if the system has refused all threads, or when they are gone.
#[cfg_attr(not(target_pointer_width = "64"), ignore = "32 bits can't say how much no system has")]
#[test]
fn without_threads_there_is_nothing_to_wait_for() {
    let graph = || {
        let mut graph = GraphBuilder::new();
        let node = graph.node("", (), || 7);
        (graph.build().expect("a valid graph"), node)
    };
    let none =
        Executor::builder().threads(2).stack_size(usize::MAX / 2).build().expect("one without threads");
    let (graph_of_its_own, node) = graph();
    let spawned = graph_of_its_own.spawn(&none);
    assert!(spawned.is_finished());
    assert_eq!(spawned.join().0.results()[node], 7);

    let mut endless = GraphBuilder::new();
    endless.async_node("", (), async || std::future::pending::<()>().await);
    let executor = executor(2);
    let spawned = endless.build().expect("a valid graph").spawn(&executor);
    assert!(!spawned.is_finished());
    drop(executor);
    assert!(spawned.is_finished());
    assert!(matches!(spawned.join().1, Err(RunError::Cancelled { .. })));
}
