//! Errors, panics and a stop in one run: all of them can be had, none hides another. Also in graphs that are
//! nodes.

use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, Failures, Graph, GraphBuilder, RunError, RunOptions};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    errors_beside_a_panic,
    errors_beside_a_panic_that_goes_on,
    a_cancel_beside_a_failure,
    a_cancel_beside_a_panic,
    a_deadline_beside_a_failure,
    a_cancel_and_a_deadline,
    nothing_beside_a_failure,
    inside,
    inside_and_stopped,
    what_sets_inputs_panics,
);

fn keep_going() -> RunOptions {
    RunOptions::new().policy(FailurePolicy::KeepGoing)
}

/// Two that fail, and one that panics when they have begun to.
fn faulty<'e>(failing: &'e AtomicBool, payload: u8) -> Graph<'e> {
    with_faults(GraphBuilder::new(), failing, payload)
}

fn with_faults<'e>(mut graph: GraphBuilder<'e>, failing: &'e AtomicBool, payload: u8) -> Graph<'e> {
    graph.try_node("disk", (), || Err::<u32, _>("disk full"));
    graph.try_node("net", (), || {
        failing.store(true, SeqCst);
        Err::<u32, _>("net down")
    });
    graph.node("bug", (), move || {
        while !failing.load(SeqCst) {
            thread::yield_now();
        }
        panic_any(payload)
    });
    graph.build().expect("a valid graph")
}

fn told(failures: &[dgraph_exec::Failure]) -> Vec<String> {
    failures.iter().map(|failure| format!("{}: {}", failure.node(), failure.error())).collect()
}

/// In a run of several threads, `disk` may come too late to begin.
fn are_told(failures: &Failures, prefix: &str) {
    let told = told(failures);
    let all = [format!("{prefix}disk: disk full"), format!("{prefix}net: net down")];
    assert!(told == all || told == all[1..], "{told:?}");
    let panicked: Vec<_> = failures.panicked().iter().map(ToString::to_string).collect();
    assert_eq!(panicked, [format!("{prefix}bug")]);
}

fn errors_beside_a_panic(runner: &Runner) {
    let failing = AtomicBool::new(false);
    let mut graph = faulty(&failing, 7);
    for _ in 0..3 {
        failing.store(false, SeqCst);
        let error = runner.typed_with(&mut graph, &keep_going().catch_panics()).expect_err("a panic");
        assert!(
            error.to_string().starts_with("panicked: bug; ") && error.to_string().ends_with("net"),
            "{error}"
        );
        assert!(format!("{error:?}").contains(" failed: "), "{error:?}");
        assert!(std::error::Error::source(&error).is_some());
        assert!(!error.is_cancelled() && !error.is_late());
        let RunError::Panicked(panic) = error else { panic!("{error}") };
        are_told(panic.beside(), "");
        assert_eq!(panic.into_payload().downcast_ref(), Some(&7_u8));
        assert!(graph.take_failures().is_empty(), "the error has them");
    }
}

fn errors_beside_a_panic_that_goes_on(runner: &Runner) {
    let failing = AtomicBool::new(false);
    let mut graph = faulty(&failing, 7);
    for _ in 0..3 {
        failing.store(false, SeqCst);
        let payload = catch_unwind(AssertUnwindSafe(|| _ = runner.typed_with(&mut graph, &keep_going())))
            .expect_err("a panic");
        assert_eq!(payload.downcast_ref(), Some(&7_u8));
        are_told(&graph.take_failures(), "");
        let again = graph.take_failures();
        assert!(again.is_empty() && again.panicked().is_empty());
    }
    // What nobody takes is not there after the next run.
    failing.store(false, SeqCst);
    catch_unwind(AssertUnwindSafe(|| _ = runner.typed_with(&mut graph, &keep_going()))).expect_err("a panic");
    let options = RunOptions::new().deadline(Instant::now());
    runner.typed_with(&mut graph, &options).map(drop).expect_err("late");
    assert!(graph.take_failures().panicked().is_empty());
}

fn a_cancel_beside_a_failure(runner: &Runner) {
    for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
        let token = CancelToken::new();
        let mut graph = GraphBuilder::new();
        let child = graph.try_node("child process", (), || {
            token.cancel();
            Err::<(), _>("killed by ctrl-c")
        });
        graph.node("behind", (child,), |(): &()| ());
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().cancel_token(&token).policy(policy);
        let error = runner.typed_with(&mut graph, &options).expect_err("it fails");
        assert_eq!(error.to_string(), "1 node failed: child process; cancelled");
        assert!(error.is_cancelled() && !error.is_late());
        assert_eq!(told(error.failures()), ["child process: killed by ctrl-c"]);
        assert!(matches!(error, RunError::Failed(failures) if failures.is_cancelled()));
    }
}

