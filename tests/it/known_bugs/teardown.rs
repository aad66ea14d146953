//! Graphs, runs and executors that go, at whatever moment and however large.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, Dag, FailurePolicy, Graph, GraphBuilder, KeyedGraph, Node, RunOptions};
use dgraph_tests::yields::yields;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::thread;

over_typed_runners!(recursive_drop_of_a_long_chain);

/// Built, run and dropped on a small stack: nothing recurses over the graph. Ten million bare nodes in a row,
/// a million closures, a million futures and a million tasks over keys. (Miri would take days.)
fn recursive_drop_of_a_long_chain(runner: &Runner) {
    const BARE: u32 = if cfg!(miri) { 1_000 } else { 10_000_000 };
    const NODES: u32 = BARE / 10;
    let bare = || {
        let edges: Vec<_> = (1..BARE).map(|node| (node - 1, node)).collect();
        let dag = Dag::from_edges(BARE as usize, &edges).expect("a valid graph");
        let next = AtomicU32::new(0);
        runner.dag(&dag, |node| assert_eq!(next.swap(node.get() + 1, Relaxed), node.get()));
        assert_eq!(next.into_inner(), BARE);
    };
    let typed = |waits: bool| {
        let mut graph = GraphBuilder::new();
        let mut last = graph.node("first", (), || vec![0_u32]);
        for _ in 1..NODES {
            last = if waits {
                graph.async_node("", (last,), async |x: &Vec<u32>| vec![x[0] + 1])
            } else {
                graph.node("", (last,), |x: &Vec<u32>| vec![x[0] + 1])
            };
        }
        let mut graph = graph.build().expect("a valid graph");
        assert_eq!(runner.typed(&mut graph)[last], [NODES - 1]);
    };
    let keyed = || {
        let mut builder = KeyedGraph::builder().task(0, [], |_| 0);
        for key in 1..NODES {
            builder = builder.task(key, [key - 1], |args| args[0] + 1);
        }
        let mut graph = builder.build().expect("a valid graph");
        assert_eq!(runner.dictionary(&mut graph)[&(NODES - 1)], NODES - 1);
    };
    let small_stack = thread::Builder::new().stack_size(256 << 10);
    let run = || {
        bare();
        typed(false);
        typed(true);
        keyed();
    };
    thread::scope(|scope| small_stack.spawn_scoped(scope, run).expect("a thread").join().expect("no panic"));
}

/// Notes when it is dropped, and a second time when that happens twice. Its memory is its own, so that a
/// sanitizer notices too.
struct Payload {
    _memory: Box<u64>,
    dropped: Arc<AtomicUsize>,
}

/// How often each payload was dropped.
#[derive(Clone, Default)]
struct Drops(Arc<std::sync::Mutex<Vec<Arc<AtomicUsize>>>>);

impl Drops {
    fn payload(&self) -> Payload {
        let dropped = Arc::new(AtomicUsize::new(0));
        self.0.lock().expect("no panic").push(Arc::clone(&dropped));
        Payload { _memory: Box::new(7), dropped }
    }

    /// All are gone, each once.
    fn check(&self, ending: &str) {
        let all = self.0.lock().expect("no panic");
        assert!(all.iter().all(|dropped| dropped.load(Relaxed) == 1), "{ending}");
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Relaxed);
    }
}

/// Payloads in a closure, an input, results that are lent, moved and taken, and a future; a node that fails,
/// panics or cancels.
fn graph(
    drops: &Drops,
    ending: &'static str,
    token: &CancelToken,
    gate: &Gate,
) -> (Graph<'static>, Node<Payload>) {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<Payload>("input");
    let (captured, results) = (drops.payload(), drops.clone());
    let made = graph.node("made", (input,), move |_: &Payload| {
        let _ = &captured;
        results.payload()
    });
    let results = drops.clone();
    let moved = graph.node("moved", (made.moved(),), move |made: Payload| {
        drop(made);
        results.payload()
    });
    let (results, gate) = (drops.clone(), gate.clone());
    let waits = graph.async_node("waits", (), move || {
        let (held, gate, results) = (results.payload(), gate.wait(), results.clone());
        async move {
            gate.await;
            yields(1).await;
            drop(held);
            results.payload()
        }
    });
    let (results, token) = (drops.clone(), token.clone());
    let last = graph.try_node("last", (moved, waits), move |_: &Payload, _: &Payload| {
        match ending {
            "failed" => return Err("planned"),
            "panicked" => std::panic::panic_any("planned"),
            "cancelled" => token.cancel(),
            _ => {}
        }
        Ok(results.payload())
    });
    let results = drops.clone();
    graph.node("behind", (last,), move |_: &Payload| results.payload());
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, drops.payload());
    (graph, moved)
}

/// Every way in which graph, run and executor can end, and which of them goes first.
#[test]
fn double_free_at_teardown() {
    let endings = [
        "not run",
        "ended",
        "again",
        "failed",
        "panicked",
        "cancelled",
        "taken",
        "half way",
        "leaves the graph",
    ];
    for ending in endings {
        for threads in [0, 1, 2] {
            for executor_first in [false, true] {
                let (drops, token, gate) = (Drops::default(), CancelToken::new(), Gate::default());
                let (mut graph, moved) = graph(&drops, ending, &token, &gate);
                let executor = executor(threads.max(1));
                let options =
                    RunOptions::new().policy(FailurePolicy::KeepGoing).catch_panics().cancel_token(&token);
                let run = |graph: &mut Graph<'static>| match threads {
                    0 => graph.with(&options).run().map(drop),
                    _ => graph.with(&options).run_parallel(&executor).map(drop),
                };
                match ending {
                    "not run" => {}
                    "half way" => {
                        let mut run = match threads {
                            0 => graph.run_async(),
                            _ => graph.run_parallel_async(&executor),
                        };
                        assert!(Hand::new().poll(&mut run).is_pending(), "the gate is shut");
                    }
                    "leaves the graph" => {
                        drop(graph.spawn(&executor));
                        drops.check(ending);
                        continue;
                    }
                    _ => {
                        gate.open();
                        let ended = run(&mut graph);
                        assert_eq!(ended.is_ok(), !["failed", "panicked", "cancelled"].contains(&ending));
                    }
                }
                match ending {
                    "again" => assert!(run(&mut graph).is_ok()),
                    "taken" => drop(graph.take(moved)),
                    _ => {}
                }
                if executor_first {
                    drop(executor);
                    drop(graph);
                } else {
                    drop(graph);
                    drop(executor);
                }
                drops.check(ending);
            }
        }
    }
}
