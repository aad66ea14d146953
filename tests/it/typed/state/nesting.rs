//! States and graphs that are nodes: states of the outer one, of the inner one, and values that go to and
//! fro.

use super::watch::Watch;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{FailurePolicy, Graph, GraphBuilder, NoResult, RunOptions};
use dgraph_tests::yields::yields;
use std::mem;

over_typed_runners!(
    inner_states_are_kept,
    a_graph_that_uses_a_state,
    a_value_moves_in_and_out,
    graphs_at_one_state,
    a_graph_of_futures_that_uses_a_state,
    an_inner_writer_that_fails,
    run_by_a_node_that_has_a_state,
);

/// The outer graph gives access to states of graphs inside, at any depth.
fn inner_states_are_kept(runner: &Runner) {
    let mut innermost = GraphBuilder::new();
    let count = innermost.state("count", 0_u32);
    let number = innermost.node("count", count.write(), |count: &mut u32| {
        *count += 1;
        *count
    });
    let innermost = innermost.build().expect("a valid graph");
    let mut inner = GraphBuilder::new();
    let read = move |inner: &mut Graph<'_>| inner.results()[number] * 10 + inner.results()[count];
    let nested = inner.graph("innermost", (), innermost, |_: &mut Graph<'_>| (), read);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let node = outer.graph("inner", (), inner, |_: &mut Graph<'_>| (), move |inner| inner.results()[nested]);
    let mut outer = outer.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(runner.typed(&mut outer)[node], 11 * run);
        assert_eq!(*outer.state(count), run);
    }
    *outer.state_mut(count) = 8;
    assert_eq!(runner.typed(&mut outer)[node], 99);
}

/// What sets the inputs of a graph is fed the state like any node, and takes its turn.
fn a_graph_that_uses_a_state(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let side = inner.input::<u64>("side");
    let area = inner.node("area", side, |side: &u64| side * side);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let (side_of_outer, scale) = (outer.state("side", 1_u64), outer.state("scale", 3_u64));
    let early = outer.node("early", side_of_outer.read(), |side: &u64| *side);
    let nested = outer.graph(
        "nested",
        (side_of_outer.write(), scale.read()),
        inner,
        move |inner: &mut Graph<'_>, own: &mut u64, scale: &u64| {
            *own += 1;
            inner.set(side, *own * scale);
        },
        move |inner| inner.results()[area],
    );
    let late =
        outer.node("late", (side_of_outer.read(), nested), |side: &u64, area: &u64| side * 1000 + area);
    let mut outer = outer.build().expect("a valid graph");
    for run in 1..=5 {
        let results = runner.typed(&mut outer);
        let (side, area) = (run + 1, (run + 1) * (run + 1) * 9);
        assert_eq!((results[early], results[late]), (run, side * 1000 + area));
    }
}

/// A value without a copy: into a state of the inner graph, and out of it as the node's result, back into the
/// state.
fn a_value_moves_in_and_out(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let inside = inner.state("inside", Vec::new());
    for number in 0..4 {
        inner.node("push", inside.commute(), move |list: &mut Vec<u32>| list.push(number));
    }
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let list = outer.state("list", Vec::with_capacity(64));
    let nested = outer.graph(
        "nested",
        (list.write(),),
        inner,
        move |inner: &mut Graph<'_>, list: &mut Vec<u32>| mem::swap(inner.state_mut(inside), list),
        move |inner| mem::take(inner.state_mut(inside)),
    );
    outer.node("back", (nested.moved(), list.write()), |new: Vec<u32>, list: &mut Vec<u32>| *list = new);
    let length = outer.node("length", list.read(), |list: &Vec<u32>| list.len());
    let mut outer = outer.build().expect("a valid graph");
    let memory = outer.state(list).as_ptr();
    for run in 1..=5 {
        assert_eq!(runner.typed(&mut outer)[length], 4 * run);
        assert_eq!((outer.state(list).as_ptr(), outer.state(inside).len()), (memory, 0));
    }
}

