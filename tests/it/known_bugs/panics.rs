//! Nodes that panic, wherever they are: on bare graphs, graphs over keys and typed ones.

use crate::support::counted::{Counted, Counter};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{Dag, GraphBuilder, KeyedGraph, NoResult, RunError, RunOptions, Values};
use std::panic::{AssertUnwindSafe, panic_any};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

over_typed_runners!(
    panic_at_the_source,
    panic_in_the_middle,
    panic_at_the_sink,
    several_panics,
    panic_in_a_destructor,
);

fn panic_at_the_source(runner: &Runner) {
    (0..30).for_each(|_| of_five(runner, 0));
}

fn panic_in_the_middle(runner: &Runner) {
    (1..4).cycle().take(30).for_each(|culprit| of_five(runner, culprit));
}

fn panic_at_the_sink(runner: &Runner) {
    (0..30).for_each(|_| of_five(runner, 4));
}

/// Of a source, three nodes in the middle and a sink one panics: its payload arrives, nothing behind it
/// starts, what is there is dropped once, and everything can be used again at once.
fn of_five(runner: &Runner, culprit: u32) {
    bare(runner, culprit);
    keyed(runner, culprit);
    typed(runner, culprit);
}

const EDGES: [(u32, u32); 6] = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)];

fn bare(runner: &Runner, culprit: u32) {
    let dag = Dag::from_edges(5, &EDGES).expect("a valid graph");
    let panics = AtomicBool::new(true);
    let started = [const { AtomicUsize::new(0) }; 5];
    let run = || {
        runner.dag(&dag, |node| {
            started[node.index()].fetch_add(1, Relaxed);
            if node.get() == culprit && panics.load(Relaxed) {
                panic_any(Payload(culprit));
            }
        });
    };
    let starts = |node: usize| started[node].load(Relaxed);
    assert_eq!(payload_of::<Payload>(run), Payload(culprit));
    assert_eq!(starts(4), usize::from(culprit == 4), "the sink is behind all others");
    assert_eq!((1..4).map(starts).sum::<usize>() > 0, culprit > 0, "the source is before all others");
    panics.store(false, Relaxed);
    let before: Vec<_> = (0..5).map(starts).collect();
    run();
    assert!((0..5).all(|node| starts(node) == before[node] + 1), "each node once after the panic");
}

