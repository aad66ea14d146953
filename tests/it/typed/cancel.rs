//! Typed graphs: cancellation and deadlines.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, GraphBuilder, NoResult, RunError, RunOptions};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    cancelled_before_it_starts,
    cancelled_by_a_node,
    a_token_that_is_never_cancelled,
    cancelled_when_all_is_done,
    a_deadline_that_has_passed,
    a_deadline_far_away,
    failures_come_before_a_cancel,
);

fn names(error: &RunError) -> Vec<&str> {
    match error {
        RunError::Cancelled { not_run, .. } | RunError::DeadlineExceeded { not_run, .. } => {
            not_run.iter().map(|node| node.name()).collect()
        }
        other => panic!("{other}"),
    }
}

fn cancelled_before_it_starts(runner: &Runner) {
    let started = AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || started.fetch_add(1, Relaxed));
    graph.node("b", (a,), |_: &usize| started.fetch_add(1, Relaxed));
    let mut graph = graph.build().expect("a valid graph");
    let token = CancelToken::new();
    token.cancel();
    let error =
        runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect_err("cancelled");
    assert_eq!(names(&error), ["a", "b"]);
    assert_eq!(error.to_string(), "cancelled, 2 nodes did not run: a, b");
    assert_eq!(graph.results().get(a), Err(NoResult::NotRun));
    assert_eq!(started.load(Relaxed), 0);
    runner.typed(&mut graph);
    assert_eq!(started.load(Relaxed), 2);
}

/// A chain: exactly what comes after the node that cancels does not run.
fn cancelled_by_a_node(runner: &Runner) {
    for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
        let token = CancelToken::new();
        let mut graph = GraphBuilder::new();
        let mut last = graph.node("start", (), || 0);
        for number in 0..50 {
            let token = &token;
            last = graph.node(format!("n{number}"), (last,), move |x: &u32| {
                if number == 20 {
                    token.cancel();
                }
                x + 1
            });
        }
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().policy(policy).cancel_token(&token);
        let error = runner.typed_with(&mut graph, &options).expect_err("cancelled");
        let expected: Vec<_> = (21..50).map(|number| format!("n{number}")).collect();
        assert_eq!(names(&error), expected);
    }
}

fn a_token_that_is_never_cancelled(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 1);
    let b = graph.node("b", (a,), |x: &i32| x + 1);
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&CancelToken::new());
    for _ in 0..5 {
        assert_eq!(runner.typed_with(&mut graph, &options).expect("no cancel")[b], 2);
    }
}

/// Nothing was left undone, so the run has succeeded.
fn cancelled_when_all_is_done(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let only = graph.node("only", (), || token.cancel());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    assert_eq!(runner.typed_with(&mut graph, &options).expect("all has run").get(only), Ok(&()));
}

fn a_deadline_that_has_passed(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 1);
    graph.node("", (a,), |x: &i32| x + 1);
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().deadline(Instant::now());
    let error = runner.typed_with(&mut graph, &options).expect_err("too late");
    assert_eq!(error.to_string(), "deadline exceeded, 2 nodes did not run: a, #1");
    assert_eq!(runner.typed(&mut graph)[a], 1);
}

fn a_deadline_far_away(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 1);
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().deadline(Instant::now() + Duration::from_secs(3600));
    assert_eq!(runner.typed_with(&mut graph, &options).expect("in time")[a], 1);
}

fn failures_come_before_a_cancel(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || {
        token.cancel();
        Err::<(), _>("no")
    });
    graph.node("behind", (bad,), |(): &()| ());
    let apart = graph.node("apart", (), || ());
    graph.after(bad, [apart]);
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing).cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options).expect_err("it fails");
    assert_eq!(error.to_string(), "1 node failed: bad; cancelled");
}

/// A node is under way while another thread cancels; it ends, and what comes after it doesn't start.
#[test]
fn cancelled_from_another_thread() {
    let executor = executor(2);
    for parallel in [false, true] {
        let meet = Barrier::new(2);
        let mut graph = GraphBuilder::new();
        let a = graph.node("a", (), || {
            meet.wait();
            meet.wait();
            1
        });
        let b = graph.node("b", (a,), |x: &i32| x + 1);
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..50 {
            let token = CancelToken::new();
            let options = RunOptions::new().cancel_token(&token);
            thread::scope(|scope| {
                scope.spawn(|| {
                    meet.wait();
                    token.cancel();
                    meet.wait();
                });
                let ended = if parallel {
                    graph.with(&options).run_parallel(&executor).map(|_| ())
                } else {
                    graph.with(&options).run().map(|_| ())
                };
                assert_eq!(names(&ended.expect_err("cancelled")), ["b"]);
            });
            let results = graph.results();
            assert_eq!((results.get(a), results.get(b)), (Ok(&1), Err(NoResult::NotRun)));
        }
    }
}
