//! Results from outside, and what an update makes of them.

use crate::support::counted::{Counted, Counter};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Graph, GraphBuilder, Input, NoResult, Node, RunError, RunOptions};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

over_typed_runners!(
    is_not_made_again,
    a_given_result_is_news,
    for_one_update_only,
    any_other_run_makes_it_again,
    in_place_of_a_failed_or_moved_one,
    of_an_input_it_is_set,
    among_nodes_at_a_state,
    is_dropped_once,
    of_a_graph_that_is_a_node,
    counts_until_a_run_begins,
    counts_until_a_destructor_lets_a_run_begin,
    is_set_though_what_was_there_panics,
    a_refused_update_gives_nothing,
);

fn update() -> RunOptions {
    RunOptions::new().update()
}

/// input → a → b → c, with who has run.
struct Chain<'l> {
    graph: Graph<'l>,
    input: Input<u32>,
    nodes: [Node<u32>; 3],
    log: &'l Mutex<String>,
}

impl<'l> Chain<'l> {
    fn new(log: &'l Mutex<String>) -> Self {
        let mut graph = GraphBuilder::new();
        let input = graph.input::<u32>("input");
        let mut before = input.node();
        let nodes = ["a", "b", "c"].map(|name| {
            before = graph.node(name, before, move |before: &u32| {
                log.lock().expect("no panic").push_str(name);
                before + 1
            });
            before
        });
        let mut graph = graph.build().expect("a valid graph");
        graph.set(input, 0);
        Self { graph, input, nodes, log }
    }

    /// What the last node gives after a run with these options, and who has run.
    fn run(&mut self, runner: &Runner, options: &RunOptions) -> (u32, String) {
        let result = runner.typed_with(&mut self.graph, options).expect("no node fails")[self.nodes[2]];
        (result, std::mem::take(&mut *self.log.lock().expect("no panic")))
    }
}

fn is_not_made_again(runner: &Runner) {
    for (given, expected) in [([true, false, false], (12, "bc")), ([true, true, false], (21, "c"))] {
        let log = Mutex::default();
        let mut chain = Chain::new(&log);
        for (at, given) in (1..).zip(given) {
            if given {
                assert_eq!(chain.graph.set_result(chain.nodes[at - 1], 10 * at as u32), None);
                assert_eq!(chain.graph.result(chain.nodes[at - 1]), Ok(&(10 * at as u32)));
            }
        }
        chain.graph.set(chain.input, 5); // before or after, it makes no difference
        assert_eq!(chain.run(runner, &update()), (expected.0, expected.1.into()));
        assert_eq!(chain.run(runner, &update()), (expected.0, String::new()));
    }
    let log = Mutex::default();
    let mut chain = Chain::new(&log);
    chain.graph.set_result(chain.nodes[2], 7);
    let only = update().only([chain.nodes[2]]);
    assert_eq!(chain.run(runner, &only), (7, "ab".into()));
}

fn a_given_result_is_news(runner: &Runner) {
    let log = Mutex::default();
    let mut chain = Chain::new(&log);
    assert_eq!(chain.run(runner, &update()), (3, "abc".into()));
    assert_eq!(chain.graph.set_result(chain.nodes[0], 8), Some(1));
    assert_eq!(chain.run(runner, &update()), (10, "bc".into()));
}

fn for_one_update_only(runner: &Runner) {
    let log = Mutex::default();
    let mut chain = Chain::new(&log);
    chain.graph.set_result(chain.nodes[1], 8);
    assert_eq!(chain.run(runner, &update()), (9, "ac".into()));
    chain.graph.set(chain.input, 1);
    assert_eq!(chain.run(runner, &update()), (4, "abc".into()));
}

fn any_other_run_makes_it_again(runner: &Runner) {
    let log = Mutex::default();
    let mut chain = Chain::new(&log);
    chain.graph.set_result(chain.nodes[1], 8);
    assert_eq!(chain.run(runner, &RunOptions::new()), (3, "abc".into()));
    // And it is forgotten then.
    chain.graph.set(chain.input, 1);
    assert_eq!(chain.run(runner, &update()), (4, "abc".into()));
}

fn in_place_of_a_failed_or_moved_one(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let fails = graph.try_node("fails", (), || Err::<Counted, _>("no"));
    let takes = graph.node("takes", (fails.moved(),), |fails: Counted| fails.get());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &update()).map(drop).unwrap_err();
    for value in 3..6 {
        assert!(graph.set_result(fails, counter.make(value)).is_none());
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("it isn't called")[takes], value);
        assert!(matches!(graph.result(fails), Err(NoResult::Moved { .. })));
        assert_eq!(counter.alive(), 0);
    }
}

