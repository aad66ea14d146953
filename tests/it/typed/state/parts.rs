//! Runs of a part of a graph with states: what the targets need, and what has changed.

use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{AnyNode, FailurePolicy, Graph, GraphBuilder, Input, NoResult, Node, RunOptions, State};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

over_typed_runners!(
    only_needs_the_writers_before,
    only_with_commuters,
    update_runs_the_order_as_a_whole,
    update_after_the_caller_has_changed_a_state,
    update_after_a_failure,
    update_of_targets,
    readers_at_the_ends_run_alone,
    update_reaches_from_state_to_state,
    results_made_again_write_again,
    update_inside_of_a_node,
);

/// Counts the calls of its nodes.
#[derive(Default)]
struct Calls([AtomicU32; 6]);

impl Calls {
    fn note(&self, node: usize) {
        self.0[node].fetch_add(1, Relaxed);
    }

    /// Which nodes have run since this was last asked.
    fn since(&self) -> Vec<usize> {
        (0..6).filter(|&node| self.0[node].swap(0, Relaxed) > 0).collect()
    }
}

struct Lines<'e> {
    graph: Graph<'e>,
    input: Input<&'static str>,
    list: State<Vec<&'static str>>,
    nodes: [AnyNode; 6],
    lengths: [Node<usize>; 3],
}

type List = Vec<&'static str>;

/// `read 0, clear 1, append what was set 2, read 3, append "x" 4, read 5`.
fn lines(calls: &Calls) -> Lines<'_> {
    let mut graph = GraphBuilder::new();
    let (input, list) = (graph.input::<&str>("input"), graph.state("list", List::new()));
    let read = |node: usize| {
        move |list: &List| {
            calls.note(node);
            list.len()
        }
    };
    let early = graph.node("0", list.read(), read(0));
    let clear = graph.node("1", list.write(), |list: &mut List| {
        calls.note(1);
        list.clear();
    });
    let append = graph.node("2", (list.write(), input), |list: &mut List, text: &&'static str| {
        calls.note(2);
        list.push(text);
    });
    let middle = graph.node("3", list.read(), read(3));
    let mark = graph.node("4", list.write(), |list: &mut List| {
        calls.note(4);
        list.push("x");
    });
    let late = graph.node("5", list.read(), read(5));
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, "one");
    let nodes = [early.any(), clear.any(), append.any(), middle.any(), mark.any(), late.any()];
    Lines { graph, input, list, nodes, lengths: [early, middle, late] }
}

/// No reader, and nobody who comes later.
fn only_needs_the_writers_before(runner: &Runner) {
    let calls = Calls::default();
    let Lines { mut graph, list, nodes, lengths, .. } = lines(&calls);
    for (target, expected) in [
        (0, vec![0]),
        (1, vec![1]),
        (2, vec![1, 2]),
        (3, vec![1, 2, 3]),
        (4, vec![1, 2, 4]),
        (5, vec![1, 2, 4, 5]),
    ] {
        runner.typed_with(&mut graph, &RunOptions::new().only([nodes[target]])).expect("no node fails");
        assert_eq!(calls.since(), expected);
    }
    assert_eq!(graph.state(list), &["one", "x"]);
    let results = graph.results();
    assert_eq!((results.get(lengths[1]), results[lengths[2]]), (Err(NoResult::NotNeeded), 2));
}

/// All that commute come before a reader, none of the others for one of them.
fn only_with_commuters(runner: &Runner) {
    let calls = &Calls::default();
    let mut graph = GraphBuilder::new();
    let sum = graph.state("sum", 0_usize);
    let add = |node: usize| {
        move |sum: &mut usize| {
            calls.note(node);
            *sum += node;
        }
    };
    graph.node("0", sum.write(), add(0));
    graph.node("1", sum.read(), |_: &usize| calls.note(1));
    let two = graph.node("2", sum.commute(), add(2));
    graph.node("3", sum.commute(), add(3));
    let four = graph.node("4", sum.read(), |sum: &usize| {
        calls.note(4);
        *sum
    });
    graph.node("5", sum.commute(), add(5));
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &RunOptions::new().only([two])).expect("no node fails");
    assert_eq!((calls.since(), *graph.state(sum)), (vec![0, 2], 2));
    let results = runner.typed_with(&mut graph, &RunOptions::new().only([four])).expect("no node fails");
    assert_eq!(results[four], 7);
    assert_eq!(calls.since(), [0, 2, 3, 4]);
}

