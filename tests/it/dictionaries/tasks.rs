//! Tasks under keys can do what nodes of a typed graph can: fail, wait, be called off, have limits.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    Args, CancelToken, DictionaryError, FailurePolicy, GraphError, KeyedBuilder, KeyedGraph, NoResult,
    NodeInfo, Observer, RunError, RunOptions,
};
use dgraph_tests::yields::yields;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Instant;

over_typed_runners!(
    a_task_fails,
    futures_borrow_their_arguments,
    a_future_fails,
    a_task_panics,
    called_off,
    some_targets,
    only_what_changed,
    a_limit,
    observers_are_told_of_keys,
    tasks_keep_what_they_own,
    beside_typed_nodes,
);

/// A key of which only `Debug` can be written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Target {
    Object(&'static str),
    Tool,
    Docs,
}

fn a_task_fails(runner: &Runner) {
    let mut graph = KeyedGraph::<_, usize>::builder()
        .task(Target::Tool, [Target::Object("a"), Target::Object("b")], |args| args.iter().sum::<usize>())
        .try_task(Target::Object("a"), [], |_| "x".parse::<usize>())
        .try_task(Target::Object("b"), [], |_| Ok::<_, String>(2))
        .try_task(Target::Docs, [], |_| Ok::<_, String>(None))
        .build()
        .expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for _ in 0..2 {
        let error = runner.dictionary_with(&mut graph, &options).expect_err("one fails");
        assert_eq!(error.to_string(), r#"1 node failed: Object("a")"#);
        let RunError::Failed(failures) = error else { panic!("{error}") };
        assert_eq!(graph.key(failures[0].node().id()), Some(&Target::Object("a")));
        let results = graph.results();
        assert_eq!(results.get(&Target::Object("b")), Some(&2));
        assert_eq!(results.why_absent(&Target::Object("a")), Some(NoResult::Failed));
        let why = results.why_absent(&Target::Tool).expect("it was skipped");
        assert_eq!(why.to_string(), r#"was skipped because of Object("a")"#);
        assert_eq!((results.get(&Target::Docs), results.why_absent(&Target::Docs)), (None, None));
    }
}

fn futures_borrow_their_arguments(runner: &Runner) {
    async fn longest(args: Args<'_, String>) -> Option<String> {
        let first = args.iter().max_by_key(|text| text.len());
        yields(2).await;
        first.cloned()
    }
    let mut graph = KeyedGraph::builder()
        .async_task("longest", ["one", "nothing", "three", "one"], longest)
        .async_task("none", ["nothing"], longest)
        .async_task("nothing", [], async |_: Args<'_, String>| None)
        .task("one", [], |_| "one".to_string())
        .async_task("three", ["one"], async |args: Args<'_, String>| {
            yields(1).await;
            args[0].clone() + "+two"
        })
        .build()
        .expect("a valid graph");
    for _ in 0..3 {
        let results = runner.dictionary(&mut graph);
        let all: Vec<_> = results.into_iter().map(|(key, value)| (*key, value.map(String::as_str))).collect();
        let (one, three) = (Some("one"), Some("one+two"));
        let expected =
            [("longest", three), ("none", None), ("nothing", None), ("one", one), ("three", three)];
        assert_eq!(all, expected);
    }
}

fn a_future_fails(runner: &Runner) {
    async fn half(args: Args<'_, u32>) -> Result<Option<u32>, String> {
        yields(1).await;
        match args[0] {
            0 => Ok(None),
            odd if odd % 2 == 1 => Err(format!("{odd} is odd")),
            even => Ok(Some(even / 2)),
        }
    }
    let mut graph = KeyedGraph::builder()
        .input(6)
        .try_async_task(3, [6], half)
        .try_async_task(1, [3], half)
        .build()
        .expect("a valid graph");
    graph.set(&6, 6);
    let error = runner.dictionary_with(&mut graph, &RunOptions::new()).expect_err("3 is odd");
    let RunError::Failed(failures) = error else { panic!("{error}") };
    assert_eq!((failures[0].node().name(), failures[0].error().to_string()), ("1", "3 is odd".to_string()));
    graph.set(&6, 8);
    assert_eq!(runner.dictionary(&mut graph)[&1], 2);
}

fn a_task_panics(runner: &Runner) {
    let mut graph = KeyedGraph::<_, u8>::builder()
        .task("c", ["b"], |args| args[0])
        .task("b", ["a"], |args| 7 / args[0])
        .task("a", [], |_| 0)
        .build()
        .expect("a valid graph");
    let options = RunOptions::new().catch_panics();
    let error = runner.dictionary_with(&mut graph, &options).expect_err("it divides by zero");
    let RunError::Panicked(panic) = error else { panic!("{error}") };
    assert_eq!(graph.key(panic.nodes()[0].id()), Some(&"b"));
    let why = ["a", "b", "c"].map(|key| graph.results().why_absent(key).map(|why| why.to_string()));
    assert_eq!(why, [None, Some("panicked".to_string()), Some("was skipped because of b".to_string())]);
}

fn called_off(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = KeyedGraph::builder()
        .task("after", ["cancels"], |_| ())
        .task("cancels", [], |_| token.cancel())
        .build()
        .expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.dictionary_with(&mut graph, &options).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node did not run: after");
    let options = RunOptions::new().deadline(Instant::now());
    let error = runner.dictionary_with(&mut graph, &options).expect_err("late");
    assert!(matches!(error, RunError::DeadlineExceeded { not_run, .. } if not_run.len() == 2));
    runner.dictionary(&mut graph);
}

/// A task for each file of a project, and how often they were called.
fn project(calls: &AtomicUsize) -> KeyedBuilder<'_, String, String> {
    let mut builder = KeyedGraph::<String, String>::builder();
    for file in ["a", "b", "c"] {
        builder = builder.input(format!("{file}.rs")).task(
            format!("{file}.o"),
            [format!("{file}.rs")],
            move |args| {
                calls.fetch_add(1, Relaxed);
                args[0].to_uppercase()
            },
        );
    }
    let objects = ["a.o", "b.o", "c.o"].map(str::to_string);
    builder.task("tool".into(), objects, |args| args.iter().map(String::as_str).collect::<String>())
}

fn some_targets(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let mut graph = project(&calls).build().expect("a valid graph");
    graph.set("b.rs", "b".to_string());
    let targets: Vec<_> = ["b.o"].map(|key| graph.node(key).expect("a key")).into();
    let results = runner
        .dictionary_with(&mut graph, &RunOptions::new().only(targets))
        .expect("it needs no other input");
    assert_eq!((results.get("b.o").map(String::as_str), results.get("a.o")), (Some("B"), None));
    assert_eq!(results.why_absent("tool"), Some(NoResult::NotNeeded));
    let error = runner.dictionary_with(&mut graph, &RunOptions::new()).expect_err("inputs are missing");
    assert_eq!(error.to_string(), "inputs not set: a.rs, c.rs");
}

fn only_what_changed(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let mut graph = project(&calls).build().expect("a valid graph");
    for file in ["a", "b", "c"] {
        assert_eq!(graph.set(&format!("{file}.rs"), file.to_string()), None);
    }
    let update = RunOptions::new().update();
    assert_eq!(runner.dictionary_with(&mut graph, &update).expect("no task fails")["tool"], "ABC");
    assert_eq!(graph.set("b.rs", "beta".to_string()).as_deref(), Some("b"));
    assert_eq!(runner.dictionary_with(&mut graph, &update).expect("no task fails")["tool"], "ABETAC");
    assert_eq!(calls.load(Relaxed), 4);
}

fn a_limit(runner: &Runner) {
    let (open, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut builder = KeyedGraph::<_, u32>::builder();
    let limit = builder.graph().limit(1);
    for key in 0..50 {
        builder = builder.task(key, [], |_| {
            most.fetch_max(open.fetch_add(1, Relaxed) + 1, Relaxed);
            open.fetch_sub(1, Relaxed);
            1
        });
        let node = builder.node(&key).expect("it is listed");
        builder.graph().limited(node, limit);
    }
    let mut graph = builder.build().expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!(results.iter().filter_map(|(_, value)| value).sum::<u32>(), 50);
    assert_eq!(most.load(Relaxed), 1);
}

#[derive(Default)]
struct Begun(Mutex<Vec<String>>);

impl Observer for Begun {
    fn node_begins(&self, node: &NodeInfo<'_>) {
        self.0.lock().expect("no panic").push(node.name().to_string());
    }
}

fn observers_are_told_of_keys(runner: &Runner) {
    let mut graph = KeyedGraph::<_, u8>::builder()
        .task("second".to_string(), ["first".to_string()], |args| args[0])
        .task("first".to_string(), [], |_| 1)
        .build()
        .expect("a valid graph");
    let begun = Arc::new(Begun::default());
    let options = RunOptions::new().observer(begun.clone());
    runner.dictionary_with(&mut graph, &options).expect("no task fails");
    assert_eq!(*begun.0.lock().expect("no panic"), ["first", "second"]);
}

fn tasks_keep_what_they_own(runner: &Runner) {
    let mut calls = 0;
    let mut graph = KeyedGraph::builder()
        .task('c', [], move |_| {
            calls += 1;
            calls
        })
        .build()
        .expect("a valid graph");
    for run in 1..4 {
        assert_eq!(runner.dictionary(&mut graph)[&'c'], run);
    }
}

fn beside_typed_nodes(runner: &Runner) {
    let mut builder = KeyedGraph::builder().task("a", [], |_| 5);
    let a = builder.node("a").expect("it is listed");
    let text = builder.graph().node("text", a, |a: &Option<i32>| format!("{a:?}"));
    builder = builder.task("b", ["a"], |args| args[0] + 1);
    let b = builder.node("b").expect("it is listed");
    builder.graph().after(b, text);
    let mut graph = builder.build().expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!(results["b"], 6);
    assert_eq!((*results)[text], "Some(5)");
    assert_eq!([graph.key(a), graph.key(text), graph.key(b)], [Some(&"a"), None, Some(&"b")]);
}

#[test]
fn a_cycle_through_a_typed_node() {
    let mut builder = KeyedGraph::<_, i32>::builder().task("a", [], |_| 5);
    let a = builder.node("a").expect("it is listed");
    let typed = builder.graph().node("typed", a, |_: &Option<i32>| ());
    builder.graph().after(a, typed);
    let error = builder.build().map(drop).expect_err("a cycle");
    assert_eq!(error.to_string(), "dependency cycle: a -> typed -> a");
    assert!(matches!(error, DictionaryError::Graph(GraphError::Cycle(_))));
}

#[test]
fn a_limit_of_zero() {
    let mut builder = KeyedGraph::<_, i32>::builder().task("a", [], |_| 5);
    let (a, limit) = (builder.node("a").expect("it is listed"), builder.graph().limit(0));
    builder.graph().limited(a, limit);
    let error = builder.build().map(drop).expect_err("it could never run");
    assert!(matches!(&error, DictionaryError::Graph(GraphError::LimitOfZero(nodes)) if nodes.len() == 1));
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn the_urgent_first() {
    let order = Mutex::new(Vec::new());
    let mut builder = KeyedGraph::builder();
    for key in 0..5 {
        let order = &order;
        builder = builder.task(key, [], move |_| order.lock().expect("no panic").push(key));
        let node = builder.node(&key).expect("it is listed");
        builder.graph().priority(node, key);
    }
    builder.build().expect("a valid graph").run().expect("no task fails");
    assert_eq!(*order.lock().expect("no panic"), [4, 3, 2, 1, 0]);
}

#[test]
fn spawned() {
    let build = || {
        KeyedGraph::builder()
            .async_task("sum", ["one", "one"], async |args: Args<'_, u32>| {
                yields(3).await;
                args.iter().sum::<u32>()
            })
            .task("one", [], |_| 1)
            .build()
            .expect("a valid graph")
    };
    let executor = executor(2);
    let (mut graph, outcome) = build().spawn(&executor).join();
    outcome.expect("no task fails");
    assert_eq!(graph.take("sum"), Some(2));
    let run = graph.run_parallel_async(&executor);
    assert_eq!(pollster::block_on(run).expect("no task fails")["sum"], 2);
    let (graph, outcome) = pollster::block_on(build().into_with(&RunOptions::new()).spawn(&executor));
    outcome.expect("no task fails");
    assert_eq!(graph.results()["sum"], 2);
}

#[test]
fn what_is_no_input_cannot_be_set() {
    let mut graph = KeyedGraph::builder().input("in").task("out", [], |_| 1).build().expect("a valid graph");
    for key in ["out", "none"] {
        let thrown = catch_unwind(AssertUnwindSafe(|| graph.set(key, 2))).expect_err("it is no input");
        assert_eq!(thrown.downcast_ref(), Some(&format!("{key:?} is no input")));
    }
    assert_eq!(graph.set("in", 2), None);
    assert_eq!(graph.set("in", None), Some(2));
    assert_eq!(graph.run().expect("no task fails").get("in"), None);
}

#[test]
fn an_input_is_declared_once() {
    let built = KeyedGraph::<_, u8>::builder().input("a").task("a", [], |_| 1).input("a").build();
    assert_eq!(built.map(drop).expect_err("twice"), DictionaryError::DuplicateKeys(vec!["a", "a"]));
}

#[test]
fn what_they_say_of_themselves() {
    let mut graph = KeyedGraph::<_, u8>::builder()
        .task("b", ["a"], |_| None)
        .task("a", [], |_| 1)
        .build()
        .expect("valid");
    assert_eq!(format!("{graph:?}"), "{b: [a], a: []}");
    let results = graph.run().expect("no task fails");
    assert_eq!(format!("{results:?}"), "{b: result, a: result}");
    assert_eq!(format!("{:?}", results.iter()), "KeyedResultsIter { left: 2, .. }");
    let builder = KeyedGraph::<_, u8>::builder().task("b", ["a"], |_| 1);
    assert_eq!(format!("{builder:?}"), r#"{"b": ["a"]}"#);
}
