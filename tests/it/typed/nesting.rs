//! Typed graphs in nodes of typed graphs.

use super::failures::with_causes;
use crate::support::counted::{Counted, Counter};
use crate::support::gate::Gate;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Graph, GraphBuilder, Input, Node, RunError, RunOptions};
use dgraph_tests::yields::yields;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

over_typed_runners!(
    a_graph_as_a_node,
    graphs_in_graphs_in_graphs,
    a_graph_run_by_a_closure,
    a_failure_inside,
    a_panic_inside,
    an_input_left_unset_inside,
    values_move_in_and_out,
);

/// The sum of the squares of `0..=count`, `times` over.
fn sums<'e>(count: u64) -> (Graph<'e>, Input<u64>, Node<u64>) {
    let mut graph = GraphBuilder::new();
    let times = graph.input::<u64>("times");
    let squares: Vec<_> =
        (0..=count).map(|n| graph.node("square", (times,), move |times: &u64| n * n * times)).collect();
    let sum = graph.node("sum", &squares, |all: dgraph_exec::Values<'_, u64>| all.iter().sum::<u64>());
    (graph.build().expect("a valid graph"), times, sum)
}

fn a_graph_as_a_node(runner: &Runner) {
    let mut outer = GraphBuilder::new();
    let start = outer.input::<u64>("start");
    let parts: Vec<_> = (0..8)
        .map(|count| {
            let (inner, times, sum) = sums(count);
            let set = move |inner: &mut Graph<'_>, start: &u64| {
                inner.set(times, *start);
            };
            outer.graph(format!("sums {count}"), (start,), inner, set, move |inner| inner.results()[sum])
        })
        .collect();
    let total = outer.node("total", &parts, |parts: dgraph_exec::Values<'_, u64>| parts.iter().sum::<u64>());
    let mut outer = outer.build().expect("a valid graph");
    let once: u64 = (0..8_u64).map(|count| (0..=count).map(|n| n * n).sum::<u64>()).sum();
    for times in 0..10 {
        outer.set(start, times);
        assert_eq!(runner.typed(&mut outer)[total], once * times);
    }
}

fn graphs_in_graphs_in_graphs(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let mut input = graph.input::<u64>("input");
    let mut output = graph.node("output", (input,), |x: &u64| x + 1);
    for _ in 0..12 {
        let inner = graph.build().expect("a valid graph");
        graph = GraphBuilder::new();
        let outer_input = graph.input::<u64>("input");
        let (set, read) = (input, output);
        let middle = graph.graph(
            "inner",
            (outer_input,),
            inner,
            move |inner: &mut Graph<'_>, x: &u64| _ = inner.set(set, x * 2),
            move |inner: &mut Graph<'_>| inner.results()[read],
        );
        input = outer_input;
        output = graph.node("output", (middle, input), |x: &u64, _: &u64| x + 1);
    }
    let mut graph = graph.build().expect("a valid graph");
    for value in 0..5 {
        graph.set(input, value);
        assert_eq!(runner.typed(&mut graph)[output], value * (1 << 12) + 13);
    }
}

fn a_graph_run_by_a_closure(runner: &Runner) {
    let mut outer = GraphBuilder::new();
    let nodes: Vec<_> = (0..20)
        .map(|count| {
            let (mut inner, times, sum) = sums(count);
            inner.set(times, 1);
            outer.node("", (), move || runner.typed(&mut inner)[sum])
        })
        .collect();
    let total = outer.node("total", &nodes, |all: dgraph_exec::Values<'_, u64>| all.iter().sum::<u64>());
    let mut outer = outer.build().expect("a valid graph");
    let expected: u64 = (0..20_u64).map(|count| (0..=count).map(|n| n * n).sum::<u64>()).sum();
    for _ in 0..10 {
        assert_eq!(runner.typed(&mut outer)[total], expected);
    }
}

fn a_failure_inside(runner: &Runner) {
    for waits in [false, true] {
        let mut inner = GraphBuilder::new();
        if waits {
            inner.try_async_node("deep", (), async || {
                yields(2).await;
                Err::<u8, _>("the reason")
            });
        } else {
            inner.try_node("deep", (), || Err::<u8, _>("the reason"));
        }
        let inner = inner.build().expect("a valid graph");
        let mut outer = GraphBuilder::new();
        let part = outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| 1);
        if waits {
            outer.async_node("behind", (part,), async |x: &i32| *x);
        } else {
            outer.node("behind", (part,), |x: &i32| *x);
        }
        let mut outer = outer.build().expect("a valid graph");
        for _ in 0..3 {
            let error = runner.typed_with(&mut outer, &RunOptions::new()).expect_err("it fails inside");
            let causes = ["1 node failed: part/deep", "node part/deep failed", "the reason"];
            assert_eq!(with_causes(&error), causes, "async: {waits}");
        }
    }
}

/// Also of a future, beside one that waits, which is dropped.
fn a_panic_inside(runner: &Runner) {
    for waits in [false, true] {
        let (panics, gate, counter) = (&AtomicBool::new(true), &Gate::default(), &Counter::default());
        let deep = || if panics.load(Relaxed) { panic_any(42_u8) } else { 1 };
        let mut inner = GraphBuilder::new();
        let deep = if waits {
            inner.async_node("beside", (), move || async move {
                let _alive = counter.make(0);
                gate.wait().await;
            });
            inner.async_node("deep", (), move || async move {
                yields(1).await;
                deep()
            })
        } else {
            inner.node("deep", (), deep)
        };
        let inner = inner.build().expect("a valid graph");
        let mut outer = GraphBuilder::new();
        let part = outer.graph(
            "part",
            (),
            inner,
            |_: &mut Graph<'_>| {},
            move |inner: &mut Graph<'_>| inner.results()[deep],
        );
        let mut outer = outer.build().expect("a valid graph");
        for _ in 0..3 {
            panics.store(true, Relaxed);
            gate.shut();
            let payload =
                catch_unwind(AssertUnwindSafe(|| _ = runner.typed(&mut outer))).expect_err("a panic");
            assert_eq!(payload.downcast_ref(), Some(&42_u8), "async: {waits}");
            let options = RunOptions::new().catch_panics();
            let error = runner.typed_with(&mut outer, &options).expect_err("a panic");
            assert_eq!(error.to_string(), "panicked: part/deep", "async: {waits}");
            assert_eq!(counter.alive(), 0, "what waited beside it is gone");
            panics.store(false, Relaxed);
            gate.open();
            assert_eq!(runner.typed(&mut outer)[part], 1, "async: {waits}");
        }
    }
}

fn an_input_left_unset_inside(runner: &Runner) {
    for waits in [false, true] {
        let mut inner = GraphBuilder::new();
        let times = inner.input::<u64>("times");
        let doubled = if waits {
            inner.async_node("doubled", (times,), async |times: &u64| times * 2)
        } else {
            inner.node("doubled", (times,), |times: &u64| times * 2)
        };
        let inner = inner.build().expect("a valid graph");
        let mut outer = GraphBuilder::new();
        outer.graph(
            "part",
            (),
            inner,
            |_: &mut Graph<'_>| {},
            move |inner: &mut Graph<'_>| inner.results()[doubled],
        );
        let mut outer = outer.build().expect("a valid graph");
        let error = runner.typed_with(&mut outer, &RunOptions::new()).expect_err("an input is missing");
        let RunError::Failed(failures) = error else { panic!("{error}") };
        assert_eq!(failures[0].error().to_string(), "inputs not set: times", "async: {waits}");
    }
}

fn values_move_in_and_out(runner: &Runner) {
    let counter = Counter::default();
    let mut inner = GraphBuilder::new();
    let entry = inner.input::<Counted>("entry");
    let exit = inner.node("exit", (entry.moved(),), |mut value: Counted| {
        value.value += 1;
        value
    });
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let made = outer.node("made", (), || counter.make(1));
    let part = outer.graph(
        "part",
        (made.moved(),),
        inner,
        move |inner: &mut Graph<'_>, made: Counted| _ = inner.set(entry, made),
        move |inner: &mut Graph<'_>| inner.take(exit).expect("it has run"),
    );
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..4 {
        assert_eq!(runner.typed(&mut outer)[part].value, 2);
        assert_eq!(counter.alive(), 1);
    }
    drop(outer);
    assert_eq!(counter.alive(), 0);
}

/// Many threads run graphs of their own on one executor.
#[test]
fn many_callers_of_one_executor() {
    let executor = crate::support::runner::executor(2);
    thread::scope(|scope| {
        for count in 0..6 {
            let executor = &executor;
            scope.spawn(move || {
                let (mut graph, times, sum) = sums(count);
                for run in 0..100 {
                    graph.set(times, run);
                    let expected = run * (0..=count).map(|n| n * n).sum::<u64>();
                    assert_eq!(graph.run_parallel(executor).expect("no node fails")[sum], expected);
                }
            });
        }
    });
}
