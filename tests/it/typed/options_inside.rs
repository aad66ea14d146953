//! What a run is told reaches into graphs that are nodes, at any depth: its policy, executor, cancel,
//! deadline, `update`, `measure`.

use super::order::one_by_one;
use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    update_runs_what_has_changed_inside,
    update_runs_again_what_was_taken,
    update_goes_on_where_it_was_stopped,
    measured_inside,
    with_futures,
    the_policy_reaches_inside,
    a_cancel_reaches_inside,
    a_deadline_passes_inside,
);

fn update() -> RunOptions {
    RunOptions::new().update()
}

fn update_runs_what_has_changed_inside(runner: &Runner) {
    let (constants, sums) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut inner = GraphBuilder::new();
    let (x, y) = (inner.input::<i32>("x"), inner.input::<i32>("y"));
    let constant = inner.node("constant", (), || constants.fetch_add(1, SeqCst));
    let of_x = inner.node("of x", (x, constant), |x: &i32, _: &usize| {
        sums.fetch_add(1, SeqCst);
        x * 10
    });
    let all = inner.node("all", (of_x, y), |x: &i32, y: &i32| x + y);
    let inner = inner.build().expect("a valid graph");

    let mut outer = GraphBuilder::new();
    let (v, w) = (outer.input::<i32>("v"), outer.input::<i32>("w"));
    let mut last = 0;
    let set = move |inner: &mut Graph<'_>, v: &i32, w: &i32| {
        if std::mem::replace(&mut last, *v) != *v {
            inner.set(x, *v);
        }
        inner.set(y, *w);
    };
    let nested = outer.graph("nested", (v, w), inner, set, move |inner: &mut Graph<'_>| inner.results()[all]);
    let mut outer = outer.build().expect("a valid graph");
    outer.set(v, 1);
    for round in 0..4 {
        outer.set(w, round);
        let results = runner.typed_with(&mut outer, &update()).expect("no node fails");
        assert_eq!(results[nested], 10 + round);
        assert_eq!((constants.load(SeqCst), sums.load(SeqCst)), (1, 1));
    }
    outer.set(v, 2);
    assert_eq!(runner.typed_with(&mut outer, &update()).expect("no node fails")[nested], 23);
    assert_eq!((constants.load(SeqCst), sums.load(SeqCst)), (1, 2));
    // Without `update`, all of it.
    assert_eq!(runner.typed(&mut outer)[nested], 23);
    assert_eq!((constants.load(SeqCst), sums.load(SeqCst)), (2, 3));
}

/// A result that the outer graph takes each time is made again, though nothing that it depends on has
/// changed.
fn update_runs_again_what_was_taken(runner: &Runner) {
    let counter = Counter::default();
    let mut inner = GraphBuilder::new();
    let made = inner.node("made", (), || counter.make(5));
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let v = outer.input::<u64>("v");
    let read = move |inner: &mut Graph<'_>| inner.take(made).expect("it is there");
    let taken = outer.graph("part", (v,), inner, |_: &mut Graph<'_>, _: &u64| {}, read);
    let value = outer.node("value", (taken, v), |made: &Counted, v: &u64| made.value + v);
    let mut outer = outer.build().expect("a valid graph");
    for round in 0..4 {
        outer.set(v, round);
        assert_eq!(runner.typed_with(&mut outer, &update()).expect("no node fails")[value], 5 + round);
        assert_eq!(counter.alive(), 1);
    }
}

fn update_goes_on_where_it_was_stopped(runner: &Runner) {
    let (first, cancels) = (&AtomicUsize::new(0), &AtomicBool::new(true));
    let token = &CancelToken::new();
    let mut inner = GraphBuilder::new();
    let one = inner.node("one", (), || {
        if cancels.swap(false, SeqCst) {
            token.cancel();
        }
        first.fetch_add(1, SeqCst)
    });
    let two = inner.node("two", (one,), |one: &usize| one + 1);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let part = outer.graph(
        "part",
        (),
        inner,
        |_: &mut Graph<'_>| {},
        move |inner: &mut Graph<'_>| inner.results()[two],
    );
    let mut outer = outer.build().expect("a valid graph");
    let error =
        runner.typed_with(&mut outer, &update().cancel_token(token)).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node interrupted: part");
    assert_eq!(outer.results().get(part), Err(NoResult::Interrupted));
    assert_eq!(outer.results().get(part).expect_err("none").to_string(), "was interrupted");
    assert_eq!(runner.typed_with(&mut outer, &update()).expect("no node fails")[part], 1);
    assert_eq!(first.load(SeqCst), 1, "it had run to its end");
}

/// Of two levels, and the handles of their nodes.
fn levels<'e>() -> (Graph<'e>, [Node<u64>; 3]) {
    let busy = || (0..100).map(std::hint::black_box).sum::<u64>();
    let mut innermost = GraphBuilder::new();
    let deep = innermost.node("deep", (), busy);
    let innermost = innermost.build().expect("a valid graph");
    let mut inner = GraphBuilder::new();
    let middle = inner.graph(
        "middle",
        (),
        innermost,
        |_: &mut Graph<'_>| {},
        move |g: &mut Graph<'_>| g.results()[deep],
    );
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    outer.node("first", (), || ()); // so that numbers differ
    let part =
        outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, move |g: &mut Graph<'_>| g.results()[middle]);
    (outer.build().expect("a valid graph"), [part, middle, deep])
}

