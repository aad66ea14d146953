//! Typed graphs on three workers: nodes that wait, limits, bound nodes, runs that are given up.

use super::beside_workers_of;
use crate::pool::shared::Shared;
use crate::sync::model::{UnsafeCell, explore, thread};
use crate::sync::{AtomicUsize, Ordering};
use crate::wake::models::{Gate, block_on};
use crate::{CancelToken, Executor, Graph, GraphBuilder, Node, RunError, RunOptions};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Calls `work` with an executor of three, whose workers live.
fn on_three_workers(work: impl Fn(&Arc<Executor>, &Arc<Shared>) + Send + Sync + 'static) {
    explore(3, move || {
        beside_workers_of(3, 3, |shared| {
            work(&Arc::new(Executor::of_model(Arc::clone(shared), 3)), shared);
        });
    });
}

/// Three nodes that wait for a gate each, behind a common one; two that compute, one of them from what
/// another waits for; and one that adds up all.
fn graph_of(gates: &Arc<[Gate; 3]>) -> (Graph<'static>, Node<usize>) {
    let mut graph = GraphBuilder::new();
    let first = graph.node("first", (), || 1_usize);
    let waiting = [0, 1, 2].map(|gate| {
        let gates = Arc::clone(gates);
        graph.async_node(format!("waits {gate}"), (first,), move |&first: &usize| {
            let gates = Arc::clone(&gates);
            poll_fn(move |context| gates[gate].poll(context).map(|()| first + gate))
        })
    });
    let beside = graph.node("beside", (first,), |first: &usize| first * 10);
    let behind = graph.node("behind", (waiting[1],), |waited: &usize| waited * 100);
    let [a, b, c] = waiting;
    let sum = graph.node(
        "sum",
        (a, b, c, beside, behind),
        |a: &usize, b: &usize, c: &usize, beside: &usize, behind: &usize| a + b + c + beside + behind,
    );
    (graph.build().expect("a valid graph"), sum)
}

const SUM: usize = 1 + 2 + 3 + 10 + 200;

/// What opens the gates, one after the other.
fn opener(gates: &Arc<[Gate; 3]>) -> impl FnOnce() + Send + use<> {
    let gates = Arc::clone(gates);
    move || gates.iter().for_each(Gate::open)
}

/// The owner is a task that sleeps until the run is over. Catches: a wake that tells nobody, a member that
/// doesn't look for woken nodes, an owner that isn't woken at the end.
#[test]
fn run_of_futures_on_workers() {
    on_three_workers(|executor, _| {
        let gates = Arc::default();
        let (mut graph, sum) = graph_of(&gates);
        let other = thread::spawn(opener(&gates));
        assert!(block_on(&mut graph.run_parallel_async(executor)).is_ok());
        assert_eq!(graph.results().get(sum), Ok(&SUM));
        other.join().expect("no panic");
        // The gates are open, and nobody has to wait.
        assert!(block_on(&mut graph.run_parallel_async(executor)).is_ok());
        assert_eq!(graph.results().get(sum), Ok(&SUM));
    });
}

/// Futures that are woken while a caller takes part in the run.
#[test]
fn run_of_futures_beside_a_caller() {
    on_three_workers(|executor, _| {
        let gates = Arc::default();
        let (mut graph, sum) = graph_of(&gates);
        let other = thread::spawn(opener(&gates));
        assert_eq!(graph.run_parallel(executor).expect("no error").get(sum), Ok(&SUM));
        other.join().expect("no panic");
    });
}

