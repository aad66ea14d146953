//! What observers are told of runs that end in each way.

use super::log::{Log, What};
use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    CancelToken, FailurePolicy, Graph, GraphBuilder, NodeInfo, NodeOutcome, Observer, RunError, RunInfo,
    RunOptions, RunOutcome, SkipReason, Threads, Values, threads,
};
use dgraph_tests::yields::yields;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    each_node_begins_and_ends,
    rows_are_observed_node_by_node,
    polls_and_waits,
    failures_and_those_behind,
    a_panic,
    a_cancel,
    a_node_that_does_as_it_is_told,
    a_deadline,
    only_and_update,
    graphs_that_are_nodes,
    graphs_with_futures_that_are_nodes,
    two_observers,
    an_observer_that_panics,
    nothing_is_told_of_what_does_not_begin,
);

fn observed(log: &Arc<Log>) -> RunOptions {
    RunOptions::new().observer(log.clone())
}

fn each_node_begins_and_ends(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let a = graph.node("a", (input,), |x: &u32| x + 1);
    let b = graph.node("", (a,), |x: &u32| x + 1);
    let c = graph.try_node("c", (a, b), |x: &u32, y: &u32| Ok::<_, String>(x + y));
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 1);
    for _ in 0..3 {
        assert_eq!(runner.typed_with(&mut graph, &observed(&log)).expect("no node fails")[c], 5);
        let expected = [
            " RunBegins",
            "a Begins",
            "a Ends(Completed)",
            "#2 Begins",
            "#2 Ends(Completed)",
            "c Begins",
            "c Ends(Completed)",
            " RunEnds(Completed)",
        ];
        assert_eq!(log.lines(), expected);
    }
    runner.typed(&mut graph);
    assert!(log.take().is_empty(), "it is for that run only");
}

/// Long rows, and often enough for each way that the tuner may choose: walks, walks in step, and shared runs.
fn rows_are_observed_node_by_node(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let mut last: Vec<_> = (0..50_u64).map(|number| graph.node("first", (), move || number)).collect();
    for _ in 0..4 {
        let add = |x: &u64, y: &u64| x.wrapping_add(*y);
        last = (0..50).map(|at| graph.node("next", (last[at], last[(at + 1) % 50]), add)).collect();
    }
    let sum = graph.node("sum", &last, |all: Values<'_, u64>| all.iter().fold(0, |x, y| x ^ y));
    let mut graph = graph.build().expect("a valid graph");
    let expected = graph.run().expect("no node fails")[sum];
    for _ in 0..40 {
        assert_eq!(runner.typed_with(&mut graph, &observed(&log)).expect("no node fails")[sum], expected);
        let told = log.take();
        let ended = told.iter().filter(|told| told.what == What::Ends(NodeOutcome::Completed));
        assert_eq!(ended.count(), 251);
        let by_workers = told.iter().filter(|told| told.worker.is_some()).count();
        match runner {
            Runner::Detached(_) => assert!(by_workers >= 251 * 2, "only workers run nodes"),
            Runner::Parallel(_) => {}
            Runner::Serial | Runner::Async => assert_eq!(by_workers, 0),
        }
    }
}

fn polls_and_waits(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let first = graph.async_node("first", (), async || yields(2).await);
    graph.async_node("second", (first,), async |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &observed(&log)).expect("no node fails");
    let expected = [
        " RunBegins",
        "first Begins",
        "first Waits",
        "first Resumes",
        "first Waits",
        "first Resumes",
        "first Ends(Completed)",
        "second Begins",
        "second Ends(Completed)",
        " RunEnds(Completed)",
    ];
    assert_eq!(log.lines(), expected);
}

/// Sorted, since nodes beside each other are told of in any order.
fn sorted(log: &Log) -> Vec<String> {
    let mut lines = log.lines();
    lines.sort();
    lines
}

fn failures_and_those_behind(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || "x".parse::<u32>());
    let behind = graph.node("behind", (bad,), |x: &u32| *x);
    graph.node("further", (behind,), |x: &u32| *x);
    let good = graph.node("good", (), || ());
    graph.after(good, [bad]); // a failure is one for what only comes after, too
    graph.node("other", (), || ());
    let mut graph = graph.build().expect("a valid graph");
    let options = observed(&log).policy(FailurePolicy::KeepGoing);
    assert!(runner.typed_with(&mut graph, &options).is_err());
    let expected = [
        " RunBegins",
        " RunEnds(Failed)",
        "bad Begins",
        "bad Ends(Failed)",
        "behind Skipped(DependencyFailed { culprit: 0 })",
        "further Skipped(DependencyFailed { culprit: 0 })",
        "good Skipped(DependencyFailed { culprit: 0 })",
        "other Begins",
        "other Ends(Completed)",
    ];
    assert_eq!(sorted(&log), expected);
}

