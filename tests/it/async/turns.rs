//! Nobody waits for ever: futures that wake themselves, floods of nodes, and runs that are one task among others.

use crate::support::gate::{Gate, Hand, yielding_chain, yields};
use dgraph_exec::{Absent, CancelToken, GraphBuilder, RunError, RunOptions};
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};

/// It takes turns with other nodes, and the run with other tasks.
#[test]
fn a_future_that_wakes_itself_for_ever() {
    let (spins, others) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let spinning = graph.async_node("spinning", (), || {
        poll_fn(|context| {
            spins.fetch_add(1, SeqCst);
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        })
    });
    let last = yielding_chain(&mut graph, 2_000);
    let mut graph = graph.build().expect("a valid graph");
    let other_task = async {
        while others.fetch_add(1, SeqCst) < 1_000 {
            yields(1).await;
        }
        token.cancel();
    };
    let (error, ()) = pollster::block_on(join(
        graph.run_async_with(RunOptions::new().cancel_token(&token)),
        other_task,
        |ended| ended.map(|_| ()).expect_err("cancelled"),
    ));
    match error {
        RunError::Cancelled { interrupted, .. } => {
            assert!(interrupted.iter().map(|node| node.name()).eq(["spinning"]));
        }
        other => panic!("{other}"),
    }
    let results = graph.results();
    assert_eq!((results.get(last), results.get(spinning)), (Ok(&2_000), Err(Absent::Interrupted)));
    assert!(spins.load(SeqCst) > 1_000, "it was polled between the others");
}

/// Both side by side, as `futures::join!`.
async fn join<A: Future, B: Future, R>(a: A, b: B, map: impl FnOnce(A::Output) -> R) -> (R, B::Output) {
    let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
    let (mut left, mut right, mut map) = (None, None, Some(map));
    poll_fn(|context| {
        if left.is_none() {
            if let Poll::Ready(output) = a.as_mut().poll(context) {
                left = map.take().map(|map| map(output));
            }
        }
        if right.is_none() {
            if let Poll::Ready(output) = b.as_mut().poll(context) {
                right = Some(output);
            }
        }
        if left.is_some() && right.is_some() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    (left.expect("it is done"), right.expect("it is done"))
}

/// Ready nodes by the thousand, and one future that was woken: it doesn't wait for all of them.
#[test]
fn a_flood_of_ready_nodes_delays_no_future() {
    let order = Mutex::new(Vec::new());
    let mut graph = GraphBuilder::new();
    let ran = |what: u32| order.lock().expect("no panic").push(what);
    graph.async_node("", (), async || {
        for _ in 0..10 {
            ran(1);
            yields(1).await;
        }
    });
    for _ in 0..5_000 {
        graph.node("", (), || ran(0));
    }
    let mut graph = graph.build().expect("a valid graph");
    pollster::block_on(graph.run_async()).expect("no failure");
    let order = order.lock().expect("no panic");
    let last = order.iter().rposition(|&what| what == 1).expect("it ran");
    assert!(last < 100, "the tenth turn of the future came after {last} others");
}

/// A run of many ready nodes lets its task do something else now and then, and wakes itself for that.
#[test]
fn a_run_of_many_nodes_yields() {
    let ran = AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    for _ in 0..10_000 {
        graph.node("", (), || ran.fetch_add(1, SeqCst));
    }
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    let mut run = graph.run_async();
    let (mut polls, mut before) = (0, 0);
    while hand.poll(&mut run).is_pending() {
        polls += 1;
        assert_eq!(hand.wakes(), polls);
        let now = ran.load(SeqCst);
        assert!((1..=1_000).contains(&(now - before)));
        before = now;
    }
    assert!(polls >= 10);
    assert_eq!(ran.load(SeqCst), 10_000);
}

/// The caller's waker may do anything: here it drops another waker of the graph and wakes that graph's other node.
#[test]
fn a_caller_whose_waker_wakes_nodes() {
    struct Echo(Gate, AtomicBool);
    impl std::task::Wake for Echo {
        fn wake(self: std::sync::Arc<Self>) {
            if !self.1.swap(true, SeqCst) {
                self.0.open();
            }
        }
    }
    let (gate, other) = (Gate::default(), Gate::default());
    let mut graph = GraphBuilder::new();
    graph.async_node("", (), || gate.wait());
    graph.async_node("", (), || other.wait());
    let mut graph = graph.build().expect("a valid graph");
    let echo = Waker::from(std::sync::Arc::new(Echo(other.clone(), AtomicBool::new(false))));
    let mut run = graph.run_async();
    let poll = |run: &mut dgraph_exec::RunAsync<'_, '_>| {
        std::pin::Pin::new(run).poll(&mut std::task::Context::from_waker(&echo)).is_ready()
    };
    assert!(!poll(&mut run));
    gate.open();
    assert!(poll(&mut run), "its own wake and the echo's");
    assert_eq!((gate.polls(), other.polls()), (2, 2));
}
