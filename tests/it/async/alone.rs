//! Async runs on workers that one thread drives alone, and what makes others break in. Whether a run is
//! driven depends on how long earlier ones took; on an executor of one all are, and on others some of many.

use crate::support::gate::Gate;
use dgraph_exec::{CancelToken, Executor, Graph, GraphBuilder, Node, RunError, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

const RUNS: usize = 24;

fn executor_of(threads: usize) -> Executor {
    Executor::builder().threads(threads).build().unwrap()
}

/// Short nodes in layers of ten, which yield: before `from`, if there is one, or on their own. The last
/// layer.
fn short_nodes(graph: &mut GraphBuilder<'static>, layers: usize, after: &[Node<u64>]) -> Vec<Node<u64>> {
    let mut last = after.to_vec();
    for _ in 0..layers {
        let layer = (0..10).map(|_| {
            graph.async_node("", &last[..], |values: Values<'_, u64>| {
                let sum = values.iter().fold(1_u64, |sum, value| sum.wrapping_add(*value));
                async move {
                    yields(1).await;
                    sum
                }
            })
        });
        last = layer.collect();
    }
    last
}

/// What the last of so many layers gives.
fn sum_of(layers: usize) -> u64 {
    (1..layers).fold(1, |sum, _| sum.wrapping_mul(10).wrapping_add(1))
}

/// Runs the graph many times, and each time in both ways.
fn run_often(graph: &mut Graph<'static>, executor: &Executor, mut each: impl FnMut()) {
    for _ in 0..RUNS {
        each();
        pollster::block_on(graph.run_parallel_async(executor)).unwrap();
        each();
        graph.run_parallel(executor).unwrap();
    }
}

#[test]
fn two_nodes_that_meet_among_short_ones() {
    let executor = executor_of(2);
    let barrier = Arc::new(Barrier::new(2));
    let mut graph = GraphBuilder::new();
    let first = short_nodes(&mut graph, 60, &[]);
    for _ in 0..2 {
        let barrier = Arc::clone(&barrier);
        graph.node("", &first[..1], move |_: Values<'_, u64>| {
            barrier.wait();
        });
    }
    let last = short_nodes(&mut graph, 100, &first);
    let mut graph = graph.build().unwrap();
    run_often(&mut graph, &executor, || ());
    assert_eq!(graph.results()[last[0]], sum_of(160));
}

#[test]
fn a_future_is_woken_while_a_node_blocks() {
    let executor = executor_of(2);
    let gate = Gate::default();
    let (done, wait) = mpsc::channel::<()>();
    let (blocks, blocked) = mpsc::channel::<()>();
    let mut graph = GraphBuilder::new();
    let waits = gate.clone();
    let first = graph.async_node("waits", (), move || {
        let (waits, done) = (waits.clone(), done.clone());
        async move {
            waits.wait().await;
            done.send(()).unwrap();
            1_u64
        }
    });
    let short = short_nodes(&mut graph, 20, &[]);
    let wait = Mutex::new(wait);
    graph.node("blocks", &short[..1], move |_: Values<'_, u64>| {
        blocks.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
    });
    short_nodes(&mut graph, 20, &[first]);
    let mut graph = graph.build().unwrap();
    thread::scope(|scope| {
        let opener = gate.clone();
        scope.spawn(move || {
            for () in blocked {
                opener.open();
            }
        });
        run_often(&mut graph, &executor, || gate.shut());
        drop(graph);
    });
}

/// A letter, and who waits for it.
#[derive(Default)]
struct Mailbox(Mutex<(bool, Option<Waker>)>);

