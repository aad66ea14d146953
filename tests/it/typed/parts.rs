//! Typed graphs: runs of a part of the graph, by targets and by what has changed.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{AnyNode, Graph, GraphBuilder, Input, NoResult, Node, Results, RunOptions};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

over_typed_runners!(
    only_what_the_targets_need,
    only_needed_inputs_have_to_be_set,
    order_only_predecessors_are_needed,
    update_runs_what_inputs_reach,
    update_runs_everything_once,
    update_after_a_failure_runs_what_is_missing,
    update_of_targets_leaves_the_rest_outdated,
    results_that_are_gone_are_made_again,
    moved_results_are_made_again_with_their_taker,
    a_moved_input_has_to_be_set_again,
);

/// Counts the calls of its nodes.
#[derive(Default)]
struct Calls([AtomicU32; 6]);

impl Calls {
    fn note(&self, node: usize) {
        self.0[node].fetch_add(1, Relaxed);
    }

    /// How often each node has run since this was last asked.
    fn since(&self) -> [u32; 6] {
        std::array::from_fn(|node| self.0[node].swap(0, Relaxed))
    }
}

struct Diamonds<'e> {
    graph: Graph<'e>,
    left: Input<u32>,
    right: Input<u32>,
    nodes: [Node<u32>; 6],
}

/// `left ─▶ 0 ─▶ 1 ─▶ 4 ─▶ 5`, `right ─▶ 2 ─▶ 4`, `2 ─▶ 3`.
fn two_inputs(calls: &Calls) -> Diamonds<'_> {
    let mut graph = GraphBuilder::new();
    let (left, right) = (graph.input("left"), graph.input("right"));
    let one = |node: usize| {
        move |x: &u32| {
            calls.note(node);
            x + 1
        }
    };
    let n0 = graph.node("0", (left,), one(0));
    let n1 = graph.node("1", (n0,), one(1));
    let n2 = graph.node("2", (right,), one(2));
    let n3 = graph.node("3", (n2,), one(3));
    let n4 = graph.node("4", (n1, n2), |x: &u32, y: &u32| {
        calls.note(4);
        x * 100 + y
    });
    let n5 = graph.node("5", (n4,), one(5));
    let graph = graph.build().expect("a valid graph");
    Diamonds { graph, left, right, nodes: [n0, n1, n2, n3, n4, n5] }
}

fn updating() -> RunOptions {
    RunOptions::new().update()
}

/// A run of what has changed, in which no node fails.
fn update<'g>(runner: &Runner, graph: &'g mut Graph<'_>) -> Results<'g> {
    runner.typed_with(graph, &updating()).expect("no node fails")
}

fn only<N: Into<AnyNode>>(targets: impl IntoIterator<Item = N>) -> RunOptions {
    RunOptions::new().only(targets)
}

fn only_what_the_targets_need(runner: &Runner) {
    let calls = Calls::default();
    let Diamonds { mut graph, left, right, nodes } = two_inputs(&calls);
    graph.set(left, 1);
    graph.set(right, 1);
    for _ in 0..3 {
        let results = runner.typed_with(&mut graph, &only([nodes[1], nodes[3]])).expect("no node fails");
        assert_eq!((results[nodes[1]], results[nodes[3]]), (3, 3));
        assert_eq!(results.get(nodes[4]), Err(NoResult::NotNeeded));
        assert_eq!(calls.since(), [1, 1, 1, 1, 0, 0]);
        runner.typed_with(&mut graph, &only([nodes[5]])).expect("no node fails");
        assert_eq!(calls.since(), [1, 1, 1, 0, 1, 1]);
        runner.typed_with(&mut graph, &only([left.any(), nodes[0].any()])).expect("no node fails");
        assert_eq!(calls.since(), [1, 0, 0, 0, 0, 0]);
        runner.typed_with(&mut graph, &only::<AnyNode>([])).expect("no node fails");
        assert_eq!(calls.since(), [0; 6]);
        runner.typed(&mut graph);
        assert_eq!(calls.since(), [1; 6]);
    }
}

