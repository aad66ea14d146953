//! Where updates stop, and what is kept.

use super::{Half, Log, Same, halves, run, update};
use crate::support::counted::Counter;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{
    DefinitionBuilder, Graph, GraphBuilder, NoResult, NodeInfo, Observer, RunInfo, SkipReason,
};
use dgraph_tests::yields::yields;
use std::mem;
use std::sync::{Arc, Mutex};

over_typed_runners!(
    stops_behind_an_equal_result,
    the_last_result_stays,
    of_inputs,
    of_futures,
    order_and_outcomes_too,
    behind_conditions,
    of_a_graph_that_is_a_node,
    within_a_graph_that_is_a_node,
    only_what_is_needed,
    results_from_outside,
    is_told_as_up_to_date,
);

fn stops_behind_an_equal_result(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, [half, next]) = halves(&log);
    let last = graph.node("last", (next, input), |next: &u32, input: &u32| {
        log.note("l");
        next * 100 + input
    });
    let apart = graph.node("apart", next, |next: &u32| {
        log.note("a");
        *next
    });
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(4, "ahln"), (5, "hl"), (5, "hl"), (6, "ahln"), (7, "hl"), (0, "ahln")] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!(log.taken(), ran);
        let results = graph.results();
        assert_eq!((results[half], results[next]), (value / 2, value / 2 + 1));
        assert_eq!((results[last], results[apart]), ((value / 2 + 1) * 100 + value, value / 2 + 1));
        run(runner, &mut graph);
        assert_eq!(log.taken(), "");
        runner.typed(&mut graph);
        assert_eq!(log.taken(), "ahln", "any other run");
    }
}

fn the_last_result_stays(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let made = graph.node("made", input, |input: &u64| Same(counter.make(*input)));
    let seen = graph.node("seen", made, |made: &Same| made.0.get());
    graph.cutoff(made);
    graph.cutoff(made);
    let mut graph = graph.build().expect("a valid graph");
    for value in 7..12 {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!((graph.results()[made].0.get(), graph.results()[seen], counter.alive()), (7, 7, 1));
    }
    runner.typed(&mut graph);
    assert_eq!((graph.results()[made].0.get(), graph.results()[seen], counter.alive()), (11, 11, 1));
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn of_inputs(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, [half, next]) = halves(&log);
    graph.cutoff(input);
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(4, "hn"), (4, ""), (5, "h"), (5, ""), (8, "hn")] {
        graph.set(input, value);
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!(log.taken(), ran);
    }
    // There and back again is a change.
    graph.set(input, 1);
    assert_eq!(graph.set(input, 8), Some(1));
    run(runner, &mut graph);
    assert_eq!((log.taken(), graph.results()[half], graph.results()[next]), ("h".into(), 4, 5));
    *graph.input_mut(input).expect("it is set") = 8;
    run(runner, &mut graph);
    assert_eq!(log.taken(), "h");
}

fn of_futures(runner: &Runner) {
    let log = Log::default();
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let inputs: Vec<_> = (0..8).map(|_| graph.input::<u64>("input")).collect();
    let (waits, log, counter) = ([0, 1, 2, 0, 1, 2, 0, 1], &log, &counter);
    for (wait, &input) in waits.iter().zip(&inputs) {
        let half = graph.async_node("half", input, async |input: &u64| {
            yields(*wait).await;
            log.note("h");
            Half(counter.make(input / 2))
        });
        graph.async_node("next", half, async |half: &Half| {
            yields(2 - *wait).await;
            log.note("n");
            half.0.get()
        });
        graph.cutoff(half);
    }
    let mut graph = graph.build().expect("a valid graph");
    inputs.iter().for_each(|&input| _ = graph.set(input, 0));
    run(runner, &mut graph);
    assert_eq!(log.taken(), "hhhhhhhhnnnnnnnn");
    for round in 1..6 {
        inputs[..4].iter().for_each(|&input| _ = graph.set(input, round));
        run(runner, &mut graph);
        assert_eq!(log.taken(), if round % 2 == 0 { "hhhhnnnn" } else { "hhhh" });
        assert_eq!(counter.alive(), 8);
    }
}

fn order_and_outcomes_too(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, [half, _]) = halves(&log);
    let after = graph.node("after", (), || log.note("a"));
    graph.after(after, half);
    let always = graph.node("always", (), || log.note("b"));
    graph.always_after(always, half);
    graph.node("told", half.outcome(), |_: Result<&u32, NoResult>| log.note("o"));
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(2, "abhno"), (3, "h"), (4, "abhno")] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!(log.taken(), ran);
    }
}

fn behind_conditions(runner: &Runner) {
    let log = Log::default();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let large = graph.node("large", input, |input: &u32| {
        log.note("c");
        *input > 9
    });
    graph.cutoff(large);
    let yes = graph.node("yes", (), || log.note("y"));
    let no = graph.node("no", (), || log.note("n"));
    graph.only_if(yes, large);
    graph.unless(no, large);
    let behind = graph.node("behind", yes, |_: &()| log.note("b"));
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(3, "cn"), (4, "c"), (10, "bcy"), (11, "c"), (1, "cn"), (2, "c")] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!(log.taken(), ran, "{value}");
        let not_chosen = matches!(graph.result(behind), Err(NoResult::NotChosen { .. }));
        assert_eq!((graph.result(yes).is_ok(), not_chosen), (value > 9, value <= 9));
        assert_eq!(graph.result(no).is_ok(), value <= 9);
    }
}