impl Mailbox {
    fn put(&self) {
        let waker = {
            let mut inner = self.0.lock().unwrap();
            inner.0 = true;
            inner.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll_take(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.0.lock().unwrap();
        if std::mem::take(&mut inner.0) {
            return Poll::Ready(());
        }
        inner.1 = Some(context.waker().clone());
        Poll::Pending
    }
}

#[test]
fn nodes_that_wake_each_other() {
    const NODES: usize = 300;
    for threads in [1, 2, 3] {
        let executor = executor_of(threads);
        let boxes: Arc<Vec<Mailbox>> = Arc::new((0..=NODES).map(|_| Mailbox::default()).collect());
        let count = Arc::new(AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        // The last one begins: all others wait for the one behind them.
        for at in 0..NODES {
            let (boxes, count) = (Arc::clone(&boxes), Arc::clone(&count));
            graph.async_node("", (), move || {
                let (boxes, count) = (Arc::clone(&boxes), Arc::clone(&count));
                async move {
                    if at + 1 < NODES {
                        poll_fn(|context| boxes[at + 1].poll_take(context)).await;
                    }
                    boxes[at].put();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut graph = graph.build().unwrap();
        run_often(&mut graph, &executor, || ());
        assert_eq!(count.load(Ordering::Relaxed), 2 * RUNS * NODES);
    }
}

#[test]
fn all_wait_and_are_woken_one_by_one() {
    for threads in [1, 2, 3] {
        let executor = executor_of(threads);
        let gates: Vec<Gate> = (0..5).map(|_| Gate::default()).collect();
        let mut graph = GraphBuilder::new();
        let mut before = None;
        for gate in &gates {
            let gate = gate.clone();
            let waiting = move || {
                let gate = gate.clone();
                async move { gate.wait().await }
            };
            before = Some(match before {
                None => graph.async_node("", (), waiting),
                Some(before) => graph.async_node("", (before,), move |(): &()| waiting()),
            });
        }
        let mut graph = graph.build().unwrap();
        for _ in 0..RUNS {
            gates.iter().for_each(Gate::shut);
            thread::scope(|scope| {
                scope.spawn(|| gates.iter().for_each(Gate::open));
                pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
            });
        }
        assert!(gates.iter().all(|gate| gate.drops() == RUNS));
    }
}

#[test]
fn a_panic_starts_no_dependent() {
    for threads in [1, 2] {
        let executor = executor_of(threads);
        let panics = Arc::new(AtomicUsize::new(1));
        let after = Arc::new(AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        let short = short_nodes(&mut graph, 30, &[]);
        let panicking = Arc::clone(&panics);
        let middle = graph.node("middle", &short[..1], move |_: Values<'_, u64>| {
            assert_eq!(panicking.load(Ordering::Relaxed), 0, "wanted");
            7_u64
        });
        let counted = Arc::clone(&after);
        graph.async_node("after", (middle,), move |_: &u64| {
            counted.fetch_add(1, Ordering::Relaxed);
            yields(1)
        });
        let last = short_nodes(&mut graph, 30, &short);
        let mut graph = graph.build().unwrap();
        for run in 0..RUNS {
            let wanted = run % 3 == 2;
            panics.store(usize::from(wanted), Ordering::Relaxed);
            after.store(0, Ordering::Relaxed);
            let run = || pollster::block_on(graph.run_parallel_async(&executor)).map(|_| ());
            let thrown = catch_unwind(AssertUnwindSafe(run)).is_err();
            assert_eq!(thrown, wanted);
            assert_eq!(after.load(Ordering::Relaxed), usize::from(!wanted));
        }
        panics.store(0, Ordering::Relaxed);
        pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
        assert_eq!(graph.results()[last[0]], sum_of(60));
    }
}

#[test]
fn cancelled_by_a_node() {
    for threads in [1, 2] {
        let executor = executor_of(threads);
        let cancel: Arc<Mutex<Option<CancelToken>>> = Arc::default();
        let mut graph = GraphBuilder::new();
        let never = Gate::default();
        let waits = never.clone();
        graph.async_node("never", (), move || {
            let waits = waits.clone();
            async move { waits.wait().await }
        });
        let short = short_nodes(&mut graph, 30, &[]);
        let token = Arc::clone(&cancel);
        let middle = graph.node("middle", &short[..], move |_: Values<'_, u64>| {
            token.lock().unwrap().take().unwrap().cancel();
            1_u64
        });
        short_nodes(&mut graph, 3, &[middle]);
        let mut graph = graph.build().unwrap();
        for run in 1..=RUNS {
            let token = CancelToken::new();
            *cancel.lock().unwrap() = Some(token.clone());
            let options = RunOptions::new().cancel_token(&token);
            match pollster::block_on(graph.with(&options).run_parallel_async(&executor)) {
                Err(RunError::Cancelled { not_run, interrupted, .. }) => {
                    assert_eq!((not_run.len(), interrupted.len()), (30, 1));
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(never.drops(), run);
        }
    }
}

#[test]
fn dropped_while_a_worker_drives() {
    for threads in [1, 2] {
        let executor = executor_of(threads);
        let (begins, begun) = mpsc::channel::<()>();
        let (go, goes) = mpsc::channel::<()>();
        let goes = Mutex::new(goes);
        let count = Arc::new(AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        let short = short_nodes(&mut graph, 20, &[]);
        let blocks = graph.node("blocks", &short[..], move |_: Values<'_, u64>| {
            begins.send(()).unwrap();
            goes.lock().unwrap().recv().unwrap();
            1_u64
        });
        let counted = Arc::clone(&count);
        graph.node("", (blocks,), move |_: &u64| counted.fetch_add(1, Ordering::Relaxed));
        let mut graph = graph.build().unwrap();
        for _ in 0..RUNS {
            let mut run = Box::pin(graph.run_parallel_async(&executor));
            let first = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(first.is_pending());
            begun.recv().unwrap();
            // It may well return only when the run has been given up.
            go.send(()).unwrap();
            drop(run);
        }
        go.send(()).unwrap();
        let before = count.load(Ordering::Relaxed);
        assert!(before <= RUNS);
        pollster::block_on(pin!(graph.run_parallel_async(&executor))).unwrap();
        assert_eq!(count.load(Ordering::Relaxed), before + 1);
    }
}