fn of_an_input_it_is_set(runner: &Runner) {
    let log = Mutex::default();
    let mut chain = Chain::new(&log);
    chain.run(runner, &update());
    assert_eq!(chain.graph.set_result(chain.input.node(), 4), Some(0));
    assert_eq!(chain.run(runner, &update()), (7, "abc".into()));
    assert_eq!(chain.run(runner, &RunOptions::new()), (7, "abc".into()));
}

/// What a state was between two writers is gone, so all of them run or none.
fn among_nodes_at_a_state(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (input, state) = (graph.input::<u32>("input"), graph.state("state", 0));
    let clear = graph.node("clear", (state.write(),), |state: &mut u32| *state = 0);
    let add = graph.node("add", (state.write(), input), |state: &mut u32, input: &u32| *state += input);
    let read = graph.node("read", (state.read(),), |state: &u32| *state);
    let mut graph = graph.build().expect("a valid graph");
    for value in 1..5 {
        graph.set(input, value);
        graph.set_result(clear, ());
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[read], value);
        graph.set(input, value + 10);
        graph.set_result(add, ());
        graph.set_result(clear, ());
        // Nobody runs at the state, as far as the order there goes, but the reader behind what is news.
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[read], value);
        *graph.state_mut(state) = 100;
        graph.set_result(clear, ());
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[read], value + 10);
    }
}

fn is_dropped_once(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let make = counter.clone();
    let made = graph.node("made", (), move || make.make(1));
    let user = graph.node("user", made, Counted::get);
    graph.drop_early(made);
    let mut graph = graph.build().expect("a valid graph");
    for value in 2..6 {
        graph.set_result(made, counter.make(value - 1));
        drop(graph.set_result(made, counter.make(value)));
        assert_eq!(counter.alive(), 1);
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[user], value);
        assert_eq!((graph.result(made).err(), counter.alive()), (Some(NoResult::Dropped), 0));
    }
    graph.set_result(made, counter.make(9));
    assert_eq!(runner.typed(&mut graph)[user], 1);
    graph.set_result(made, counter.make(9));
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn of_a_graph_that_is_a_node(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let number = inner.input::<u32>("number");
    let double = inner.node("double", number, |number: &u32| number * 2);
    let next = inner.node("next", double, |double: &u32| double + 1);
    let mut graph = GraphBuilder::new();
    let input = graph.input::<(u32, Option<u32>)>("input");
    let set = move |inner: &mut Graph<'_>, &(value, given): &(u32, Option<u32>)| {
        inner.set(number, value);
        given.into_iter().for_each(|given| _ = inner.set_result(double, given));
    };
    let inner = inner.build().expect("a valid graph");
    let node = graph.graph("inner", (input,), inner, set, move |inner: &mut Graph<'_>| inner.results()[next]);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, (1, None));
    graph.set_result(node, 50);
    assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[node], 50);
    for (set, expected) in [((2, None), 5), ((3, Some(20)), 21), ((4, None), 9)] {
        graph.set(input, set);
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[node], expected);
    }
}

/// A run that doesn't begin forgets nothing.
fn counts_until_a_run_begins(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (one, two) = (graph.input::<u32>("one"), graph.input::<u32>("two"));
    let first = graph.node("first", one, |one: &u32| one + 1);
    let last = graph.node("last", (first, two), |first: &u32, two: &u32| first + two);
    let mut graph = graph.build().expect("a valid graph");
    graph.set_result(first, 100);
    graph.set(one, 1);
    assert!(runner.typed_with(&mut graph, &update()).is_err(), "an input isn't set");
    graph.set(two, 2);
    assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[last], 102);
}

/// Panics when it is dropped, if that is wanted.
struct Bad(bool);

impl Drop for Bad {
    fn drop(&mut self) {
        if self.0 {
            panic_any(Payload(4));
        }
    }
}

