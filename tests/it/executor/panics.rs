//! Panics, repetition, and what is dropped when.

use crate::support::runner::{Runner, executor, over_all_runners};
use dgraph_exec::{Dag, Executor, ExecutorError, KeyedGraph, NodeId, Pinning};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

over_all_runners!(
    nothing_starts_after_a_panic,
    a_panic_in_a_nested_run,
    usable_after_a_panic,
    run_again,
    results_are_dropped_once,
    results_are_dropped_once_after_a_panic,
    shared_state_of_tasks_lasts,
);

/// The payload that `run` panics with.
fn payload_of<P: 'static>(run: impl FnOnce()) -> P {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    *payload.downcast().unwrap_or_else(|_| panic!("another payload"))
}

#[derive(Debug, PartialEq)]
struct Payload(u32);

fn diamond() -> Dag {
    Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).expect("a valid graph")
}

/// A chain: whatever comes after the culprit depends on it.
fn nothing_starts_after_a_panic(runner: &Runner) {
    let dag = Dag::from_edges(100, &(1..100).map(|node| (node - 1, node)).collect::<Vec<_>>());
    let dag = dag.expect("a valid graph");
    let started = AtomicUsize::new(0);
    let run = || {
        runner.dag(&dag, |node| {
            started.fetch_add(1, Relaxed);
            if node.get() == 41 {
                panic_any(Payload(41));
            }
        });
    };
    payload_of::<Payload>(run);
    assert_eq!(started.into_inner(), 42);
}

fn a_panic_in_a_nested_run(runner: &Runner) {
    let dag = diamond();
    let run = || runner.dag(&dag, |_| runner.dag(&dag, |_| panic_any(Payload(9))));
    assert_eq!(payload_of::<Payload>(run), Payload(9));
}

fn usable_after_a_panic(runner: &Runner) {
    let dag = diamond();
    for _ in 0..100 {
        payload_of::<Payload>(|| {
            runner.dag(&dag, |node| {
                if node.get() == 2 {
                    panic_any(Payload(2));
                }
            });
        });
        let count = AtomicUsize::new(0);
        runner.dag(&dag, |_| {
            count.fetch_add(1, Relaxed);
        });
        assert_eq!(count.into_inner(), 4);
    }
}

fn run_again(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let mut graph = KeyedGraph::builder()
        .task("double", ["call"], |args| args[0] * 2)
        .task("call", [], |_| calls.fetch_add(1, Relaxed))
        .build()
        .expect("a valid graph");
    for run in 0..50 {
        assert_eq!(runner.keyed(&mut graph)["double"], run * 2);
    }
}

/// Counts the live ones of its kind.
struct Counted(Arc<AtomicIsize>);

impl Counted {
    fn new(alive: &Arc<AtomicIsize>) -> Self {
        alive.fetch_add(1, Relaxed);
        Self(Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn results_are_dropped_once(runner: &Runner) {
    let alive = Arc::new(AtomicIsize::new(0));
    let mut graph = KeyedGraph::builder()
        .task(0, [], |_| Counted::new(&alive))
        .task(1, [0, 0], |args| {
            assert_eq!(args.len(), 2);
            Counted::new(&alive)
        })
        .build()
        .expect("a valid graph");
    for _ in 0..3 {
        let mut results = runner.keyed(&mut graph);
        assert_eq!(alive.load(Relaxed), 2);
        drop(results.take(&0));
        assert_eq!(alive.load(Relaxed), 1);
    }
    drop(graph);
    assert_eq!(alive.load(Relaxed), 0);
}

fn results_are_dropped_once_after_a_panic(runner: &Runner) {
    let alive = Arc::new(AtomicIsize::new(0));
    let mut builder = KeyedGraph::builder().task(0, [], |_| Counted::new(&alive));
    for key in 1..50 {
        let alive = &alive;
        builder = builder.task(key, [key - 1], move |_| {
            if key == 30 {
                panic_any(Payload(30));
            }
            Counted::new(alive)
        });
    }
    let mut graph = builder.build().expect("a valid graph");
    for _ in 0..3 {
        payload_of::<Payload>(|| {
            runner.keyed(&mut graph);
        });
        assert_eq!(alive.load(Relaxed), 30, "the results up to the panic are still there");
    }
    drop(graph);
    assert_eq!(alive.load(Relaxed), 0);
}

fn shared_state_of_tasks_lasts(runner: &Runner) {
    let log = Mutex::new(Vec::new());
    let mut graph = KeyedGraph::builder()
        .task("second", ["first"], |_| log.lock().expect("no panic").push(2))
        .task("first", [], |_| log.lock().expect("no panic").push(1))
        .build()
        .expect("a valid graph");
    for _ in 0..2 {
        runner.keyed(&mut graph);
    }
    drop(graph);
    assert_eq!(log.into_inner().expect("no panic"), [1, 2, 1, 2]);
}

#[test]
fn demands_that_cannot_be_met() {
    let build = |pinning| Executor::builder().threads(2).pinning(pinning).build().err();
    assert_eq!(Executor::builder().threads(0).build().err(), Some(ExecutorError::NoThreads));
    assert_eq!(build(Pinning::Cores(vec![])), Some(ExecutorError::NoCores));
    let refused = build(Pinning::Cores(vec![99_999]));
    assert!(matches!(&refused, Some(ExecutorError::CoreRefused { core: 99_999, .. })), "{refused:?}");
    assert_eq!(build(Pinning::None), None);
}

/// The caller keeps all of its cores, whatever executors it makes: the second gets as many workers as the first.
#[test]
fn the_caller_is_never_pinned() {
    let cores = std::thread::available_parallelism().expect("known").get();
    for _ in 0..3 {
        let executor = Executor::new().expect("no special demands");
        assert_eq!(executor.threads(), cores);
        let dag = Dag::from_edges(64, &[]).expect("a valid graph");
        // An executor that is first made on a pinned worker has all cores too.
        let seen = Mutex::new(Vec::new());
        executor.run(&dag, |_: NodeId| {
            let inner = Executor::new().expect("no special demands").threads();
            seen.lock().expect("no panic").push(inner);
        });
        assert_eq!(seen.into_inner().expect("no panic"), [cores; 64]);
        assert_eq!(std::thread::available_parallelism().expect("known").get(), cores);
    }
}

/// An executor is made, used and dropped inside a node of another one.
#[test]
fn an_executor_is_dropped_by_a_node() {
    let outer = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let count = AtomicUsize::new(0);
    for _ in 0..50 {
        outer.run(&pair, |_| {
            executor(2).run(&pair, |_| {
                count.fetch_add(1, Relaxed);
            });
        });
    }
    assert_eq!(count.into_inner(), 200);
}

/// Two chains side by side; a node of the first one panics, wherever it runs: nothing behind it starts.
#[test]
fn dependents_of_a_panicking_node_never_start() {
    let executor = executor(2);
    let dag = Dag::from_edges(40, &(0..38).map(|node| (node, node + 2)).collect::<Vec<_>>());
    let dag = dag.expect("two chains");
    for round in 0..500 {
        let culprit = round % 20 * 2;
        let behind = AtomicUsize::new(0);
        let run = || {
            executor.run(&dag, |node| {
                if node.get() % 2 == 0 && node.get() > culprit {
                    behind.fetch_add(1, Relaxed);
                }
                if node.get() == culprit {
                    panic_any(Payload(culprit));
                }
            });
        };
        assert_eq!(payload_of::<Payload>(run), Payload(culprit));
        assert_eq!(behind.into_inner(), 0, "started after node {culprit} had panicked");
    }
}
