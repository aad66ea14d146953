//! How far runs have come, by `Progress`.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, Graph, GraphBuilder, Progress, ProgressReport, RunOptions};
use std::sync::{Arc, Mutex};
use std::time::Duration;

over_typed_runners!(
    all_nodes_end,
    failures_and_those_behind_them,
    a_part_of_the_graph,
    those_under_way,
    nodes_of_graphs_that_are_nodes,
    the_next_run_begins_anew,
    what_is_left,
);

fn counts(now: &ProgressReport) -> [usize; 4] {
    [now.total, now.done, now.failed, now.skipped]
}

fn watched(progress: &Arc<Progress>) -> RunOptions {
    RunOptions::new().observer(progress.clone())
}

fn all_nodes_end(runner: &Runner) {
    let progress = Arc::new(Progress::new());
    assert_eq!(progress.now(), Progress::new().now());
    let mut graph = GraphBuilder::new();
    let input = graph.input::<usize>("input");
    let first: Vec<_> = (0..20).map(|node| graph.node("", (input,), move |x: &usize| x + node)).collect();
    graph.node("sum", &first, |all: dgraph_exec::Values<'_, usize>| all.iter().sum::<usize>());
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 1);
    runner.typed_with(&mut graph, &watched(&progress)).expect("no node fails");
    let now = progress.now();
    assert_eq!(counts(&now), [21, 21, 0, 0]);
    assert_eq!((now.running, now.elapsed, now.left), (Vec::new(), Duration::ZERO, None));
}

fn failures_and_those_behind_them(runner: &Runner) {
    let progress = Arc::new(Progress::new());
    let mut graph = GraphBuilder::new();
    let fails = graph.try_node("fails", (), || Err::<(), _>("no"));
    let behind = graph.node("behind", (fails,), |(): &()| ());
    graph.node("further behind", (behind,), |(): &()| ());
    graph.node("beside", (), || ());
    let mut graph = graph.build().expect("a valid graph");
    let options = watched(&progress).policy(FailurePolicy::KeepGoing);
    runner.typed_with(&mut graph, &options).map(drop).expect_err("a node fails");
    assert_eq!(counts(&progress.now()), [4, 4, 1, 2]);

    let token = CancelToken::new();
    token.cancel();
    let options = watched(&progress).cancel_token(&token);
    runner.typed_with(&mut graph, &options).map(drop).expect_err("cancelled");
    assert_eq!(counts(&progress.now()), [4, 4, 0, 4]);
}

fn a_part_of_the_graph(runner: &Runner) {
    let progress = Arc::new(Progress::new());
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || ());
    let b = graph.node("b", (a,), |(): &()| ());
    graph.node("c", (b,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &watched(&progress).only([b.any()])).expect("no node fails");
    assert_eq!(counts(&progress.now()), [2, 2, 0, 0]);
}

fn those_under_way(runner: &Runner) {
    let progress = Arc::new(Progress::new());
    let seen = Mutex::new(None);
    let mut graph = GraphBuilder::new();
    let before = graph.node("before", (), || ());
    let now = graph.node("now", (before,), |(): &()| *seen.lock().expect("no panic") = Some(progress.now()));
    graph.node("after", (now,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &watched(&progress)).expect("no node fails");
    let seen = seen.lock().expect("no panic").take().expect("the node has run");
    assert_eq!(counts(&seen), [3, 1, 0, 0]);
    assert_eq!(seen.running.iter().map(|node| &*node.path).collect::<Vec<_>>(), ["now"]);
    assert!(seen.running[0].elapsed <= seen.elapsed);
}

fn nodes_of_graphs_that_are_nodes(runner: &Runner) {
    let progress = Arc::new(Progress::new());
    let seen = Arc::new(Mutex::new(None));
    let mut part = GraphBuilder::new();
    let (watching, kept) = (progress.clone(), seen.clone());
    part.node("inner", (), move || *kept.lock().expect("no panic") = Some(watching.now()));
    part.node("", (), || ());
    let mut graph = GraphBuilder::new();
    graph.graph("part", (), part.build().expect("a valid graph"), |_: &mut Graph<'_>| {}, |_| ());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &watched(&progress)).expect("no node fails");
    let seen: ProgressReport = seen.lock().expect("no panic").take().expect("the node has run");
    assert_eq!(seen.total, 3);
    let paths: Vec<_> = seen.running.iter().map(|node| &*node.path).collect();
    assert!(paths.starts_with(&["part"]) && paths.contains(&"part/inner"), "{paths:?}");
    assert_eq!(counts(&progress.now()), [3, 3, 0, 0]);
}

fn the_next_run_begins_anew(runner: &Runner) {
    let progress = Arc::new(Progress::new());
    for nodes in [5, 2] {
        let mut graph = GraphBuilder::new();
        (0..nodes).for_each(|_| _ = graph.node("", (), || ()));
        let mut graph = graph.build().expect("a valid graph");
        runner.typed_with(&mut graph, &watched(&progress)).expect("no node fails");
        assert_eq!(counts(&progress.now()), [nodes, nodes, 0, 0]);
    }
}

/// The longest path, or all that is left on all threads: of nodes that take no time here, but hours by what
/// is known.
fn what_is_left(runner: &Runner) {
    let hours = |hours: u64| Duration::from_secs(3600 * hours);
    let durations = [("head", hours(1)), ("tail", hours(2)), ("beside", hours(1))].into_iter().collect();
    let progress = Arc::new(Progress::with_durations(durations));
    let seen = Mutex::new(None);
    let mut graph = GraphBuilder::new();
    let head = graph.node("head", (), || *seen.lock().expect("no panic") = Some(progress.now()));
    let tail = graph.node("tail", (head,), |(): &()| ());
    let unknown = graph.node("unknown", (tail,), |(): &()| ());
    let beside: Vec<_> = (0..30).map(|_| graph.node("beside", (unknown,), |(): &()| ())).collect();
    graph.after(beside[0], [unknown]);
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &watched(&progress)).expect("no node fails");
    let left = seen.lock().expect("no panic").take().expect("the node has run").left.expect("known");
    // 1, 2, the average of 32 nodes, and 1 hour again; or 33 hours and that average.
    let average = hours(33) / 32;
    let (path, all) = (hours(4) + average, hours(33) + average);
    let expected = if matches!(runner, Runner::Serial | Runner::Async) { all..=all } else { path..=all };
    let minute = Duration::from_secs(60); // in which `head` began before it looked
    assert!(left + minute >= *expected.start() && left <= *expected.end(), "{left:?}, not {expected:?}");
    assert_eq!(progress.now().left, None);
}

/// A future that waits is under way; a run that is dropped is over.
#[test]
fn futures_that_wait_and_a_run_that_is_dropped() {
    let (progress, gate, hand) = (Arc::new(Progress::new()), Gate::default(), Hand::new());
    let mut graph = GraphBuilder::new();
    graph.async_node("waits", (), || gate.wait());
    let mut graph = graph.build().expect("a valid graph");
    let options = watched(&progress);
    let mut run = Box::pin(graph.with(&options).run_async());
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!(progress.now().running[0].path, "waits");
    drop(run);
    let now = progress.now();
    assert_eq!((now.done, now.running.len(), now.elapsed), (1, 0, Duration::ZERO));
}
