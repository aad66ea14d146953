//! Graphs with async nodes in nodes of graphs.

use crate::support::gate::{Gate, Hand, lent, waiting_for};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{CancelToken, Graph, GraphBuilder, Input, Node, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::thread;

over_typed_runners!(
    async_nodes_inside,
    three_deep,
    inside_and_outside_wait_for_each_other,
    a_cancel_reaches_inside,
    run_by_a_closure,
);

/// `x`, doubled by a future.
fn double<'e>(turns: u32) -> (Graph<'e>, Input<u64>, Node<u64>) {
    let mut graph = GraphBuilder::new();
    let x = graph.input::<u64>("x");
    let turns = lent(turns);
    let doubled = graph.async_node("doubled", (x,), async move |x: &u64| {
        yields(*turns).await;
        x * 2
    });
    (graph.build().expect("a valid graph"), x, doubled)
}

fn async_nodes_inside(runner: &Runner) {
    let mut outer = GraphBuilder::new();
    let start = outer.input::<u64>("start");
    let parts: Vec<_> = (0..8)
        .map(|turns| {
            let (inner, x, doubled) = double(turns);
            let set = move |inner: &mut Graph<'_>, start: &u64| {
                inner.set(x, *start + u64::from(turns));
            };
            outer.graph("part", (start,), inner, set, move |inner: &mut Graph<'_>| inner.results()[doubled])
        })
        .collect();
    let total = outer.node("total", &parts, |parts: Values<'_, u64>| parts.iter().sum::<u64>());
    let mut outer = outer.build().expect("a valid graph");
    for value in 0..10 {
        outer.set(start, value);
        assert_eq!(runner.typed(&mut outer)[total], 16 * value + 56);
    }
}

fn three_deep(runner: &Runner) {
    let (mut inner, mut x, mut out) = double(1);
    for turns in (0..3).map(lent) {
        let mut graph = GraphBuilder::new();
        let input = graph.input::<u64>("input");
        let (set, read) = (x, out);
        let part = graph.graph(
            "part",
            (input,),
            inner,
            move |inner: &mut Graph<'_>, value: &u64| _ = inner.set(set, *value),
            move |inner: &mut Graph<'_>| inner.results()[read],
        );
        out = graph.async_node("out", (part,), async move |part: &u64| {
            yields(*turns).await;
            part + 1
        });
        x = input;
        inner = graph.build().expect("a valid graph");
    }
    for value in 0..5 {
        inner.set(x, value);
        assert_eq!(runner.typed(&mut inner)[out], 2 * value + 3);
    }
}

/// An inner node waits for an outer one and the other way round: the outer run doesn't block in its inner
/// one.
fn inside_and_outside_wait_for_each_other(runner: &Runner) {
    let (in_gate, out_gate) = (&Gate::default(), &Gate::default());
    let mut inner = GraphBuilder::new();
    inner.async_node("inside", (), move || async move {
        out_gate.open();
        in_gate.wait().await;
    });
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    outer.async_node("outside", (), move || async move {
        out_gate.wait().await;
        in_gate.open();
    });
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..20 {
        in_gate.shut();
        out_gate.shut();
        runner.typed(&mut outer);
    }
}

fn a_cancel_reaches_inside(runner: &Runner) {
    let (begun, never) = (&Gate::default(), &Gate::default());
    let mut inner = GraphBuilder::new();
    inner.async_node("waits", (), move || {
        begun.open();
        never.wait()
    });
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let part = outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    outer.node("behind", (part,), |(): &()| unreachable!("it is cancelled"));
    let mut outer = outer.build().expect("a valid graph");
    for round in 1..=10 {
        begun.shut();
        let token = CancelToken::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                pollster::block_on(begun.wait());
                token.cancel();
            });
            let options = RunOptions::new().cancel_token(&token);
            let error = runner.typed_with(&mut outer, &options).expect_err("cancelled");
            assert_eq!(error.to_string(), "cancelled, 1 node interrupted: part; 1 node did not run: behind");
        });
        assert_eq!(never.drops(), round);
    }
}

/// An ordinary node that runs a graph with async nodes to its end.
fn run_by_a_closure(runner: &Runner) {
    let mut outer = GraphBuilder::new();
    let nodes: Vec<_> = (0..6)
        .map(|turns| {
            let (mut inner, x, doubled) = double(turns);
            inner.set(x, u64::from(turns));
            outer.node("", (), move || runner.typed(&mut inner)[doubled])
        })
        .collect();
    let total = outer.node("total", &nodes, |all: Values<'_, u64>| all.iter().sum::<u64>());
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..5 {
        assert_eq!(runner.typed(&mut outer)[total], 30);
    }
}

/// What waits inside is dropped with the outer run, and the inner graph can be used again through it.
#[test]
fn dropped_half_way() {
    let gates: Vec<Gate> = (0..3).map(|_| Gate::default()).collect();
    let mut outer = GraphBuilder::new();
    for gate in &gates {
        outer.graph("part", (), waiting_for([gate]), |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    }
    let mut outer = outer.build().expect("a valid graph");
    let hand = Hand::new();
    for round in 1..=5 {
        gates.iter().for_each(Gate::shut);
        let mut run = outer.run_async();
        assert!(hand.poll(&mut run).is_pending());
        gates[1].open();
        assert!(hand.poll(&mut run).is_pending());
        let wakes = hand.wakes();
        drop(run);
        assert!(gates.iter().all(|gate| gate.drops() == 2 * round - 1));
        gates.iter().for_each(Gate::wake);
        assert_eq!((hand.wakes(), hand.wakers()), (wakes, 0));
        gates.iter().for_each(Gate::open);
        assert!(hand.poll(&mut outer.run_async()).is_ready());
    }
    // Wakers of earlier runs may lead to one more each.
    let needed = [10, 15, 10];
    assert!(gates.iter().zip(needed).all(|(gate, needed)| (needed..needed + 5).contains(&gate.polls())));
}

/// A wake inside goes through the inner graph's list and the outer one's, and polls nobody else.
#[test]
fn only_who_was_woken_is_polled() {
    let gates: Vec<Gate> = (0..6).map(|_| Gate::default()).collect();
    let mut outer = GraphBuilder::new();
    for pair in gates.chunks(2) {
        outer.graph("part", (), waiting_for(pair), |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    }
    let mut outer = outer.build().expect("a valid graph");
    let hand = Hand::new();
    let mut run = outer.run_async();
    assert!(hand.poll(&mut run).is_pending());
    for (count, gate) in (1..).zip(&gates) {
        gate.open();
        assert_eq!(hand.wakes(), count);
        assert_eq!(hand.poll(&mut run).is_ready(), count == 6);
        assert_eq!(gates.iter().map(Gate::polls).sum::<usize>(), 6 + count);
    }
}