fn of_a_graph_that_is_a_node(runner: &Runner) {
    let log = Log::default();
    let (inner, number, [_, next]) = halves(&log);
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let set = move |inner: &mut Graph<'_>, &value: &u32| _ = inner.set(number, value);
    let inner = inner.build().expect("a valid graph");
    let node = graph.graph("inner", (input,), inner, set, move |inner: &mut Graph<'_>| inner.results()[next]);
    graph.node("behind", node, |_: &u32| log.note("b"));
    graph.cutoff(node);
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(4, "bhn"), (5, "h"), (6, "bhn"), (7, "h")] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!((log.taken().as_str(), graph.results()[node]), (ran, value / 2 + 1));
    }
}

fn within_a_graph_that_is_a_node(runner: &Runner) {
    let log = Log::default();
    let (mut inner, number, [_, next]) = halves(&log);
    inner.cutoff(number);
    let mut graph = GraphBuilder::new();
    let (input, other) = (graph.input::<u32>("input"), graph.input::<u32>("other"));
    let set = move |inner: &mut Graph<'_>, &value: &u32, _: &u32| _ = inner.set(number, value);
    let inner = inner.build().expect("a valid graph");
    // What it takes, it may want again.
    let take = move |inner: &mut Graph<'_>| inner.take(next).expect("it is there");
    let node = graph.graph("inner", (input, other), inner, set, take);
    let mut graph = graph.build().expect("a valid graph");
    for (value, other_value, ran) in [(4, 0, "hn"), (4, 1, "n"), (5, 2, "hn"), (8, 3, "hn")] {
        graph.set(input, value);
        graph.set(other, other_value);
        run(runner, &mut graph);
        assert_eq!((log.taken().as_str(), graph.results()[node]), (ran, value / 2 + 1));
    }
}

fn only_what_is_needed(runner: &Runner) {
    let log = Log::default();
    let (graph, input, [half, next]) = halves(&log);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 2);
    run(runner, &mut graph);
    log.taken();
    graph.set(input, 3);
    runner.typed_with(&mut graph, &update().only([half])).map(drop).expect("no node fails");
    assert_eq!((log.taken().as_str(), graph.result(next)), ("h", Err(NoResult::NotNeeded)));
    graph.set(input, 2);
    runner.typed_with(&mut graph, &update().only([next])).map(drop).expect("no node fails");
    assert_eq!((log.taken().as_str(), graph.result(next)), ("hn", Ok(&2)));
    graph.set(input, 3);
    runner.typed_with(&mut graph, &update().only([next])).map(drop).expect("no node fails");
    assert_eq!((log.taken().as_str(), graph.result(next)), ("h", Ok(&2)));
}

fn results_from_outside(runner: &Runner) {
    let log = Log::default();
    let (graph, input, [half, next]) = halves(&log);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 2);
    graph.set_result(half, 1);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[next]), ("n", 2));
    // It is compared with as any other.
    graph.set(input, 3);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[next]), ("h", 2));
    graph.set_result(half, 1);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[next]), ("n", 2));
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn run_begins(&self, run: &RunInfo<'_>) {
        self.0.lock().expect("no panic").push(format!("{} to run", run.to_run()));
    }

    fn node_begins(&self, node: &NodeInfo<'_>) {
        self.0.lock().expect("no panic").push(format!("{} begins", node.name()));
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        assert_eq!(reason, SkipReason::UpToDate);
        self.0.lock().expect("no panic").push(format!("{} is up to date", node.name()));
    }
}

fn is_told_as_up_to_date(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, _) = halves(&log);
    graph.node("apart", (), || ());
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 2);
    run(runner, &mut graph);
    graph.set(input, 3);
    let told = Arc::new(Told::default());
    runner.typed_with(&mut graph, &update().observer(told.clone())).map(drop).expect("no node fails");
    let told = mem::take(&mut *told.0.lock().expect("no panic"));
    assert_eq!(told, ["2 to run", "apart is up to date", "half begins", "next is up to date"]);
}

#[test]
fn of_another_graph() {
    let mut graph = GraphBuilder::new();
    let stranger = graph.node("node", (), || 1);
    let mut other = GraphBuilder::new();
    other.cutoff(stranger);
    let error = other.build().map(drop).unwrap_err();
    assert_eq!(error.to_string(), "handles of another graph are used by: #0");
}

/// Each instance compares with what it had itself.
#[test]
fn of_instances() {
    let log = Log::default();
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<u32>("input");
    let half = graph.node("half", input, |input: &u32| input / 2);
    graph.cutoff(half);
    let next = graph.node("next", half, |half: &u32| {
        log.note("n");
        half + 1
    });
    let definition = graph.build().expect("a valid graph");
    let mut instances = [definition.instance(), definition.instance()];
    for (round, ran) in [(0, "nn"), (1, ""), (2, "nn"), (3, "")] {
        for (base, instance) in (0..).zip(&mut instances) {
            instance.set(input, 10 * base + round);
            let results = instance.with(&update()).run().expect("no node fails");
            assert_eq!(results[next], 5 * base + round / 2 + 1);
        }
        assert_eq!(log.taken(), ran);
    }
    drop(instances);
    let mut again = definition.instance();
    again.set(input, 3);
    again.with(&update()).run().expect("no node fails");
    assert_eq!(log.taken(), "n");
}