fn only_needed_inputs_have_to_be_set(runner: &Runner) {
    let calls = Calls::default();
    let Diamonds { mut graph, left, right: _, nodes } = two_inputs(&calls);
    graph.set(left, 5);
    assert_eq!(runner.typed_with(&mut graph, &only([nodes[1]])).expect("enough inputs")[nodes[1]], 7);
    let error = runner.typed_with(&mut graph, &only([nodes[4]])).expect_err("an input is missing");
    assert_eq!(error.to_string(), "inputs not set: right");
    assert_eq!(graph.results()[nodes[1]], 7, "nothing has changed");
    assert_eq!(calls.since(), [1, 1, 0, 0, 0, 0]);
}

fn order_only_predecessors_are_needed(runner: &Runner) {
    let calls = Calls::default();
    let mut graph = GraphBuilder::new();
    let before = graph.node("before", (), || calls.note(0));
    let target = graph.node("target", (), || calls.note(1));
    graph.node("other", (), || calls.note(2));
    graph.after(target, [before]);
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &only([target])).expect("no node fails");
    assert_eq!(calls.since(), [1, 1, 0, 0, 0, 0]);
}

fn update_runs_what_inputs_reach(runner: &Runner) {
    let calls = Calls::default();
    let Diamonds { mut graph, left, right, nodes } = two_inputs(&calls);
    graph.set(left, 1);
    graph.set(right, 1);
    assert_eq!(update(runner, &mut graph)[nodes[5]], 303);
    assert_eq!(calls.since(), [1; 6]);
    for value in 2..6 {
        graph.set(left, value);
        let results = update(runner, &mut graph);
        assert_eq!((results[nodes[5]], results[nodes[3]]), ((value + 2) * 100 + 3, 3));
        assert_eq!(calls.since(), [1, 1, 0, 0, 1, 1]);
    }
    *graph.input_mut(right).expect("it is set") = 7;
    assert_eq!(update(runner, &mut graph)[nodes[5]], 709);
    assert_eq!(calls.since(), [0, 0, 1, 1, 1, 1]);
    for _ in 0..3 {
        assert_eq!(update(runner, &mut graph)[nodes[5]], 709);
        assert_eq!(calls.since(), [0; 6]);
    }
    graph.set(right, 8);
    runner.typed(&mut graph);
    assert_eq!(calls.since(), [1; 6]);
    update(runner, &mut graph);
    assert_eq!(calls.since(), [0; 6], "the whole run has seen the change");
}

fn update_runs_everything_once(runner: &Runner) {
    let calls = Calls::default();
    let Diamonds { mut graph, left, right, nodes } = two_inputs(&calls);
    let error = runner.typed_with(&mut graph, &updating()).expect_err("inputs are missing");
    assert_eq!(error.to_string(), "inputs not set: left, right");
    graph.set(left, 1);
    graph.set(right, 1);
    runner.typed_with(&mut graph, &only([nodes[0]])).expect("no node fails");
    update(runner, &mut graph);
    assert_eq!(calls.since(), [1; 6], "what was not needed before has run now");
}

fn update_after_a_failure_runs_what_is_missing(runner: &Runner) {
    let calls = Calls::default();
    let fails = AtomicU32::new(1);
    let mut graph = GraphBuilder::new();
    let good = graph.node("good", (), || calls.note(0));
    let bad = graph.try_node("bad", (good,), |(): &()| {
        calls.note(1);
        if fails.load(Relaxed) == 1 { Err("no") } else { Ok(()) }
    });
    graph.node("behind", (bad,), |(): &()| calls.note(2));
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &updating()).expect_err("it fails");
    assert_eq!(calls.since(), [1, 1, 0, 0, 0, 0]);
    runner.typed_with(&mut graph, &updating()).expect_err("it fails again");
    assert_eq!(calls.since(), [0, 1, 0, 0, 0, 0]);
    fails.store(0, Relaxed);
    update(runner, &mut graph);
    assert_eq!(calls.since(), [0, 1, 1, 0, 0, 0]);
}