fn keyed(runner: &Runner, culprit: u32) {
    let (panics, counter) = (&AtomicBool::new(true), &Counter::default());
    let mut builder = KeyedGraph::builder();
    for key in 0..5 {
        let before: Vec<u32> = EDGES.iter().filter(|edge| edge.1 == key).map(|edge| edge.0).collect();
        builder = builder.task(key, before, move |args| {
            if key == culprit && panics.load(Relaxed) {
                panic_any(Payload(key));
            }
            counter.make(1 + args.iter().map(|arg: &Counted| arg.value).sum::<u64>())
        });
    }
    let mut graph = builder.build().expect("a valid graph");
    let run = AssertUnwindSafe(|| _ = runner.dictionary(&mut graph));
    assert_eq!(payload_of::<Payload>(run), Payload(culprit));
    panics.store(false, Relaxed);
    assert_eq!(runner.dictionary(&mut graph)[&4].value, 7);
    assert_eq!(counter.alive(), 5);
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn typed(runner: &Runner, culprit: u32) {
    let (panics, counter) = (&AtomicBool::new(true), &Counter::default());
    let body = |number: u32| {
        move || {
            if culprit == number && panics.load(Relaxed) {
                panic_any(Payload(number));
            }
            counter.make(number.into())
        }
    };
    let mut graph = GraphBuilder::new();
    let source = graph.node("0", (), body(0));
    let middle = [1, 2, 3].map(|number| {
        let body = body(number);
        graph.node(number.to_string(), (source,), move |_: &Counted| body())
    });
    let last = body(4);
    let sink = graph.node("4", middle, move |_: Values<'_, Counted>| last());
    let nodes = [source, middle[0], middle[1], middle[2], sink];
    let mut graph = graph.build().expect("a valid graph");

    assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(culprit));
    let results = graph.results();
    assert_eq!(results.get(nodes[culprit as usize]).err(), Some(NoResult::Panicked));
    if culprit < 4 {
        let absent = results.get(sink).expect_err("it is behind the panic");
        assert_eq!(absent.to_string(), format!("was skipped because of {culprit}"));
    }
    let there = nodes.iter().filter(|node| results.get(**node).is_ok()).count();
    assert!((culprit.min(1) as usize..=4).contains(&there));
    assert_eq!(usize::try_from(counter.alive()), Ok(there));

    panics.store(false, Relaxed);
    assert_eq!(runner.typed(&mut graph)[sink].value, 4);
    assert_eq!(counter.alive(), 5);
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// A thousand on a bare graph, of which one payload arrives; and two that are under way at once where there
/// are two threads.
fn several_panics(runner: &Runner) {
    let dag = Dag::from_edges(1_000, &[]).expect("a valid graph");
    for _ in 0..50 {
        let payload: Payload = payload_of(|| runner.dag(&dag, |node| panic_any(Payload(node.get()))));
        assert!(payload.0 < 1_000);
    }
    let both = &Barrier::new(2);
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let nodes = ["one", "two"].map(|name| {
        graph.node(name, (), move || {
            both.wait();
            panic_any(name)
        })
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let name: &str = payload_of(|| _ = graph.run_parallel(&executor));
        assert!(["one", "two"].contains(&name));
        assert!(
            nodes.iter().all(|&node: &dgraph_exec::Node<()>| {
                graph.results().get(node) == Err(NoResult::Panicked)
            })
        );
        let options = RunOptions::new().catch_panics();
        let error = graph.with(&options).run_parallel(&executor).expect_err("two panics");
        assert!(matches!(error, RunError::Panicked(panic) if panic.nodes().len() == 2));
    }
}

/// Panics when it is dropped, if it is armed.
struct Bomb<'a> {
    armed: &'a AtomicU32,
    _alive: Counted,
}

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        if self.armed.swap(0, Relaxed) > 0 {
            panic_any(Payload(77));
        }
    }
}

/// Of a result that the next run drops, of an argument that was moved in, of a graph that goes: everything
/// else is dropped all the same, and what is left can be used.
fn panic_in_a_destructor(runner: &Runner) {
    let (counter, armed, argument) = (&Counter::default(), &AtomicU32::new(0), &AtomicU32::new(0));
    let bomb = |armed| Bomb { armed, _alive: counter.make(0) };
    let mut graph = GraphBuilder::new();
    let (input, captured) = (graph.input::<Counted>("input"), counter.make(1));
    graph.node("before", (input,), move |input: &Counted| counter.make(input.value + captured.get()));
    let result = graph.node("bomb", (), move || bomb(armed));
    let moved = graph.node("moved", (), move || bomb(argument));
    let taker = graph.node("taker", (moved.moved(), result), |moved: Bomb<'_>, _: &Bomb<'_>| {
        drop(moved);
        counter.make(2)
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, counter.make(1));
    for round in 0..20 {
        assert_eq!(runner.typed(&mut graph)[taker].value, 2);
        assert_eq!(
            counter.alive(),
            5,
            "the result that was moved is gone, input and captured payload are there"
        );
        let place = if round % 2 == 0 { armed } else { argument };
        place.store(1, Relaxed);
        if round % 4 < 2 {
            assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(77));
        } else {
            let options = RunOptions::new().catch_panics();
            let error = runner.typed_with(&mut graph, &options).expect_err("a panic");
            let culprit = if round % 2 == 0 { "bomb" } else { "taker" };
            assert_eq!(error.to_string(), format!("panicked: {culprit}"));
        }
        let results = graph.results();
        let there = 4 - results.absent_nodes().count();
        assert_eq!(usize::try_from(counter.alive()), Ok(there + 2));
    }
    runner.typed(&mut graph);
    armed.store(1, Relaxed);
    assert_eq!(payload_of::<Payload>(|| drop(graph)), Payload(77));
    assert_eq!(counter.alive(), 0);
}
