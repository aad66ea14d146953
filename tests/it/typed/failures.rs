//! Typed graphs: nodes that fail, and what happens to the others.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, NoResult, RunError, RunOptions};
use std::error::Error;
use std::fmt;
use std::iter;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

over_typed_runners!(
    what_was_moved_is_waited_for,
    fail_fast_starts_nothing_any_more,
    keep_going_skips_descendants_only,
    the_failed_ancestor_is_named,
    all_failures_are_reported,
    errors_are_sources,
    order_only_dependents_are_skipped,
    results_of_others_stay,
    usable_after_a_failure,
    a_taker_that_fails,
    a_node_that_fails_keeps_its_arguments_apart,
);

/// An error with a source.
#[derive(Debug)]
struct Broken(std::num::ParseIntError);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn keep_going() -> RunOptions {
    RunOptions::new().policy(FailurePolicy::KeepGoing)
}

fn failures(error: RunError) -> Vec<(String, String)> {
    let RunError::Failed(failures) = error else { panic!("{error}") };
    failures.iter().map(|failure| (failure.node().to_string(), failure.error().to_string())).collect()
}

/// A chain, so that whatever comes after the culprit depends on it.
fn fail_fast_starts_nothing_any_more(runner: &Runner) {
    for culprit in [0, 41, 99] {
        let started = AtomicUsize::new(0);
        let mut graph = GraphBuilder::new();
        let mut nodes = vec![graph.node("start", (), || 0)];
        for number in 0..100 {
            let started = &started;
            nodes.push(graph.try_node(format!("n{number}"), (nodes[number],), move |x: &usize| {
                started.fetch_add(1, Relaxed);
                if number == culprit { Err("no") } else { Ok(x + 1) }
            }));
        }
        let mut graph = graph.build().expect("a valid graph");
        let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("one fails");
        assert_eq!(error.to_string(), format!("1 node failed: n{culprit}"));
        assert_eq!(started.load(Relaxed), culprit + 1);
        let results = graph.results();
        for (number, node) in nodes.iter().skip(1).enumerate() {
            match results.get(*node) {
                Ok(value) => assert!(number < culprit && *value == number + 1),
                Err(NoResult::Failed) => assert_eq!(number, culprit),
                Err(NoResult::Skipped { because_of }) => {
                    assert!(number > culprit);
                    assert_eq!(because_of.name(), format!("n{culprit}"));
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

fn keep_going_skips_descendants_only(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 1);
    let bad = graph.try_node("bad", (a,), |_: &i32| Err::<i32, _>("no"));
    let child = graph.node("child", (a, bad), |x: &i32, y: &i32| x + y);
    let grandchild = graph.node("grandchild", (child,), |x: &i32| *x);
    let (other, after) = (graph.node("other", (a,), |x: &i32| x + 1), graph.node("after", (), || 9));
    graph.after(after, [other]);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let error = runner.typed_with(&mut graph, &keep_going()).expect_err("one fails");
        assert_eq!(failures(error), [("bad".to_string(), "no".to_string())]);
        let results = graph.results();
        assert_eq!((results[a], results[other], results[after]), (1, 2, 9));
        for node in [child, grandchild] {
            let absent = results.get(node).expect_err("skipped");
            assert_eq!(absent.to_string(), "was skipped because of bad");
        }
    }
}

fn the_failed_ancestor_is_named(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let first = graph.try_node("first", (), || Err::<u8, _>("1"));
    let second = graph.try_node("second", (), || Err::<u8, _>("2"));
    let of_first = graph.node("of first", (first,), |x: &u8| *x);
    let of_both = graph.node("of both", (second, of_first), |x: &u8, y: &u8| x + y);
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &keep_going()).expect_err("two fail");
    assert_eq!(error.to_string(), "2 nodes failed: first, second");
    let names: Vec<_> = graph.results().absent_nodes().map(|(node, why)| format!("{node} {why}")).collect();
    assert_eq!(
        names,
        [
            "first failed",
            "second failed",
            "of first was skipped because of first",
            "of both was skipped because of second"
        ]
    );
    assert!(
        matches!(graph.results().get(of_both), Err(NoResult::Skipped { because_of }) if because_of.name() == "second")
    );
}

fn all_failures_are_reported(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    for number in 0..300 {
        graph.try_node(format!("n{number}"), (), move || {
            if number % 3 == 0 { Err(format!("e{number}")) } else { Ok(()) }
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    let expected: Vec<_> = (0..300).step_by(3).map(|n| (format!("n{n}"), format!("e{n}"))).collect();
    for _ in 0..5 {
        let error = runner.typed_with(&mut graph, &keep_going()).expect_err("many fail");
        assert_eq!(failures(error), expected);
    }
}

fn errors_are_sources(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.try_node("parse", (), || "x".parse::<i32>().map_err(Broken));
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("it fails");
    assert_eq!(
        with_causes(&error),
        ["1 node failed: parse", "node parse failed", "broken", "invalid digit found in string"]
    );
    let RunError::Failed(failures) = error else { panic!("{error}") };
    let inner = failures.into_iter().next().expect("one").into_error();
    assert!(inner.downcast_ref::<Broken>().is_some());
}

fn order_only_dependents_are_skipped(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<(), _>("no"));
    let after = graph.node("after", (), || 1);
    let feeds = graph.node("feeds", (after,), |x: &i32| *x);
    graph.after(after, [bad]);
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &keep_going()).expect_err("one fails");
    let results = graph.results();
    for node in [after, feeds] {
        assert!(
            matches!(results.get(node), Err(NoResult::Skipped { because_of }) if because_of.name() == "bad")
        );
    }
}

fn results_of_others_stay(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let good = graph.node("good", (), || counter.make(1));
    graph.try_node("bad", (good,), |_: &Counted| Err::<(), _>("no"));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        runner.typed_with(&mut graph, &RunOptions::new()).expect_err("one fails");
        assert_eq!((graph.results()[good].value, counter.alive()), (1, 1));
    }
    assert_eq!(graph.take(good).expect("it is there").value, 1);
    assert_eq!(counter.alive(), 0);
}

fn usable_after_a_failure(runner: &Runner) {
    let fails = AtomicBool::new(true);
    let mut graph = GraphBuilder::new();
    let a = graph.try_node("a", (), || if fails.load(Relaxed) { Err("no") } else { Ok(1) });
    let b = graph.node("b", (a,), |x: &i32| x + 1);
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..40 {
        fails.store(run % 2 == 0, Relaxed);
        match runner.typed_with(&mut graph, &RunOptions::new()) {
            Ok(results) => assert!(run % 2 == 1 && results[b] == 2),
            Err(error) => assert!(run % 2 == 0 && error.to_string() == "1 node failed: a"),
        }
    }
}

/// What was moved into it is gone, once.
fn a_taker_that_fails(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let made = graph.node("made", (), || counter.make(1));
    let other = graph.node("other", (), || counter.make(2));
    let taker = graph.try_node("taker", (made.moved(), other), |made: Counted, _: &Counted| {
        drop(made);
        Err::<Counted, _>("no")
    });
    let unfed = graph.node("unfed", (taker.moved(),), |taken: Counted| taken);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        runner.typed_with(&mut graph, &keep_going()).expect_err("the taker fails");
        assert_eq!(counter.alive(), 1);
        let results = graph.results();
        assert!(matches!(results.get(made), Err(NoResult::Moved { into }) if into.name() == "taker"));
        assert_eq!(results.get(taker).err(), Some(NoResult::Failed));
        assert!(matches!(results.get(unfed), Err(NoResult::Skipped { .. })));
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// A value that was to be moved into a node that is skipped stays where it is.
fn a_node_that_fails_keeps_its_arguments_apart(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let made = graph.node("made", (), || counter.make(1));
    let bad = graph.try_node("bad", (), || Err::<(), _>("no"));
    graph.node("taker", (made.moved(), bad), |made: Counted, (): &()| made.value);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        runner.typed_with(&mut graph, &keep_going()).expect_err("one fails");
        assert_eq!((graph.results()[made].value, counter.alive()), (1, 1));
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// Two chains side by side on two threads: while a node of one of them fails, a node of the other is under
/// way, in each position to each other. Nothing behind the failure starts, and under `KeepGoing` the other
/// chain goes on.
#[test]
fn dependents_of_a_failed_node_never_start() {
    let executor = executor(2);
    for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
        for (culprit, partner) in (0..6).flat_map(|culprit| (0..6).map(move |partner| (culprit, partner))) {
            let meet = Barrier::new(2);
            let behind = AtomicUsize::new(0);
            let mut graph = GraphBuilder::new();
            let mut bad = graph.node("", (), || ());
            let mut good = graph.node("", (), || ());
            for number in 0..6 {
                let (meet, behind) = (&meet, &behind);
                bad = graph.try_node("", (bad,), move |(): &()| {
                    if number > culprit {
                        behind.fetch_add(1, Relaxed);
                    }
                    if number == culprit {
                        meet.wait();
                        return Err("no");
                    }
                    Ok(())
                });
                good = graph.node("", (good,), move |(): &()| {
                    if number == partner {
                        meet.wait();
                    }
                });
            }
            let mut graph = graph.build().expect("a valid graph");
            for _ in 0..10 {
                graph.with(&RunOptions::new().policy(policy)).run_parallel(&executor).expect_err("one fails");
                let results = graph.results();
                assert!(results.get(bad).is_err());
                assert!(policy == FailurePolicy::FailFast || results.get(good).is_ok());
            }
            assert_eq!(behind.load(Relaxed), 0, "started behind the failure of {culprit}");
        }
    }
}

/// A join whose predecessors end at the same time on two threads, one of them by failing.
#[test]
fn a_join_of_a_failure_and_a_success_never_starts() {
    let executor = executor(2);
    let meet = Barrier::new(2);
    let mut graph = GraphBuilder::new();
    let good = graph.node("good", (), || {
        meet.wait();
        String::from("good")
    });
    let bad = graph.try_node("bad", (), || {
        meet.wait();
        Err::<String, _>("no")
    });
    let join = graph.node("join", (good, bad), |_: &String, _: &String| unreachable!("it has no argument"));
    graph.node("join of the join", (join,), |(): &()| unreachable!("it has no argument"));
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..400 {
        let policy = if run % 2 == 0 { FailurePolicy::KeepGoing } else { FailurePolicy::FailFast };
        let error = graph.with(&RunOptions::new().policy(policy)).run_parallel(&executor);
        assert_eq!(error.expect_err("one fails").to_string(), "1 node failed: bad");
        assert_eq!(graph.results().absent_nodes().count(), 3);
    }
}

/// What an error says, and what each of those behind it says.
pub(crate) fn with_causes(error: &dyn Error) -> Vec<String> {
    iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect()
}

/// A node that only waits for one whose result has been moved starts, also after something else has failed.
fn what_was_moved_is_waited_for(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.try_node("bad", (), || Err::<(), _>("no")); // a serial run begins with it
    let made = graph.node("made", (), || String::from("made"));
    let taker = graph.node("taker", (made.moved(),), |made: String| made);
    let waits = graph.node("waits", (), || 7);
    graph.after(waits, [made.any(), taker.any()]);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        runner.typed_with(&mut graph, &keep_going()).expect_err("one fails");
        let results = graph.results();
        assert_eq!((results[taker].as_str(), results[waits]), ("made", 7));
    }
}

/// On several threads as well: a failure is noticed by those who are far from it.
#[test]
fn a_failure_ends_a_run_of_independent_nodes() {
    for threads in [2, 5] {
        let executor = executor(threads);
        let mut graph = GraphBuilder::new();
        for number in 0..4_001 {
            graph.try_node("", (), move || match number {
                2_000 => Err("planned"),
                _ => {
                    thread::sleep(Duration::from_micros(100));
                    Ok(())
                }
            });
        }
        let mut graph = graph.build().expect("a valid graph");
        let error = graph.run_parallel(&executor).map(drop).expect_err("one fails");
        assert!(matches!(error, RunError::Failed(_)));
        assert!(graph.results().absent_nodes().any(|(_, why)| why == NoResult::NotRun), "all have begun");
    }
}