fn a_cancel_beside_a_panic(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    graph.node("bug", (), || {
        token.cancel();
        panic!("oops")
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options.clone().catch_panics()).expect_err("a panic");
    assert_eq!(error.to_string(), "panicked: bug (oops); cancelled");
    assert!(error.is_cancelled() && !error.is_late());

    let fresh = CancelToken::new();
    let mut graph = GraphBuilder::new();
    graph.node("bug", (), || {
        fresh.cancel();
        panic!("oops")
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&fresh);
    catch_unwind(AssertUnwindSafe(|| _ = runner.typed_with(&mut graph, &options))).expect_err("a panic");
    let failures = graph.take_failures();
    assert!(failures.is_cancelled() && !failures.is_late() && failures.panicked().len() == 1);
}

fn until(moment: Instant) {
    while Instant::now() < moment {
        thread::yield_now();
    }
}

fn a_deadline_beside_a_failure(runner: &Runner) {
    let deadline = Instant::now() + Duration::from_millis(20);
    let mut graph = GraphBuilder::new();
    graph.try_node("slow", (), move || {
        until(deadline);
        Err::<(), _>("timed out")
    });
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new().deadline(deadline)).expect_err("it fails");
    // On a busy machine it may not have begun.
    if !error.failures().is_empty() {
        assert_eq!(error.to_string(), "1 node failed: slow; deadline exceeded");
    }
    assert!(error.is_late() && !error.is_cancelled());
}

fn a_cancel_and_a_deadline(runner: &Runner) {
    let token = CancelToken::new();
    token.cancel();
    let mut graph = GraphBuilder::new();
    graph.node("never", (), || ());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().deadline(Instant::now()).cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options).expect_err("stopped");
    assert_eq!(error.to_string(), "cancelled, deadline exceeded, 1 node did not run: never");
    assert!(error.is_cancelled() && error.is_late());
    assert!(matches!(error, RunError::Cancelled { late: true, .. }));
}

fn nothing_beside_a_failure(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    graph.try_node("bad", (), || Err::<(), _>("no"));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token).deadline(Instant::now() + Duration::from_secs(9999));
    let error = runner.typed_with(&mut graph, &options).expect_err("it fails");
    assert!(!error.is_cancelled() && !error.is_late() && error.panicked().is_none());
    assert_eq!(error.to_string(), "1 node failed: bad");
}

/// Two levels down.
fn nested(graph: Graph<'_>) -> Graph<'_> {
    ["inner", "outer"].into_iter().fold(graph, |graph, name| {
        let mut around = GraphBuilder::new();
        around.graph(name, (), graph, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
        around.build().expect("a valid graph")
    })
}

fn inside(runner: &Runner) {
    let failing = AtomicBool::new(false);
    for futures in [0, 0, 1, 1] {
        let mut graph = GraphBuilder::new();
        (0..futures).for_each(|_| _ = graph.async_node("ready", (), async || ()));
        let mut graph = nested(with_faults(graph, &failing, 9));
        failing.store(false, SeqCst);
        let error = runner.typed_with(&mut graph, &keep_going().catch_panics()).expect_err("a panic");
        assert!(error.to_string().starts_with("panicked: outer/inner/bug; "), "{error}");
        let RunError::Panicked(panic) = error else { panic!("{error}") };
        are_told(panic.beside(), "outer/inner/");
        assert_eq!(panic.into_payload().downcast_ref(), Some(&9_u8));

        failing.store(false, SeqCst);
        let payload = catch_unwind(AssertUnwindSafe(|| _ = runner.typed_with(&mut graph, &keep_going())))
            .expect_err("a panic");
        assert_eq!(payload.downcast_ref(), Some(&9_u8));
        are_told(&graph.take_failures(), "outer/inner/");
    }

    let mut graph = GraphBuilder::new();
    graph.try_node("a", (), || Err::<(), _>("1"));
    graph.try_node("", (), || Err::<(), _>("2"));
    let mut graph = nested(graph.build().expect("a valid graph"));
    let error = runner.typed_with(&mut graph, &keep_going()).expect_err("two fail");
    assert_eq!(error.to_string(), "2 nodes failed: outer/inner/a, outer/inner/#1");
    assert_eq!(told(error.failures()), ["outer/inner/a: 1", "outer/inner/#1: 2"]);
    assert_eq!(error.failures()[0].node().id().get(), 0, "of the graph that was run");
}

fn inside_and_stopped(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    graph.try_node("child", (), || {
        token.cancel();
        Err::<(), _>("killed")
    });
    let mut graph = nested(graph.build().expect("a valid graph"));
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options).expect_err("it fails");
    assert_eq!(error.to_string(), "1 node failed: outer/inner/child; cancelled");
}

/// What a graph has left of an earlier run isn't told again.
fn what_sets_inputs_panics(runner: &Runner) {
    let failing = AtomicBool::new(true);
    let first = AtomicBool::new(true);
    let mut outer = GraphBuilder::new();
    let set = |_: &mut Graph<'_>| assert!(first.swap(false, SeqCst), "set");
    outer.graph("part", (), faulty(&failing, 1), set, |_: &mut Graph<'_>| ());
    let mut outer = outer.build().expect("a valid graph");
    catch_unwind(AssertUnwindSafe(|| _ = runner.typed_with(&mut outer, &keep_going()))).expect_err("a panic");
    let error = runner.typed_with(&mut outer, &RunOptions::new().catch_panics()).expect_err("a panic");
    assert_eq!(error.to_string(), "panicked: part (set)");
}

/// Several panics in one run: each node is named.
#[test]
fn all_that_panicked() {
    let executor = crate::support::runner::executor(2);
    let barrier = Barrier::new(2);
    let mut graph = GraphBuilder::new();
    for name in ["a", "b"] {
        let barrier = &barrier;
        graph.node(name, (), move || {
            barrier.wait();
            panic!("oops")
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    let error =
        graph.with(&RunOptions::new().catch_panics()).run_parallel(&executor).map(drop).expect_err("panics");
    assert_eq!(error.to_string(), "panicked: a, b (oops)");
    catch_unwind(AssertUnwindSafe(|| _ = graph.run_parallel(&executor))).expect_err("panics");
    assert_eq!(graph.take_failures().panicked().len(), 2);
}