/// Several graphs that are nodes take turns at a state of the outer one, and run side by side with others.
fn graphs_at_one_state(runner: &Runner) {
    let watch = &Watch::default();
    let mut outer = GraphBuilder::new();
    let total = outer.state("total", 0_u64);
    for number in 0..10_u64 {
        let mut inner = GraphBuilder::new();
        let (given, kept) = (inner.input::<u64>("given"), inner.state("kept", 0_u64));
        for _ in 0..5 {
            inner.node("add", (given, kept.commute()), |given: &u64, kept: &mut u64| *kept += given);
        }
        let inner = inner.build().expect("a valid graph");
        let set = move |inner: &mut Graph<'_>, total: &mut u64| {
            let _alone = watch.change();
            *total += number;
            inner.set(given, number);
            *inner.state_mut(kept) = 0;
        };
        let sum = outer.graph("inner", (total.commute(),), inner, set, move |inner| inner.results()[kept]);
        outer.node("check", sum, move |sum: &u64| assert_eq!(*sum, number * 5));
    }
    let read = outer.node("read", total.read(), |total: &u64| *total);
    let mut outer = outer.build().expect("a valid graph");
    for run in 1..=5 {
        assert_eq!(runner.typed(&mut outer)[read], 45 * run);
    }
}

/// It is polled like a future, and complete when its last inner node is.
fn a_graph_of_futures_that_uses_a_state(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let (given, list) = (inner.input::<u32>("given"), inner.state("list", Vec::new()));
    for _ in 0..3 {
        inner.async_node("push", (given, list.write()), async |given: &u32, list: &mut Vec<u32>| {
            list.push(*given);
            yields(1).await;
            list.push(0);
        });
    }
    let length = inner.node("length", list.read(), |list: &Vec<u32>| list.len());
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let number = outer.state("number", 0_u32);
    let set = move |inner: &mut Graph<'_>, number: &mut u32| {
        *number += 1;
        inner.set(given, *number);
        inner.state_mut(list).clear();
    };
    let nested = outer.graph("nested", (number.write(),), inner, set, move |inner| {
        (inner.results()[length], inner.state(list)[4])
    });
    let read =
        outer.async_node("read", (number.read(), nested), async |number: &u32, nested: &(usize, u32)| {
            yields(1).await;
            (*number, *nested)
        });
    let mut outer = outer.build().expect("a valid graph");
    for run in 1..=5 {
        assert_eq!(runner.typed(&mut outer)[read], (run, (6, run)));
    }
}

fn an_inner_writer_that_fails(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let list = inner.state("list", Vec::new());
    inner.try_node("half", list.write(), |list: &mut Vec<u32>| {
        list.push(1);
        if list.len() < 3 { Err("too short") } else { Ok(()) }
    });
    let length = inner.node("length", list.read(), |list: &Vec<u32>| list.len());
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let calls = outer.state("calls", 0);
    let set = |_: &mut Graph<'_>, calls: &mut i32| *calls += 1;
    let nested = outer.graph("nested", (calls.write(),), inner, set, move |inner| inner.results()[length]);
    let read = outer.node("read", calls.read(), |calls: &i32| *calls);
    let mut outer = outer.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for run in 1..=2 {
        let error = runner.typed_with(&mut outer, &options).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: nested/half");
        assert!(matches!(outer.results().get(read), Err(NoResult::Skipped { .. })));
        let cut_off = |names: Vec<_>| names.iter().map(ToString::to_string).collect::<Vec<String>>();
        assert_eq!(cut_off(outer.half_written(list).collect()), ["half"]);
        assert_eq!(cut_off(outer.half_written(calls).collect()), ["nested"]);
        assert_eq!((outer.state(list).len(), *outer.state(calls)), (run, run as i32));
    }
    let results = runner.typed(&mut outer);
    assert_eq!((results[nested], results[read]), (3, 3));
}

/// A graph that lies in a state, run by the nodes that change it; meanwhile others run, but none that uses
/// that state.
fn run_by_a_node_that_has_a_state(runner: &Runner) {
    let watch = &Watch::default();
    let mut inner = GraphBuilder::new();
    let count = inner.state("count", 0_u64);
    let parts: Vec<_> = (0..20).map(|number| inner.node("part", (), move || number)).collect();
    for part in parts {
        inner.node("add", (part, count.commute()), |part: &u64, count: &mut u64| *count += part);
    }
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let world = outer.state("world", inner);
    for _ in 0..6 {
        outer.node("run it", world.commute(), move |world: &mut Graph<'_>| {
            let _alone = watch.change();
            runner.typed(world);
        });
        (0..6).for_each(|_| _ = outer.node("beside", (), || (0..100).sum::<u64>()));
    }
    let seen = outer.node("see", world.read(), move |world: &Graph<'_>| *world.state(count));
    let mut outer = outer.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(runner.typed(&mut outer)[seen], run * 6 * 190);
    }
}