/// What was set is not appended to what was appended last time: everybody from the first writer on runs.
fn update_runs_the_order_as_a_whole(runner: &Runner) {
    let calls = Calls::default();
    let Lines { mut graph, input, list, lengths, .. } = lines(&calls);
    let update = RunOptions::new().update();
    runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!(calls.since(), [0, 1, 2, 3, 4, 5]);
    runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!(calls.since(), [0_usize; 0]);
    graph.set(input, "two");
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!(lengths.map(|length| results[length]), [0, 1, 2]);
    assert_eq!(calls.since(), [1, 2, 3, 4, 5]); // what it was before the first writer, memory says
    assert_eq!(graph.state(list), &["two", "x"]);
}

fn update_after_the_caller_has_changed_a_state(runner: &Runner) {
    let calls = Calls::default();
    let Lines { mut graph, list, lengths, .. } = lines(&calls);
    let update = RunOptions::new().update();
    runner.typed_with(&mut graph, &update).expect("no node fails");
    calls.since();
    graph.state_mut(list).push("by hand");
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!(lengths.map(|length| results[length]), [3, 1, 2]);
    assert_eq!(calls.since(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(graph.state(list), &["one", "x"]); // looking at it is no change
    runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!(calls.since(), [0_usize; 0]);
}

/// A state that was left half written is written anew.
fn update_after_a_failure(runner: &Runner) {
    let calls = &Calls::default();
    let mut graph = GraphBuilder::new();
    let (list, fails) = (graph.state("list", Vec::new()), graph.input("fails"));
    graph.node("0", list.write(), |list: &mut Vec<u32>| {
        calls.note(0);
        list.clear();
    });
    graph.try_node("1", (list.write(), fails), |list: &mut Vec<u32>, fails: &bool| {
        calls.note(1);
        list.push(1);
        if *fails { Err("planned") } else { Ok(()) }
    });
    let length = graph.node("2", list.read(), |list: &Vec<u32>| {
        calls.note(2);
        list.len()
    });
    graph.node("3", (), || calls.note(3));
    let mut graph = graph.build().expect("a valid graph");
    graph.set(fails, true);
    let options = RunOptions::new().update().policy(FailurePolicy::KeepGoing);
    runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
    assert_eq!(calls.since(), [0, 1, 3]);
    graph.set(fails, false);
    assert_eq!(runner.typed_with(&mut graph, &options).expect("no node fails")[length], 1);
    assert_eq!(calls.since(), [0, 1, 2]);
}

/// Of the order of a state what the target needs runs; the rest is outdated, and runs with the next update.
fn update_of_targets(runner: &Runner) {
    let calls = Calls::default();
    let Lines { mut graph, input, list, nodes, lengths } = lines(&calls);
    let update = RunOptions::new().update();
    runner.typed_with(&mut graph, &update).expect("no node fails");
    calls.since();
    graph.set(input, "two");
    let options = RunOptions::new().update().only([nodes[3]]);
    let results = runner.typed_with(&mut graph, &options).expect("no node fails");
    assert_eq!((results[lengths[1]], results.get(lengths[2])), (1, Err(NoResult::NotNeeded)));
    assert_eq!(calls.since(), [1, 2, 3]);
    assert_eq!(graph.state(list), &["two"]);
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!(results[lengths[2]], 2);
    assert_eq!(calls.since(), [1, 2, 3, 4, 5]);
    assert_eq!(graph.state(list), &["two", "x"]);
}

/// What is there before the first writer and behind the last one is there between runs, too.
fn readers_at_the_ends_run_alone(runner: &Runner) {
    let calls = &Calls::default();
    let mut graph = GraphBuilder::new();
    let (first, last) = (graph.input::<u64>("first"), graph.input::<u64>("last"));
    let count = graph.state("count", 0_u64);
    let read = |node: usize| {
        move |count: &u64, scale: &u64| {
            calls.note(node);
            count * scale
        }
    };
    let write = |node: usize| {
        move |count: &mut u64| {
            calls.note(node);
            *count += 1;
        }
    };
    let early = graph.node("0", (count.read(), first), read(0));
    graph.node("1", count.write(), write(1));
    graph.node("2", count.write(), write(2));
    let late = graph.node("3", (count.read(), last), read(3));
    let mut graph = graph.build().expect("a valid graph");
    let update = RunOptions::new().update();
    graph.set(first, 1);
    graph.set(last, 1);
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!((results[early], results[late]), (0, 2));
    calls.since();
    graph.set(last, 10);
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!((results[early], results[late], calls.since()), (0, 20, vec![3]));
    graph.set(first, 10);
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!((results[early], results[late], calls.since()), (20, 20, vec![0]));
}

/// One state's writers run because of an input, another one's because they read the first in between.
fn update_reaches_from_state_to_state(runner: &Runner) {
    let calls = &Calls::default();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let (one, two, three) = (graph.state("one", 0), graph.state("two", 0), graph.state("three", 0_u64));
    graph.node("0", two.write(), |two: &mut u64| {
        calls.note(0);
        *two = 10;
    });
    graph.node("1", three.write(), |three: &mut u64| {
        calls.note(1);
        *three += 1;
    });
    graph.node("2", (one.write(), input), |one: &mut u64, input: &u64| {
        calls.note(2);
        *one = *input;
    });
    graph.node("3", (one.read(), two.write()), |one: &u64, two: &mut u64| {
        calls.note(3);
        *two += one;
    });
    let seen = graph.node("4", two.read(), |two: &u64| {
        calls.note(4);
        *two
    });
    let mut graph = graph.build().expect("a valid graph");
    let update = RunOptions::new().update();
    graph.set(input, 1);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("no node fails")[seen], 11);
    assert_eq!(calls.since(), [0, 1, 2, 3, 4]);
    graph.set(input, 2);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("no node fails")[seen], 12);
    assert_eq!(calls.since(), [0, 2, 3, 4]);
    assert_eq!(*graph.state(three), 1);
}

