//! Nobody waits for ever: futures that wake themselves, floods of nodes, and runs that are one task among
//! others.

use crate::support::gate::{Gate, Hand, yielding_chain};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, GraphBuilder, NoResult, RunError, RunOptions};
use dgraph_tests::yields::yields;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread;

over_typed_runners!(self_waking_futures_of_an_ordered_run_let_others_begin);

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
        graph.with(&RunOptions::new().cancel_token(&token)).run_async(),
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
    assert_eq!((results.get(last), results.get(spinning)), (Ok(&2_000), Err(NoResult::Interrupted)));
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

/// The caller's waker may do anything: here it drops another waker of the graph and wakes that graph's other
/// node.
#[test]
fn a_caller_whose_waker_wakes_nodes() {
    struct Echo(Gate, AtomicBool);
    impl std::task::Wake for Echo {
        fn wake(self: Arc<Self>) {
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
    let echo = Waker::from(Arc::new(Echo(other.clone(), AtomicBool::new(false))));
    let mut run = graph.run_async();
    let poll = |run: &mut dgraph_exec::RunAsync<'_, dgraph_exec::Graph<'_>>| {
        std::pin::Pin::new(run).poll(&mut std::task::Context::from_waker(&echo)).is_ready()
    };
    assert!(!poll(&mut run));
    gate.open();
    assert!(poll(&mut run), "its own wake and the echo's");
    assert_eq!((gate.polls(), other.polls()), (2, 2));
}

/// A flag that futures wait for without a waker: they are polled again and again.
async fn spin_until(flag: &AtomicBool) {
    poll_fn(|context| {
        if flag.load(SeqCst) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Futures that wake themselves, as many as there are threads, wait for a node that nobody has begun.
#[test]
fn futures_that_wake_themselves_keep_no_node_waiting() {
    let flag = Arc::new(AtomicBool::new(false));
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    for _ in 0..5 {
        let flag = Arc::clone(&flag);
        graph.async_node("spin", (), move || {
            let flag = Arc::clone(&flag);
            async move { spin_until(&flag).await }
        });
    }
    let first = graph.node("first", (), || ());
    let second = graph.node("second", (first,), |&(): &()| ());
    let set = Arc::clone(&flag);
    graph.node("set", (second,), move |&(): &()| set.store(true, SeqCst));
    let mut graph = graph.build().unwrap();
    for _ in 0..20 {
        flag.store(false, SeqCst);
        graph.run_parallel(&executor).unwrap();
        flag.store(false, SeqCst);
        pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
    }
}

/// As above, but what they wait for is on the stack of a thread that is in a body, which waits for it too.
#[test]
fn futures_that_wake_themselves_rob() {
    let flag = Arc::new(AtomicBool::new(false));
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let meeting = Arc::new(Barrier::new(2));
    let start = graph.node("start", (), || ());
    let shared = Arc::clone(&flag);
    graph.async_node("spin", (), move || {
        let flag = Arc::clone(&shared);
        async move { spin_until(&flag).await }
    });
    // Both are made ready by one thread, which begins one of them.
    for _ in 0..2 {
        let (meeting, flag) = (Arc::clone(&meeting), Arc::clone(&flag));
        graph.node("meet", (start,), move |&(): &()| {
            meeting.wait();
            flag.store(true, SeqCst);
        });
    }
    let mut graph = graph.build().unwrap();
    for _ in 0..100 {
        flag.store(false, SeqCst);
        graph.run_parallel(&executor).unwrap();
    }
}

/// Two futures that wake each other for ever leave roots to others, and to their own thread.
#[test]
fn futures_that_wake_each_other_keep_no_node_waiting() {
    struct Pair {
        wakers: Mutex<[Option<Waker>; 2]>,
        done: AtomicBool,
    }
    let pair = Arc::new(Pair { wakers: Mutex::default(), done: AtomicBool::new(false) });
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let (until, sets) = (Arc::clone(&pair), Arc::clone(&pair));
    // Keeps one thread busy.
    graph.node("busy", (), move || {
        while !until.done.load(SeqCst) {
            thread::yield_now();
        }
    });
    for place in 0..2 {
        let pair = Arc::clone(&pair);
        graph.async_node("ping", (), move || {
            let pair = Arc::clone(&pair);
            async move {
                poll_fn(|context| {
                    let mut wakers = pair.wakers.lock().unwrap();
                    wakers[place] = Some(context.waker().clone());
                    let other = wakers[1 - place].take();
                    drop(wakers);
                    if let Some(other) = other {
                        other.wake();
                    }
                    if pair.done.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                if let Some(other) = pair.wakers.lock().unwrap()[1 - place].take() {
                    other.wake();
                }
            }
        });
    }
    for _ in 0..40 {
        graph.node("filler", (), || ());
    }
    graph.node("set", (), move || sets.done.store(true, SeqCst));
    let mut graph = graph.build().unwrap();
    for _ in 0..20 {
        pair.done.store(false, SeqCst);
        *pair.wakers.lock().unwrap() = [None, None];
        graph.run_parallel(&executor).unwrap();
    }
}

/// As many as threads, which all wait for a node that comes after them.
fn self_waking_futures_of_an_ordered_run_let_others_begin(runner: &Runner) {
    let over = &AtomicBool::new(false);
    let mut graph = GraphBuilder::new();
    for _ in 0..5 {
        graph.async_node("waits", (), || spin_until(over));
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
