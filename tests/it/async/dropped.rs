//! Runs with async nodes that are dropped, leaked, or polled again: at any moment, by any thread.

use super::endings::Bomb;
use crate::support::counted::Counter;
use crate::support::gate::{Gate, Hand};
use crate::support::runner::executor;
use dgraph_exec::{Graph, GraphBuilder, NoResult, Values};
use std::future::pending;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

/// The run's future, dropped after so many polls: what waits is dropped once, by who drops the run, and never
/// polled again.
#[test]
fn dropped_half_way() {
    let (held, results) = (&Counter::default(), &Counter::default());
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let made = graph.node("made", (), || results.make(1));
    let waits: Vec<_> = (0..10)
        .map(|_| {
            graph.async_node("waits", (made,), move |_: &crate::support::counted::Counted| {
                let held = held.make(1);
                async move {
                    gate.wait().await;
                    held.get()
                }
            })
        })
        .collect();
    let sum = graph.node("sum", &waits, |all: Values<'_, u64>| all.iter().sum::<u64>());
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    for round in 1..=5 {
        gate.shut();
        let mut run = graph.run_async();
        assert!(hand.poll(&mut run).is_pending());
        assert_eq!((held.alive(), results.alive()), (10, 1));
        drop(run);
        assert_eq!((held.alive(), gate.drops()), (0, 20 * round - 10));
        let polls = gate.polls();
        assert!(polls - (20 * round - 10) < round, "at the most one more for each waker of an earlier run");
        gate.wake();
        assert_eq!(gate.polls(), polls, "nothing is polled afterwards");
        let found = graph.results();
        assert_eq!(found.get(made).map(|made| made.value), Ok(1));
        assert!(waits.iter().all(|&node| found.get(node) == Err(NoResult::Interrupted)));
        gate.open();
        assert_eq!(graph.run().expect("the graph can be used again")[sum], 10);
    }
    assert!(gate.dropped_here());
    drop(graph);
    assert_eq!((held.alive(), results.alive()), (0, 0));
}

/// On the thread that drops the run, which isn't the one that polled it.
#[test]
fn dropped_on_another_thread() {
    let gate = Gate::default();
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("", (), || gate.wait());
    let mut graph = graph.build().expect("a valid graph");
    let mut run = graph.run_async();
    assert!(Hand::new().poll(&mut run).is_pending());
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(run);
            assert!(gate.dropped_here());
        });
    });
    assert_eq!((gate.drops(), gate.dropped_here()), (1, false));
    gate.open();
    assert_eq!(graph.run().expect("no failure").get(node), Ok(&()));
}

/// Never polled: nothing has happened, and earlier results are still there.
#[test]
fn dropped_before_its_first_poll() {
    let mut graph = GraphBuilder::new();
    let calls = AtomicUsize::new(0);
    let node = graph.async_node("", (), async || calls.fetch_add(1, SeqCst));
    let mut graph = graph.build().expect("a valid graph");
    graph.run().expect("no failure");
    drop(graph.run_async());
    assert_eq!(graph.results().get(node), Ok(&0));
    assert_eq!(calls.load(SeqCst), 1);
}