/// Futures that only want another turn, once or twice, beside nodes that compute: each is called once in a
/// run, and gives what it should. The executor takes their graph for an earlier one, which has none. Catches:
/// a node that two members have; a walk in step through futures.
fn turns(run: fn(&mut Graph<'static>, &Executor)) {
    on_three_workers(move |executor, _| {
        let mut plain = GraphBuilder::new();
        (0..7).for_each(|_| _ = plain.node("", (), || ()));
        let mut plain = plain.build().expect("a valid graph");
        (0..4).for_each(|_| assert!(plain.run_parallel(executor).is_ok()));
        let mut graph = GraphBuilder::new();
        let called: Arc<[AtomicUsize; 7]> = Arc::default();
        let nodes: Vec<Node<usize>> = (0..7)
            .map(|node| {
                let called = Arc::clone(&called);
                let call = move || called[node].fetch_add(1, Ordering::Relaxed);
                if node % 3 != 0 {
                    return graph.node("", (), move || {
                        call();
                        node
                    });
                }
                graph.async_node("", (), move || {
                    call();
                    let mut turns = node / 3;
                    poll_fn(move |context| {
                        if turns == 0 {
                            return Poll::Ready(node);
                        }
                        turns -= 1;
                        context.waker().wake_by_ref();
                        Poll::Pending
                    })
                })
            })
            .collect();
        let mut graph = graph.build().expect("a valid graph");
        for runs in 1..=3 {
            run(&mut graph, executor);
            for (number, &node) in nodes.iter().enumerate() {
                assert_eq!(graph.results().get(node), Ok(&number));
                assert_eq!(called[number].load(Ordering::Relaxed), runs);
            }
        }
    });
}

#[test]
fn runs_of_futures_that_want_another_turn() {
    turns(|graph, executor| assert!(graph.run_parallel(executor).is_ok()));
}

#[test]
fn runs_on_workers_of_futures_that_want_another_turn() {
    turns(|graph, executor| assert!(block_on(&mut graph.run_parallel_async(executor)).is_ok()));
}

/// Two graphs at once, whose futures wake through the same executor.
#[test]
fn runs_of_futures_at_once() {
    on_three_workers(|executor, _| {
        let gates = [Arc::default(), Arc::default()];
        let [(mut first, a), (mut second, b)] = gates.each_ref().map(graph_of);
        let openers = gates.each_ref().map(|gates| thread::spawn(opener(gates)));
        let mut run = second.run_parallel_async(executor);
        let over = Pin::new(&mut run).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        assert_eq!(first.run_parallel(executor).expect("no error").get(a), Ok(&SUM));
        assert!(over || block_on(&mut run).is_ok());
        drop(run);
        assert_eq!(second.results().get(b), Ok(&SUM));
        openers.into_iter().for_each(|opener| opener.join().expect("no panic"));
    });
}

/// The future of the run is dropped while the workers are anywhere, and wakers come; the graph can be used
/// again at once. Catches: an end that doesn't wait for helpers, futures that outlive their run.
#[test]
fn run_of_futures_that_is_given_up() {
    on_three_workers(|executor, _| {
        let gates = Arc::default();
        let (mut graph, sum) = graph_of(&gates);
        let other = thread::spawn(opener(&gates));
        let mut run = graph.run_parallel_async(executor);
        let _ = Pin::new(&mut run).poll(&mut Context::from_waker(Waker::noop()));
        drop(run);
        assert_eq!(graph.run_parallel(executor).expect("no error").get(sum), Ok(&SUM));
        other.join().expect("no panic");
        drop(graph);
        assert_eq!(Arc::strong_count(&gates), 1);
    });
}

/// A token is cancelled by another thread at any moment, of a run that doesn't end by itself. Catches: a
/// cancel that wakes nobody.
#[test]
fn run_of_futures_that_is_cancelled() {
    on_three_workers(|executor, _| {
        let gates = Arc::default();
        let (mut graph, _) = graph_of(&gates);
        let token = CancelToken::new();
        let same = token.clone();
        let other = thread::spawn(move || same.cancel());
        let options = RunOptions::new().cancel_token(&token);
        let ended = block_on(&mut graph.with(&options).run_parallel_async(executor));
        assert!(matches!(ended, Err(RunError::Cancelled { .. })));
        other.join().expect("no panic");
        drop(graph);
        assert_eq!(Arc::strong_count(&gates), 1);
    });
}

/// The executor is shut down while its workers run a graph that doesn't end by itself. Catches: a shutdown
/// that wakes no owner.
#[test]
fn run_of_futures_against_shutdown() {
    on_three_workers(|executor, shared| {
        let gates = Arc::default();
        let (mut graph, _) = graph_of(&gates);
        let other = {
            let shared = Arc::clone(shared);
            thread::spawn(move || shared.shut_down())
        };
        let ended = block_on(&mut graph.run_parallel_async(executor));
        assert!(matches!(ended, Err(RunError::Cancelled { .. })));
        other.join().expect("no panic");
    });
}

/// What the nodes of an ordered run count.
#[derive(Default)]
struct Counts {
    inside: AtomicUsize,
    ran: AtomicUsize,
    exclusive: Exclusive,
}

/// For nodes of which one runs at a time.
struct Exclusive(UnsafeCell<()>);

impl Default for Exclusive {
    fn default() -> Self {
        Self(UnsafeCell::new(()))
    }
}

/// Five nodes of which two may run at once, two of which one may; some of them bound to a thread; and a last
/// one after all.
fn ordered_graph(counts: &Arc<Counts>) -> Graph<'static> {
    let mut graph = GraphBuilder::new();
    let (two, one) = (graph.limit(2), graph.limit(1));
    for index in 0..7 {
        let counts = Arc::clone(counts);
        let node = graph.node(format!("node {index}"), (), move || {
            if index < 5 {
                assert!(counts.inside.fetch_add(1, Ordering::Relaxed) < 2, "a limit of two");
                counts.inside.fetch_sub(1, Ordering::Relaxed);
            } else {
                counts.exclusive.0.with_mut(|_| ());
            }
            counts.ran.fetch_add(1, Ordering::Relaxed);
        });
        graph.limited(node, if index < 5 { two } else { one });
        graph.priority(node, index % 3);
        match index {
            0 => graph.on_caller(node),
            1 | 5 => graph.on_worker(node, 0),
            2 => graph.on_worker(node, 2),
            _ => {}
        }
    }
    graph.build().expect("a valid graph")
}