/// Whatever comes after it in a chain is behind it; what doesn't was stopped, or had begun.
fn a_panic(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let bad = graph.node("bad", (), || panic!("planned"));
    graph.node("behind", (bad,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let expected = [
        " RunBegins",
        "bad Begins",
        "bad Ends(Panicked)",
        "behind Skipped(DependencyFailed { culprit: 0 })",
        " RunEnds(Panicked)",
    ];
    assert!(runner.typed_with(&mut graph, &observed(&log).catch_panics()).is_err());
    assert_eq!(log.lines(), expected);
    let run = || _ = runner.typed_with(&mut graph, &observed(&log));
    catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
    assert_eq!(log.lines(), expected);
}

fn a_cancel(runner: &Runner) {
    let (log, token, gate) = (Log::new(), &CancelToken::new(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), || gate.wait());
    let cancels = graph.node("cancels", (), || {
        while gate.polls() == 0 && !matches!(runner, Runner::Serial | Runner::Async) {
            thread::yield_now();
        }
        token.cancel();
    });
    graph.node("last", (waits, cancels), |(): &(), (): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    assert!(runner.typed_with(&mut graph, &observed(&log).cancel_token(token)).is_err());
    let expected = [
        " RunBegins",
        " RunEnds(Cancelled)",
        "cancels Begins",
        "cancels Ends(Completed)",
        "last Skipped(Stopped)",
        "waits Begins",
        "waits Ends(Interrupted)",
        "waits Waits",
    ];
    assert_eq!(sorted(&log), expected);
}

/// It is told to stop, and gives that as its error: that is no failure.
fn a_node_that_does_as_it_is_told(runner: &Runner) {
    let (log, token) = (Log::new(), &CancelToken::new());
    let mut graph = GraphBuilder::new();
    let stops = graph.try_node("stops", threads(), |threads: Threads<'_>| {
        token.cancel();
        threads.check()
    });
    graph.node("behind", stops, |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let ended = runner.typed_with(&mut graph, &observed(&log).cancel_token(token)).map(drop);
    assert!(matches!(ended, Err(RunError::Cancelled { .. })));
    let expected = [
        " RunBegins",
        " RunEnds(Cancelled)",
        "behind Skipped(Stopped)",
        "stops Begins",
        "stops Ends(Interrupted)",
    ];
    assert_eq!(sorted(&log), expected);
}

fn a_deadline(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let one = graph.node("one", (), || ());
    graph.node("two", (one,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let late = Instant::now().checked_sub(Duration::from_secs(1)).expect("the machine is older");
    assert!(runner.typed_with(&mut graph, &observed(&log).deadline(late)).is_err());
    let expected =
        [" RunBegins", " RunEnds(DeadlineExceeded)", "one Skipped(Stopped)", "two Skipped(Stopped)"];
    assert_eq!(sorted(&log), expected);
}

fn only_and_update(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let x = graph.input::<u32>("x");
    let a = graph.node("a", (), || 1);
    let b = graph.node("b", (a, x), |a: &u32, x: &u32| a + x);
    graph.node("c", (b,), |b: &u32| *b);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(x, 1);
    runner.typed_with(&mut graph, &observed(&log).only([b])).expect("no node fails");
    let expected = [
        " RunBegins",
        "c Skipped(NotNeeded)",
        "a Begins",
        "a Ends(Completed)",
        "b Begins",
        "b Ends(Completed)",
        " RunEnds(Completed)",
    ];
    assert_eq!(log.lines(), expected);
    graph.set(x, 2);
    runner.typed_with(&mut graph, &observed(&log).update().only([b])).expect("no node fails");
    let expected = [
        " RunBegins",
        "a Skipped(UpToDate)",
        "c Skipped(NotNeeded)",
        "b Begins",
        "b Ends(Completed)",
        " RunEnds(Completed)",
    ];
    assert_eq!(log.lines(), expected);
}

/// Of two levels, one of which has a future.
fn levels<'e>(waits: bool) -> Graph<'e> {
    let mut deepest = GraphBuilder::new();
    if waits {
        deepest.async_node("deep", (), async || yields(1).await);
    } else {
        deepest.node("deep", (), || ());
    }
    let deepest = deepest.build().expect("a valid graph");
    let mut inner = GraphBuilder::new();
    inner.graph("", (), deepest, |_: &mut Graph<'_>| {}, |_| ());
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let first = outer.node("first", (), || ());
    outer.graph("part", (first,), inner, |_: &mut Graph<'_>, (): &()| {}, |_| ());
    outer.build().expect("a valid graph")
}

fn graphs_that_are_nodes(runner: &Runner) {
    let log = Log::new();
    let mut graph = levels(false);
    for _ in 0..3 {
        runner.typed_with(&mut graph, &observed(&log)).expect("no node fails");
        let expected = [
            " RunBegins",
            "first Begins",
            "first Ends(Completed)",
            "part Begins",
            "part RunBegins",
            "part/#0 Begins",
            "part/#0 RunBegins",
            "part/#0/deep Begins",
            "part/#0/deep Ends(Completed)",
            "part/#0 RunEnds(Completed)",
            "part/#0 Ends(Completed)",
            "part RunEnds(Completed)",
            "part Ends(Completed)",
            " RunEnds(Completed)",
        ];
        assert_eq!(log.lines(), expected);
    }
}

fn graphs_with_futures_that_are_nodes(runner: &Runner) {
    let log = Log::new();
    let mut graph = levels(true);
    runner.typed_with(&mut graph, &observed(&log)).expect("no node fails");
    let lines = log.lines();
    let deep: Vec<_> = lines.iter().filter(|line| line.contains("deep")).collect();
    let expected =
        ["part/#0/deep Begins", "part/#0/deep Waits", "part/#0/deep Resumes", "part/#0/deep Ends(Completed)"];
    assert_eq!(deep, expected);
    assert_eq!(lines.iter().filter(|line| line.contains("RunEnds(Completed)")).count(), 3);
}

fn two_observers(runner: &Runner) {
    let logs = [Log::new(), Log::new(), Log::new()];
    let mut graph = levels(false);
    let options = logs.iter().fold(RunOptions::new(), |options, log| options.observer(log.clone()));
    runner.typed_with(&mut graph, &options).expect("no node fails");
    let [first, second, third] = logs.map(|log| log.lines());
    assert_eq!((first.len(), &first, &first), (14, &second, &third));
}

/// What it panics with is dropped, others are told all the same, and the run is as any other.
fn an_observer_that_panics(runner: &Runner) {
    #[derive(Default)]
    struct Panics(AtomicUsize);
    impl Panics {
        fn panic(&self) {
            self.0.fetch_add(1, SeqCst);
            panic!("planned");
        }
    }
    impl Observer for Panics {
        fn run_begins(&self, _: &RunInfo<'_>) {
            self.panic();
        }
        fn node_begins(&self, _: &NodeInfo<'_>) {
            self.panic();
        }
        fn node_ends(&self, _: &NodeInfo<'_>, _: NodeOutcome) {
            self.panic();
        }
        fn run_ends(&self, _: &RunInfo<'_>, _: RunOutcome) {
            self.panic();
        }
    }
    let (panics, log) = (Arc::new(Panics::default()), Log::new());
    let mut graph = GraphBuilder::new();
    let value = graph.node("value", (), || 1);
    let twice = graph.node("twice", (value,), |value: &i32| value * 2);
    let mut graph = graph.build().expect("a valid graph");
    for observers in [[panics.clone() as Arc<dyn Observer>, log.clone()], [log.clone(), panics.clone()]] {
        let options = observers.into_iter().fold(RunOptions::new(), RunOptions::observer);
        assert_eq!(runner.typed_with(&mut graph, &options).expect("no node fails")[twice], 2);
        assert_eq!(log.take().len(), 6);
    }
    assert_eq!(panics.0.load(SeqCst), 12);
    // While the thread unwinds already.
    let mut graph = GraphBuilder::new();
    graph.node("bad", (), || panic!("the node's"));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().observer(panics).catch_panics();
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it panics");
    assert_eq!(error.to_string(), "panicked: bad (the node's)");
}

fn nothing_is_told_of_what_does_not_begin(runner: &Runner) {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    graph.input::<u32>("never set");
    let mut graph = graph.build().expect("a valid graph");
    assert!(runner.typed_with(&mut graph, &observed(&log)).is_err());
    assert!(log.take().is_empty());
}

/// Dropped half way, on the thread that polls: what waited ends, then the graphs in which it was.
#[test]
fn dropped_where_it_is_polled() {
    let (log, gate) = (Log::new(), &Gate::default());
    let mut inner = GraphBuilder::new();
    inner.async_node("waits", (), move || gate.wait());
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let part = graph.graph("part", (), inner, |_: &mut Graph<'_>| {}, |_| ());
    graph.node("never", (part,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let mut run = graph.with(&observed(&log)).run_async();
    assert!(Hand::new().poll(&mut run).is_pending());
    drop(run);
    let expected = [
        " RunBegins",
        "part Begins",
        "part RunBegins",
        "part/waits Begins",
        "part/waits Waits",
        "part Waits",
        "part/waits Ends(Interrupted)",
        "part RunEnds(Dropped)",
        "part Ends(Interrupted)",
        "never Skipped(Stopped)",
        " RunEnds(Dropped)",
    ];
    assert_eq!(log.lines(), expected);
    drop(graph.with(&observed(&log)).run_async());
    assert!(log.take().is_empty(), "never polled, it hasn't begun");
}

/// The same on workers: by the future's end, by that of `Spawned`, and by the executor's.
#[test]
fn dropped_on_workers() {
    let (log, gate) = (Log::new(), Gate::default());
    let executor = executor(2);
    let waiting = || {
        let gate = gate.clone();
        let mut graph = GraphBuilder::new();
        let waits = graph.async_node("waits", (), move || gate.wait());
        graph.node("never", (waits,), |(): &()| ());
        graph.build().expect("a valid graph")
    };
    let polled = |times| {
        while gate.polls() < times {
            thread::yield_now();
        }
    };
    let expected = |outcome: RunOutcome| {
        [
            " RunBegins".to_string(),
            "waits Begins".to_string(),
            "waits Waits".to_string(),
            "waits Ends(Interrupted)".to_string(),
            "never Skipped(Stopped)".to_string(),
            format!(" RunEnds({outcome:?})"),
        ]
    };
    {
        let mut graph = waiting();
        let mut run = graph.with(&observed(&log)).run_parallel_async(&executor);
        assert!(Hand::new().poll(&mut run).is_pending());
        polled(1);
    }
    assert_eq!(log.lines(), expected(RunOutcome::Dropped));
    let spawned = waiting().into_with(&observed(&log)).spawn(&executor);
    polled(2);
    drop(spawned);
    assert_eq!(log.lines(), expected(RunOutcome::Dropped));
    let spawned = waiting().into_with(&observed(&log)).spawn(&executor);
    polled(3);
    drop(executor);
    assert!(spawned.join().1.is_err());
    assert_eq!(log.lines(), expected(RunOutcome::Cancelled));
}

/// All nodes were run before somebody dropped it.
#[test]
fn dropped_at_its_end() {
    let (log, executor) = (Log::new(), executor(1));
    let mut graph = GraphBuilder::new();
    graph.node("only", (), || ());
    let spawned = graph.build().expect("a valid graph").into_with(&observed(&log)).spawn(&executor);
    while !spawned.is_finished() {
        thread::yield_now();
    }
    drop(spawned);
    let expected = [" RunBegins", "only Begins", "only Ends(Completed)", " RunEnds(Dropped)"];
    assert_eq!(log.lines(), expected);
}

/// Of a failure in the middle of a run of thousands of nodes on threads: what was behind it, and what was
/// stopped.
#[test]
fn what_was_stopped_is_told() {
    let log = Log::new();
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || "x".parse::<u32>());
    (0..1000).for_each(|_| _ = graph.node("behind", (bad,), |x: &u32| *x));
    (0..1000).for_each(|_| _ = graph.node("beside", (), || ()));
    let mut graph = graph.build().expect("a valid graph");
    assert!(graph.with(&observed(&log)).run_parallel(&executor(2)).is_err());
    let told = log.take();
    let skipped = |name: &str, reason: SkipReason| {
        told.iter().filter(|told| told.path == name && told.what == What::Skipped(reason)).count()
    };
    let culprit = bad.id();
    assert_eq!(skipped("behind", SkipReason::DependencyFailed { culprit }), 1000);
    let ran = told.iter().filter(|told| told.path == "beside" && told.what == What::Begins).count();
    assert_eq!(skipped("beside", SkipReason::Stopped), 1000 - ran);
}