/// A future's destructor panics while the run is dropped: there is nobody to tell, and the others are dropped
/// too.
#[test]
fn dropped_with_a_destructor_that_panics() {
    let (bombs, gate) = (&AtomicUsize::new(2), &Gate::default());
    let mut graph = GraphBuilder::new();
    for _ in 0..4 {
        graph.async_node("", (), move || {
            let bomb = Bomb(bombs);
            async move {
                let _bomb = bomb;
                gate.wait().await;
            }
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    let mut run = graph.run_async();
    assert!(Hand::new().poll(&mut run).is_pending());
    drop(run);
    assert_eq!((bombs.load(SeqCst), gate.drops()), (0, 4));
    let absent: Vec<_> = graph.results().absent_nodes().map(|(_, why)| why).collect();
    assert_eq!(absent.iter().filter(|&why| *why == NoResult::Panicked).count(), 2);
    gate.open();
    graph.run().expect("the graph can be used again");
}

/// What the run holds is leaked with it, and using the graph says so.
#[test]
fn leaked() {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    graph.async_node("", (), || {
        let held = counter.make(1);
        async move {
            pending::<()>().await;
            drop(held);
        }
    });
    let mut graph = graph.build().expect("a valid graph");
    let mut run = graph.run_async();
    assert!(Hand::new().poll(&mut run).is_pending());
    // As `mem::forget`, but where leak checkers still see it.
    static LEAKED: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
    LEAKED.store(Box::into_raw(Box::new(run)).cast(), SeqCst);
    let uses: [fn(&mut Graph<'_>); 3] = [
        |graph| _ = graph.run(),
        |graph| _ = graph.results(),
        |graph| _ = pollster::block_on(graph.run_async()),
    ];
    for usage in uses {
        let payload = catch_unwind(AssertUnwindSafe(|| usage(&mut graph))).expect_err("it can't be used");
        let message =
            payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref().copied());
        assert!(message.is_some_and(|message| message.contains("leaked")), "{message:?}");
    }
    drop(graph);
    assert_eq!(counter.alive(), 1, "leaked");
    // Not even begun: nothing is lost.
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("", (), async || 1);
    let mut graph = graph.build().expect("a valid graph");
    mem::forget(graph.run_async());
    assert_eq!(graph.run().expect("no failure")[node], 1);
}

#[test]
fn polled_after_its_end() {
    let mut graph = GraphBuilder::new();
    graph.async_node("", (), async || 1);
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_ready());
    assert!(catch_unwind(AssertUnwindSafe(|| hand.poll(&mut run).is_ready())).is_err());
}

/// The list of wakers stays as the run before has left it.
#[test]
fn a_run_after_one_that_was_dropped_asleep() {
    let gate = Gate::default();
    let mut graph = GraphBuilder::new();
    graph.async_node("node", (), || gate.wait());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        assert!(Hand::new().poll(&mut graph.run_async()).is_pending());
    }
    assert_eq!(gate.polls(), 3);
}

/// A run that is given up waits for a node that runs another graph, whose nodes need two threads.
#[test]
fn a_run_is_given_up_while_a_node_runs_a_graph() {
    for _ in 0..50 {
        let executor = Arc::new(executor(2));
        let (begun, meeting) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let mut graph = GraphBuilder::new();
        let shared = (Arc::clone(&executor), Arc::clone(&begun), Arc::clone(&meeting));
        graph.node("outer", (), move || {
            let (executor, begun, meeting) = &shared;
            let mut inner = GraphBuilder::new();
            for _ in 0..2 {
                inner.node("meet", (), || meeting.wait().is_leader());
            }
            let mut inner = inner.build().unwrap();
            begun.wait();
            // Time for the owner to lie down: nothing depends on it.
            (0..1_000).for_each(|_| thread::yield_now());
            inner.run_parallel(executor).unwrap();
        });
        graph.async_node("waits", (), pending::<()>);
        let mut graph = graph.build().unwrap();
        let mut run = graph.run_parallel_async(&executor);
        assert!(Hand::new().poll(&mut run).is_pending());
        begun.wait();
        drop(run);
    }
}

/// Runs that are given up just after they have begun, on an executor with one place.
#[test]
fn runs_are_given_up_at_once() {
    for threads in [1, 2] {
        let (executor, hand) = (executor(threads), Hand::new());
        let mut graph = GraphBuilder::new();
        let node = graph.node("node", (), || ());
        graph.async_node("waits", (node,), |&(): &()| pending::<()>());
        let mut graph = graph.build().unwrap();
        for _ in 0..3_000 {
            drop(hand.poll(&mut graph.run_parallel_async(&executor)));
        }
    }
}