/// Catches: a permit that isn't taken or isn't given back, a thread that isn't called for what only it can
/// run.
#[test]
fn run_in_order_under_limits() {
    on_three_workers(|executor, _| {
        let counts = Arc::default();
        let mut graph = ordered_graph(&counts);
        for runs in 1..=2 {
            assert!(graph.run_parallel(executor).is_ok());
            assert_eq!(counts.ran.load(Ordering::Relaxed), 7 * runs);
        }
    });
}

/// Limits in a run without a caller: the owner comes by for its node.
#[test]
fn run_in_order_under_limits_on_workers() {
    on_three_workers(|executor, _| {
        let counts = Arc::default();
        let mut graph = ordered_graph(&counts);
        assert!(block_on(&mut graph.run_parallel_async(executor)).is_ok());
        assert_eq!(counts.ran.load(Ordering::Relaxed), 7);
    });
}

/// One node at a time, of which one is the owner's: when it has fallen asleep it may be wanted, no longer
/// when a worker has the permit, and then again. (An owner that goes by a second look is not caught: the
/// window is a few steps wide.)
#[test]
fn run_in_order_of_an_owner_wanted_on_and_off() {
    on_three_workers(|executor, _| {
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        for index in 0..4 {
            let node = graph.node(format!("node {index}"), (), || ());
            graph.limited(node, one);
            if index == 3 {
                graph.on_caller(node);
            }
        }
        let mut graph = graph.build().expect("a valid graph");
        assert!(block_on(&mut graph.run_parallel_async(executor)).is_ok());
    });
}

/// Two ordered runs at once that want the same workers, one of them within a node of a third.
#[test]
fn runs_in_order_that_want_the_same_workers() {
    on_three_workers(|executor, _| {
        let counts: [Arc<Counts>; 2] = Default::default();
        let [first, second] = counts.each_ref().map(Arc::clone);
        let other = {
            let executor = Arc::clone(executor);
            thread::spawn(move || assert!(ordered_graph(&first).run_parallel(&executor).is_ok()))
        };
        let within = Arc::clone(executor);
        let mut outer = GraphBuilder::new();
        let inner = outer.node("inner", (), move || {
            assert!(ordered_graph(&second).run_parallel(&within).is_ok());
        });
        outer.on_worker(inner, 0);
        assert!(outer.build().expect("a valid graph").run_parallel(executor).is_ok());
        other.join().expect("no panic");
        assert!(counts.iter().all(|counts| counts.ran.load(Ordering::Relaxed) == 7));
    });
}