fn update_of_targets_leaves_the_rest_outdated(runner: &Runner) {
    let calls = Calls::default();
    let Diamonds { mut graph, left, right, nodes } = two_inputs(&calls);
    graph.set(left, 1);
    graph.set(right, 1);
    runner.typed(&mut graph);
    calls.since();
    graph.set(left, 2);
    let results = runner.typed_with(&mut graph, &only([nodes[1]]).update()).expect("no node fails");
    assert_eq!((results[nodes[1]], results[nodes[2]], results[nodes[3]]), (4, 2, 3), "kept where up to date");
    assert_eq!(results.get(nodes[4]), Err(NoResult::NotNeeded), "and not where outdated");
    assert_eq!(calls.since(), [1, 1, 0, 0, 0, 0]);
    let results = update(runner, &mut graph);
    assert_eq!(results[nodes[5]], 403);
    assert_eq!(calls.since(), [0, 0, 0, 0, 1, 1]);
}

fn results_that_are_gone_are_made_again(runner: &Runner) {
    let calls = Calls::default();
    let Diamonds { mut graph, left, right, nodes } = two_inputs(&calls);
    graph.set(left, 1);
    graph.set(right, 1);
    runner.typed(&mut graph);
    graph.take(nodes[2]).expect("it is there");
    calls.since();
    update(runner, &mut graph);
    assert_eq!(calls.since(), [0; 6], "nobody needs it");
    graph.set(left, 2);
    assert_eq!(update(runner, &mut graph)[nodes[5]], 403);
    assert_eq!(calls.since(), [1, 1, 1, 0, 1, 1]);
}

fn moved_results_are_made_again_with_their_taker(runner: &Runner) {
    let (calls, counter) = (Calls::default(), Counter::default());
    let mut graph = GraphBuilder::new();
    let (x, y) = (graph.input::<u64>("x"), graph.input::<u64>("y"));
    let base = graph.node("base", (x,), |x: &u64| {
        calls.note(0);
        counter.make(*x)
    });
    let middle = graph.node("middle", (base.moved(),), |mut base: Counted| {
        calls.note(1);
        base.value += 1;
        base
    });
    let last = graph.node("last", (middle.moved(), y), |middle: Counted, y: &u64| {
        calls.note(2);
        middle.value * 100 + y
    });
    let apart = graph.node("apart", (y,), |y: &u64| {
        calls.note(3);
        *y
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(x, 1);
    graph.set(y, 1);
    assert_eq!(update(runner, &mut graph)[last], 201);
    assert_eq!(calls.since(), [1, 1, 1, 1, 0, 0]);
    update(runner, &mut graph);
    assert_eq!(calls.since(), [0; 6]);
    graph.set(y, 2);
    let results = update(runner, &mut graph);
    assert_eq!((results[last], results[apart], counter.alive()), (202, 2, 0));
    assert_eq!(calls.since(), [1, 1, 1, 1, 0, 0]);
    graph.set(x, 2);
    assert_eq!(update(runner, &mut graph)[last], 302);
    assert_eq!(calls.since(), [1, 1, 1, 0, 0, 0]);
}

fn a_moved_input_has_to_be_set_again(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (text, times) = (graph.input::<String>("text"), graph.input::<usize>("times"));
    let repeated =
        graph.node("repeated", (text.moved(), times), |text: String, times: &usize| text.repeat(*times));
    let mut graph = graph.build().expect("a valid graph");
    graph.set(text, "ab".into());
    graph.set(times, 2);
    assert_eq!(update(runner, &mut graph)[repeated], "abab");
    assert_eq!(update(runner, &mut graph)[repeated], "abab");
    graph.set(times, 3);
    let error = runner.typed_with(&mut graph, &updating()).expect_err("the text is gone");
    assert_eq!(error.to_string(), "inputs not set: text");
    graph.set(text, "c".into());
    assert_eq!(update(runner, &mut graph)[repeated], "ccc");
}