fn measured_inside(runner: &Runner) {
    let (mut graph, nodes) = levels();
    runner.typed(&mut graph);
    assert_eq!(nodes.map(|node| graph.measured(node)), [None; 3]);
    runner.typed_with(&mut graph, &RunOptions::new().measure()).expect("no node fails");
    let [part, middle, deep] = nodes.map(|node| graph.measured(node).expect("measured"));
    assert!(part >= middle && middle >= deep && !deep.is_zero(), "{part:?} {middle:?} {deep:?}");
}

/// The same where graphs are polled.
fn with_futures(runner: &Runner) {
    let runs = &AtomicUsize::new(0);
    let mut inner = GraphBuilder::new();
    let x = inner.input::<usize>("x");
    let constant = inner.async_node("constant", (), async || runs.fetch_add(1, SeqCst));
    let sum = inner.async_node("sum", (x, constant), async |x: &usize, c: &usize| x + c);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let v = outer.input::<usize>("v");
    let set = move |inner: &mut Graph<'_>, v: &usize| _ = inner.set(x, *v);
    let part = outer.graph("part", (v,), inner, set, move |inner: &mut Graph<'_>| inner.results()[sum]);
    let mut outer = outer.build().expect("a valid graph");
    for round in 0..4 {
        outer.set(v, round);
        let options = update().measure();
        assert_eq!(runner.typed_with(&mut outer, &options).expect("no node fails")[part], round);
        assert_eq!(runs.load(SeqCst), 1);
        assert!(outer.measured(sum).is_some() && outer.measured(constant).is_some());
    }
}

/// A graph as the node of another, which sets and reads nothing.
fn around<'e>(inner: Graph<'e>) -> (Graph<'e>, Node<()>) {
    let mut outer = GraphBuilder::new();
    let node = outer.graph("inner", (), inner, |_: &mut Graph<'e>| {}, |_: &mut Graph<'_>| ());
    (outer.build().expect("a valid graph"), node)
}

fn the_policy_reaches_inside(runner: &Runner) {
    for (policy, expected) in [(FailurePolicy::FailFast, 1), (FailurePolicy::KeepGoing, 20)] {
        let (mut graph, _) = around(one_by_one(|_| Err("planned")));
        let options = RunOptions::new().policy(policy);
        let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("all fail");
        assert!(matches!(&error, RunError::Failed(failures) if failures.len() == expected), "{error}");
    }
}

/// Two inner nodes meet, so they have two threads.
#[test]
fn the_executor_reaches_inside() {
    for runner in
        [Runner::Parallel(executor(2)), Runner::Parallel(executor(5)), Runner::Detached(executor(2))]
    {
        let both = &Barrier::new(2);
        let mut inner = GraphBuilder::new();
        for _ in 0..2 {
            inner.node("", (), || _ = both.wait());
        }
        let (mut graph, node) = around(inner.build().expect("a valid graph"));
        for _ in 0..20 {
            let () = runner.typed(&mut graph)[node];
        }
    }
}

fn a_cancel_reaches_inside(runner: &Runner) {
    let token = CancelToken::new();
    let mut inner = GraphBuilder::new();
    let stop = inner.node("stop", (), || token.cancel());
    inner.node("inside", (stop,), |(): &()| unreachable!("it is cancelled"));
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let part = outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    outer.node("behind", (part,), |(): &()| unreachable!("it is cancelled"));
    let mut outer = outer.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.typed_with(&mut outer, &options).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node interrupted: part; 1 node did not run: behind");
}

fn a_deadline_passes_inside(runner: &Runner) {
    let mut time = Duration::from_millis(20);
    // (A machine that is busy may take longer before it begins at all.)
    while !passes_inside(runner, time) {
        time *= 2;
    }
}

/// Whether a node has begun so soon, which is then under way when the deadline passes.
fn passes_inside(runner: &Runner, time: Duration) -> bool {
    let (deadline, begun) = (Instant::now() + time, AtomicBool::new(false));
    let mut inner = GraphBuilder::new();
    let waits = inner.node("waits", (), || {
        begun.store(true, SeqCst);
        while Instant::now() < deadline {
            thread::yield_now();
        }
    });
    inner.node("too late", (waits,), |(): &()| ());
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let within = outer.graph("within", (), inner, |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| ());
    let behind = outer.node("behind", (within,), |(): &()| ());
    let mut outer = outer.build().expect("a valid graph");
    let options = RunOptions::new().deadline(deadline);
    let error = runner.typed_with(&mut outer, &options).map(drop).expect_err("it has passed");
    let has_begun = begun.load(SeqCst);
    if has_begun {
        let expected = "deadline exceeded, 1 node interrupted: within; 1 node did not run: behind";
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(runner.typed(&mut outer)[behind], ());
    has_begun
}