/// A writer runs again because its result was taken and is wanted: so do those behind it.
fn results_made_again_write_again(runner: &Runner) {
    let calls = &Calls::default();
    let mut graph = GraphBuilder::new();
    let (input, list) = (graph.input::<usize>("input"), graph.state("list", Vec::new()));
    graph.node("0", list.write(), |list: &mut Vec<u32>| {
        calls.note(0);
        list.clear();
    });
    let made = graph.node("1", list.write(), |list: &mut Vec<u32>| {
        calls.note(1);
        list.push(1);
        list.clone()
    });
    let seen = graph.node("2", list.read(), |list: &Vec<u32>| {
        calls.note(2);
        list.len()
    });
    let used = graph.node("3", (input, made), |input: &usize, made: &Vec<u32>| {
        calls.note(3);
        input + made.len()
    });
    let mut graph = graph.build().expect("a valid graph");
    let update = RunOptions::new().update();
    graph.set(input, 10);
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!((results[used], graph.take(made)), (11, Ok(vec![1])));
    calls.since();
    graph.set(input, 20);
    let results = runner.typed_with(&mut graph, &update).expect("no node fails");
    assert_eq!((results[used], results[seen]), (21, 1));
    assert_eq!(calls.since(), [0, 1, 2, 3]);
}

/// An update reaches into a graph that is a node, and its states.
fn update_inside_of_a_node(runner: &Runner) {
    let calls = &Calls::default();
    let mut inner = GraphBuilder::new();
    let (given, kept) = (inner.input::<u64>("given"), inner.state("kept", 0_u64));
    inner.node("0", kept.write(), |kept: &mut u64| {
        calls.note(0);
        *kept = 0;
    });
    inner.node("1", (kept.write(), given), |kept: &mut u64, given: &u64| {
        calls.note(1);
        *kept += given;
    });
    inner.node("2", (), || calls.note(2));
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let number = outer.state("number", 5_u64);
    let set = move |inner: &mut Graph<'_>, number: &u64| _ = inner.set(given, *number);
    let sum = outer.graph("inner", (number.read(),), inner, set, move |inner| inner.results()[kept]);
    let mut outer = outer.build().expect("a valid graph");
    let update = RunOptions::new().update();
    assert_eq!(runner.typed_with(&mut outer, &update).expect("no node fails")[sum], 5);
    assert_eq!(calls.since(), [0, 1, 2]);
    assert_eq!(runner.typed_with(&mut outer, &update).expect("no node fails")[sum], 5);
    assert_eq!(calls.since(), [0_usize; 0]);
    *outer.state_mut(number) = 7;
    assert_eq!(runner.typed_with(&mut outer, &update).expect("no node fails")[sum], 7);
    assert_eq!(calls.since(), [0, 1]);
}
