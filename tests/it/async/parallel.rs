//! Async nodes on the workers of an executor: runs that are futures, spawned graphs, limits and bound
//! threads.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::executor;
use dgraph_exec::{CancelToken, Executor, Graph, GraphBuilder, Node, RunError, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::future::{Future, pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Waits for what another thread sends, and is woken by it.
struct Mailbox(Mutex<(Option<usize>, Option<Waker>)>);

impl Mailbox {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((None, None))))
    }

    fn put(&self, value: usize) {
        let mut inner = self.0.lock().unwrap();
        inner.0 = Some(value);
        let waker = inner.1.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn get(&self) -> usize {
        poll_fn(|context| {
            let mut inner = self.0.lock().unwrap();
            match inner.0.take() {
                Some(value) => Poll::Ready(value),
                None => {
                    inner.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// A grid in which every node adds its predecessors and one, each async and yielding.
fn grid(side: usize, turns: u32) -> (Graph<'static>, Node<u64>) {
    let mut graph = GraphBuilder::new();
    let mut nodes: Vec<Node<u64>> = Vec::new();
    for place in 0..side * side {
        let above = (place >= side).then(|| nodes[place - side]);
        let left = (place % side > 0).then(|| nodes[place - 1]);
        let before: Vec<_> = above.into_iter().chain(left).collect();
        let node = graph.async_node("", &before[..], move |values: Values<'_, u64>| {
            let sum = values.iter().fold(1_u64, |sum, value| sum.wrapping_add(*value));
            async move {
                yields(turns).await;
                sum
            }
        });
        nodes.push(node);
    }
    (graph.build().unwrap(), *nodes.last().unwrap())
}

fn grid_sum(side: usize) -> u64 {
    let mut sums = vec![0_u64; side * side];
    for place in 0..side * side {
        let above = if place >= side { sums[place - side] } else { 0 };
        let left = if place % side > 0 { sums[place - 1] } else { 0 };
        sums[place] = above.wrapping_add(left).wrapping_add(1);
    }
    sums[side * side - 1]
}

#[test]
fn a_grid_of_yielding_nodes_again_and_again() {
    for threads in [1, 2, 5] {
        let executor = executor(threads);
        for yields in 0..3 {
            let (mut graph, last) = grid(20, yields);
            for _ in 0..20 {
                let results = pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
                assert_eq!(results[last], grid_sum(20));
                assert_eq!(graph.run_parallel(&executor).unwrap()[last], grid_sum(20));
                assert_eq!(graph.run().unwrap()[last], grid_sum(20));
            }
        }
    }
}

#[test]
fn woken_from_another_thread() {
    let executor = executor(2);
    let mail: Vec<_> = (0..50).map(|_| Mailbox::new()).collect();
    let mut graph = GraphBuilder::new();
    let nodes: Vec<_> = mail
        .iter()
        .map(|mailbox| {
            let mailbox = Arc::clone(mailbox);
            graph.async_node("mail", (), move || {
                let mailbox = Arc::clone(&mailbox);
                async move { mailbox.get().await }
            })
        })
        .collect();
    let sum = graph.node("sum", &nodes[..], |values: Values<'_, usize>| values.iter().sum::<usize>());
    let mut graph = graph.build().unwrap();
    for round in 0..20 {
        thread::scope(|scope| {
            scope.spawn(|| mail.iter().enumerate().for_each(|(place, mailbox)| mailbox.put(place + round)));
            let results = pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
            assert_eq!(results[sum], 50 * round + 49 * 25);
        });
    }
}

/// Each of two nodes lets the other one go on.
#[test]
fn futures_that_wait_for_each_other() {
    for threads in [1, 2] {
        let executor = executor(threads);
        let (there, back) = (Mailbox::new(), Mailbox::new());
        let mut graph = GraphBuilder::new();
        let (to, from) = (Arc::clone(&there), Arc::clone(&back));
        let ping = graph.async_node("ping", (), move || {
            let (to, from) = (Arc::clone(&to), Arc::clone(&from));
            async move {
                to.put(1);
                from.get().await
            }
        });
        let pong = graph.async_node("pong", (), move || {
            let (from, to) = (Arc::clone(&there), Arc::clone(&back));
            async move {
                let got = from.get().await;
                to.put(got + 1);
                got
            }
        });
        let mut graph = graph.build().unwrap();
        for _ in 0..50 {
            let results = pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
            assert_eq!((results[ping], results[pong]), (2, 1));
        }
    }
}

struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often something was said.
struct Told(Mutex<mpsc::Receiver<()>>);

impl Told {
    /// Waits until it was said so many times more.
    fn times(&self, times: usize) {
        let told = self.0.lock().unwrap();
        (0..times).for_each(|_| told.recv().unwrap());
    }
}

/// `waiting` nodes that never complete, and one that says when it has run.
fn never_ending(waiting: usize, drops: &Arc<AtomicUsize>) -> (Graph<'static>, Told) {
    let (tell, told) = mpsc::channel();
    let mut graph = GraphBuilder::new();
    for _ in 0..waiting {
        let (drops, tell) = (Arc::clone(drops), tell.clone());
        graph.async_node("waits", (), move || {
            let (counted, tell) = (CountDrop(Arc::clone(&drops)), tell.clone());
            async move {
                let _counted = counted;
                tell.send(()).unwrap();
                pending::<()>().await;
            }
        });
    }
    (graph.build().unwrap(), Told(Mutex::new(told)))
}

#[test]
fn dropping_the_run_drops_each_future_once_here() {
    let executor = executor(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let (mut graph, told) = never_ending(10, &drops);
    for round in 1..30 {
        let mut run = Box::pin(graph.run_parallel_async(&executor));
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        told.times(10);
        drop(run);
        assert_eq!(drops.load(Ordering::Relaxed), 10 * round);
        assert_eq!(graph.results().absent_nodes().count(), 10);
    }
}

#[test]
fn dropped_at_any_moment() {
    let executor = executor(2);
    let (mut graph, last) = grid(15, 1);
    for round in 0..200 {
        let mut run = Box::pin(graph.run_parallel_async(&executor));
        let _ = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        (0..round * 10).for_each(|_| std::hint::spin_loop());
        drop(run);
    }
    let results = pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
    assert_eq!(results[last], grid_sum(15));
    assert_eq!(graph.run().unwrap()[last], grid_sum(15));
}

#[test]
fn cancelled_from_another_thread_while_all_wait() {
    let executor = executor(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let (mut graph, told) = never_ending(5, &drops);
    for _ in 0..20 {
        let token = CancelToken::new();
        let options = RunOptions::new().cancel_token(&token);
        let error = thread::scope(|scope| {
            scope.spawn(|| {
                told.times(5);
                token.cancel();
            });
            pollster::block_on(graph.with(&options).run_parallel_async(&executor)).unwrap_err()
        });
        assert!(matches!(error, RunError::Cancelled { interrupted, .. } if interrupted.len() == 5));
    }
    assert_eq!(drops.load(Ordering::Relaxed), 100);
    // The same, blocking.
    let token = CancelToken::new();
    let options = RunOptions::new().cancel_token(&token);
    thread::scope(|scope| {
        scope.spawn(|| {
            told.times(5);
            token.cancel();
        });
        assert!(graph.with(&options).run_parallel(&executor).is_err());
    });
}

#[test]
fn a_panic_ends_those_who_wait() {
    let executor = executor(2);
    let drops = Arc::new(AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let counted = Arc::clone(&drops);
    graph.async_node("waits", (), move || {
        let counted = CountDrop(Arc::clone(&counted));
        async move {
            let _counted = counted;
            pending::<()>().await;
        }
    });
    graph.async_node("panics", (), async || {
        yields(1).await;
        panic!("at the second poll");
    });
    let mut graph = graph.build().unwrap();
    for round in 1..20 {
        let options = RunOptions::new().catch_panics();
        let error = pollster::block_on(graph.with(&options).run_parallel_async(&executor)).unwrap_err();
        assert!(matches!(error, RunError::Panicked(_)), "{error}");
        assert!(drops.load(Ordering::Relaxed) <= round);
    }
    let run =
        std::panic::AssertUnwindSafe(|| pollster::block_on(graph.run_parallel_async(&executor)).map(drop));
    let payload = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"at the second poll"));
}

#[test]
fn spawned_graphs_run_side_by_side() {
    let executor = executor(2);
    let spawned: Vec<_> = (0..20)
        .map(|_| {
            let (graph, last) = grid(10, 1);
            (graph.spawn(&executor), last)
        })
        .collect();
    for (spawned, last) in spawned {
        let (graph, outcome) = spawned.join();
        outcome.unwrap();
        assert_eq!(graph.results()[last], grid_sum(10));
    }
    let (graph, _) = never_ending(3, &Arc::default());
    drop(graph.spawn(&executor));
}

/// The permit of a node whose future waits is not given to another one.
#[test]
fn a_limit_holds_while_futures_wait() {
    let running = Arc::new(AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let limit = graph.limit(2);
    for _ in 0..50 {
        let running = Arc::clone(&running);
        let node = graph.async_node("", (), move || {
            let running = Arc::clone(&running);
            async move {
                assert!(running.fetch_add(1, Ordering::SeqCst) < 2);
                yields(3).await;
                running.fetch_sub(1, Ordering::SeqCst);
            }
        });
        graph.limited(node, limit);
    }
    let mut graph = graph.build().unwrap();
    let executor = executor(2);
    for _ in 0..20 {
        pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
        graph.run_parallel(&executor).unwrap();
        pollster::block_on(graph.run_async()).unwrap();
    }
}

/// Every poll of a node that is bound to the caller is on the thread that polls the run.
#[test]
fn bound_futures_stay_on_their_threads() {
    let executor = Executor::builder().threads(2).build().unwrap();
    let here = thread::current().id();
    let mut graph = GraphBuilder::new();
    let caller = graph.async_node("caller", (), move || async move {
        for _ in 0..5 {
            assert_eq!(thread::current().id(), here);
            yields(1).await;
        }
    });
    graph.on_caller(caller);
    let worker = graph.async_node("worker", (), move || async move {
        let first = thread::current().id();
        assert_ne!(first, here);
        for _ in 0..5 {
            assert_eq!(thread::current().id(), first);
            yields(1).await;
        }
    });
    graph.on_worker(worker, 1);
    let after = graph.node("after", (caller, worker), |(): &(), (): &()| ());
    graph.on_caller(after);
    let mut graph = graph.build().unwrap();
    for _ in 0..50 {
        pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
        graph.run_parallel(&executor).unwrap();
    }
}

/// Ends when both have been at the same place at the same time.
#[test]
fn futures_are_polled_side_by_side() {
    let executor = executor(2);
    let barrier = Arc::new(Barrier::new(2));
    let mut graph = GraphBuilder::new();
    for _ in 0..2 {
        let barrier = Arc::clone(&barrier);
        graph.async_node("", (), move || {
            let barrier = Arc::clone(&barrier);
            async move {
                yields(1).await;
                barrier.wait();
            }
        });
    }
    let mut graph = graph.build().unwrap();
    for _ in 0..50 {
        pollster::block_on(graph.run_parallel_async(&executor)).unwrap();
    }
}

#[test]
fn on_one_thread_after_a_team_and_the_other_way_round() {
    let (executor, gate, hand) = (executor(2), Gate::default(), Hand::new());
    let mut graph = GraphBuilder::new();
    let shared = gate.clone();
    graph.async_node("node", (), move || shared.wait());
    let mut graph = graph.build().unwrap();
    for round in 0..50 {
        gate.shut();
        let polls = gate.polls();
        {
            // Dropped while it waits.
            let mut run = graph.run_parallel_async(&executor);
            assert!(hand.poll(&mut run).is_pending());
            while round % 2 == 0 && gate.polls() == polls {
                thread::yield_now();
            }
        }
        assert!(hand.poll(&mut graph.run_async()).is_pending());
        gate.open();
        assert!(graph.run_parallel(&executor).is_ok());
        assert!(graph.run().is_ok());
        assert!(pollster::block_on(graph.run_parallel_async(&executor)).is_ok());
        assert!(pollster::block_on(graph.run_async()).is_ok());
    }
}

/// Teams of detached runs are used by others at once: nothing of the owner's sleep is left in them.
#[test]
fn detached_and_blocking_runs_take_turns() {
    let executor = executor(2);
    let mut detached = GraphBuilder::new();
    let a = detached.async_node("a", (), async || 1);
    detached.node("b", (a,), |a: &i32| a + 1);
    let mut detached = detached.build().unwrap();
    let mut blocking = GraphBuilder::new();
    let meeting = Barrier::new(2);
    for _ in 0..2 {
        blocking.node("meet", (), || meeting.wait().is_leader());
    }
    let mut blocking = blocking.build().unwrap();
    for _ in 0..2_000 {
        pollster::block_on(detached.run_parallel_async(&executor)).unwrap();
        blocking.run_parallel(&executor).unwrap();
    }
}