/// The old result of another node panics when the update is about to begin: the next one doesn't run the node
/// either, although what it depends on has changed.
fn counts_until_a_destructor_lets_a_run_begin(runner: &Runner) {
    let log = Mutex::new(String::new());
    let note = |name: &str| log.lock().expect("no panic").push_str(name);
    let ran = || std::mem::take(&mut *log.lock().expect("no panic"));
    let mut graph = GraphBuilder::new();
    let (input, wanted) = (graph.input::<u32>("input"), graph.input::<bool>("wanted"));
    let a = graph.node("a", input, |input: &u32| {
        note("a");
        input + 1
    });
    let bad = graph.node("bad", wanted, |wanted: &bool| {
        note("b");
        Bad(*wanted)
    });
    let last = graph.node("last", (a, bad), |a: &u32, _: &Bad| {
        note("l");
        a + 1
    });
    let mut graph = graph.build().expect("a valid graph");
    for round in 0..3 {
        graph.set(input, round);
        graph.set(wanted, true);
        runner.typed(&mut graph);
        assert_eq!(ran().len(), 3);
        graph.set(input, round + 10);
        graph.set(wanted, false);
        graph.set_result(a, 50);
        let options = update().catch_panics();
        let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("a destructor panics");
        assert!(error.to_string().starts_with("panicked: bad"), "{error}");
        assert_eq!((ran().as_str(), graph.result(a)), ("", Ok(&50)));
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[last], 51);
        assert_eq!(ran(), "bl");
        // Only for that one.
        graph.set(input, 7);
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[last], 9);
        assert_eq!(ran(), "al");
        // A run that is no update drops it in any case.
        graph.set(wanted, true);
        runner.typed_with(&mut graph, &update()).expect("no node fails");
        assert_eq!(ran(), "bl");
        graph.set(wanted, false);
        graph.set_result(a, 60);
        let options = RunOptions::new().catch_panics();
        assert!(runner.typed_with(&mut graph, &options).is_err());
        assert!(graph.result(a).is_err() && graph.result(bad).is_err());
        assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[last], 9);
        assert_eq!(ran().len(), 3);
    }
}

/// Whoever drops the old value of an input, or the old result, unwinds; the new one is news all the same.
fn is_set_though_what_was_there_panics(runner: &Runner) {
    let calls = AtomicU32::new(0);
    let mut graph = GraphBuilder::new();
    let input = graph.input::<Bad>("input");
    let made = graph.node("made", (), || Bad(false));
    let last = graph.node("last", (input, made), |_: &Bad, _: &Bad| calls.fetch_add(1, Relaxed));
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, Bad(true));
    runner.typed_with(&mut graph, &update()).expect("no node fails");
    graph.set_result(made, Bad(true));
    runner.typed_with(&mut graph, &update()).expect("no node fails");
    assert_eq!(calls.load(Relaxed), 2);
    let payload: Payload = payload_of(|| drop(graph.set(input, Bad(false))));
    assert_eq!(payload, Payload(4));
    runner.typed_with(&mut graph, &update()).expect("no node fails");
    assert_eq!(calls.load(Relaxed), 3);
    let payload: Payload = payload_of(|| drop(graph.set_result(made, Bad(false))));
    assert_eq!(payload, Payload(4));
    assert_eq!(runner.typed_with(&mut graph, &update()).expect("no node fails")[last], 3);
    runner.typed_with(&mut graph, &update()).expect("no node fails");
    assert_eq!(calls.load(Relaxed), 4);
}

#[test]
fn of_another_graph() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || 1);
    graph.build().expect("a valid graph").set_result(node, 1);
    let mut other = GraphBuilder::new().build().expect("a valid graph");
    let given = graph_panics(|| _ = other.set_result(node, 2));
    assert_eq!(given, "the handle of a node of another graph");
}

fn graph_panics(call: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("a panic");
    (*payload.downcast::<&str>().expect("a text")).into()
}

/// What an instance was given goes back to nobody.
#[test]
fn of_an_instance() {
    let mut graph = dgraph_exec::DefinitionBuilder::new();
    let node = graph.node("node", (), || 1);
    let next = graph.node("next", node, |node: &u32| node + 1);
    let definition = graph.build().expect("a valid graph");
    let mut instance = definition.instance();
    instance.set_result(node, 5);
    assert_eq!(instance.with(&update()).run().expect("no node fails")[next], 6);
    instance.set_result(node, 5);
    drop(instance);
    assert_eq!(definition.instance().with(&update()).run().expect("no node fails")[next], 2);
}

/// An update that can't begin, since an input is gone, leaves all nodes as they were: the next one runs them.
fn a_refused_update_gives_nothing(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (x, y): (Input<u32>, Input<u32>) = (graph.input("x"), graph.input("y"));
    let sum = graph.node("sum", (x, y.moved()), |x: &u32, y: u32| x + y);
    let more = graph.node("more", sum, |sum: &u32| sum + 1);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(x, 1);
    graph.set(y, 10);
    runner.typed(&mut graph);
    for _ in 0..2 {
        graph.set(x, 2);
        let refused = runner.typed_with(&mut graph, &update()).map(drop).expect_err("y has been moved");
        assert!(matches!(refused, RunError::UnsetInputs(_)));
    }
    graph.set(y, 20);
    let results = runner.typed_with(&mut graph, &update()).expect("no node fails");
    assert_eq!((results[sum], results[more]), (22, 23));
}
