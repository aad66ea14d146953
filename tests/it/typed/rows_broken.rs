//! Typed graphs: rows of nodes that end early: a panic, a failure, a cancel, a node that blocks, somebody who
//! breaks in.

use super::rows::{LONG, PLACES, RUNS};
use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    CancelToken, Executor, FailurePolicy, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions,
};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

over_typed_runners!(a_panic_anywhere_in_a_row, a_failure_anywhere_in_a_row, a_cancel_anywhere_in_a_row,);

/// A chain of one kind, each of which gives something that is counted. `body` gets the number of the node,
/// and says whether it fails.
fn chain<'e>(
    counter: &'e Counter,
    body: impl Fn(u32) -> Result<(), &'static str> + Copy + Send + 'e,
) -> (Graph<'e>, Vec<Node<Counted>>) {
    let mut graph = GraphBuilder::new();
    let source = graph.node("source", (), || counter.make(0));
    let mut nodes = Vec::new();
    for number in 0..LONG {
        let last = nodes.last().copied().unwrap_or(source);
        nodes.push(graph.try_node(number.to_string(), (last,), move |last: &Counted| {
            body(number).map(|()| counter.make(last.get() + 1))
        }));
    }
    (graph.build().expect("a valid graph"), nodes)
}

fn goes_well(runner: &Runner, graph: &mut Graph<'_>, nodes: &[Node<Counted>]) {
    for _ in 0..RUNS {
        assert_eq!(runner.typed(graph)[nodes[LONG as usize - 1]].get(), u64::from(LONG));
    }
}

/// Those before `place` have their values, it has none for that reason, and those behind it are skipped
/// because of it.
fn ended_at(place: u32, reason: &NoResult, graph: &mut Graph<'_>, nodes: &[Node<Counted>]) {
    let results = graph.results();
    for (number, &node) in (0..).zip(nodes) {
        match results.get(node) {
            Ok(value) => assert!(number < place && value.get() == u64::from(number) + 1),
            Err(NoResult::Skipped { because_of }) => {
                assert!(number > place && because_of.to_string() == place.to_string());
            }
            Err(other) => assert!(number == place && other == *reason, "node {number} {other}"),
        }
    }
}

fn a_panic_anywhere_in_a_row(runner: &Runner) {
    let counter = Counter::default();
    let culprit = AtomicU32::new(u32::MAX);
    let (mut graph, nodes) = chain(&counter, |number| {
        if number == culprit.load(Relaxed) {
            panic_any(number);
        }
        Ok(())
    });
    for place in PLACES {
        culprit.store(u32::MAX, Relaxed);
        goes_well(runner, &mut graph, &nodes);
        culprit.store(place, Relaxed);
        let run = || {
            let _ = runner.typed(&mut graph);
        };
        let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
        assert_eq!(payload.downcast_ref(), Some(&place));
        assert_eq!(counter.alive(), 1 + place as isize, "one for each before it, and the source");
        ended_at(place, &NoResult::Panicked, &mut graph, &nodes);
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn a_failure_anywhere_in_a_row(runner: &Runner) {
    let counter = Counter::default();
    let culprit = AtomicU32::new(u32::MAX);
    let (mut graph, nodes) =
        chain(&counter, |number| if number == culprit.load(Relaxed) { Err("as was to be") } else { Ok(()) });
    for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
        for place in PLACES {
            culprit.store(u32::MAX, Relaxed);
            goes_well(runner, &mut graph, &nodes);
            culprit.store(place, Relaxed);
            let error =
                runner.typed_with(&mut graph, &RunOptions::new().policy(policy)).map(drop).unwrap_err();
            assert_eq!(error.to_string(), format!("1 node failed: {place}"));
            assert_eq!(counter.alive(), 1 + place as isize, "one for each before it, and the source");
            ended_at(place, &NoResult::Failed, &mut graph, &nodes);
        }
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn a_cancel_anywhere_in_a_row(runner: &Runner) {
    let counter = Counter::default();
    let culprit = AtomicU32::new(u32::MAX);
    for place in PLACES {
        let token = CancelToken::new();
        let (mut graph, nodes) = chain(&counter, |number| {
            if number == culprit.load(Relaxed) {
                token.cancel();
            }
            Ok(())
        });
        runner.typed(&mut graph);
        culprit.store(place, Relaxed);
        let ran = runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).map(drop);
        match ran {
            Err(RunError::Cancelled { not_run, .. }) => {
                assert_eq!(not_run.len(), (LONG - 1 - place) as usize);
            }
            other => assert!(other.is_ok() && place == LONG - 1, "{other:?}"),
        }
        assert_eq!(counter.alive(), 2 + place as isize);
        assert_eq!(graph.results()[nodes[place as usize]].get(), u64::from(place) + 1);
        culprit.store(u32::MAX, Relaxed);
        runner.typed(&mut graph);
        drop(graph);
        assert_eq!(counter.alive(), 0);
    }
}

/// Runs `graph` often enough for an executor to walk through it.
fn make_fast(executor: &Executor, graph: &mut Graph<'_>) {
    for _ in 0..200 {
        graph.run_parallel(executor).expect("no node fails");
    }
}

/// A node in the middle of a row blocks until a later one runs: somebody else has to take that from the row.
#[test]
fn a_node_that_blocks_in_a_row_hides_no_later_one() {
    let executor = executor(2);
    let counter = Counter::default();
    for (blocks, frees) in [(0, 1), (0, 39), (7, 8), (20, 31), (38, 39)] {
        let both = Barrier::new(2);
        let meet = AtomicU32::new(0);
        let mut graph = GraphBuilder::new();
        let nodes: Vec<_> = (0..40_u32)
            .map(|number| {
                let (both, meet, counter) = (&both, &meet, &counter);
                graph.node("", (), move || {
                    if meet.load(Relaxed) > 0 && (number == blocks || number == frees) {
                        both.wait();
                    }
                    counter.make(number.into())
                })
            })
            .collect();
        let sums: Vec<_> = (1..40)
            .map(|at| {
                graph.node("", (nodes[at - 1], nodes[at]), |a: &Counted, b: &Counted| a.get() + b.get())
            })
            .collect();
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..10 {
            meet.store(0, Relaxed);
            make_fast(&executor, &mut graph);
            meet.store(1, Relaxed);
            let results = graph.run_parallel(&executor).expect("no node fails");
            for (at, &sum) in sums.iter().enumerate() {
                assert_eq!(results[sum], 2 * at as u64 + 1);
            }
            assert_eq!(counter.alive(), 40);
        }
        drop(graph);
        assert_eq!(counter.alive(), 0);
    }
}

/// As before, and then the one that blocked, or the later one, fails or panics: what the row has given before
/// is there, and who depends on what isn't knows why.
#[test]
fn a_row_that_is_broken_into_and_goes_wrong() {
    let executor = executor(2);
    let counter = Counter::default();
    let (both, mode) = (Barrier::new(2), AtomicU32::new(0));
    let mut graph = GraphBuilder::new();
    let nodes: Vec<_> = (0..40_u32)
        .map(|number| {
            let (both, mode, counter) = (&both, &mode, &counter);
            graph.try_node(number.to_string(), (), move || {
                let mode = mode.load(Relaxed);
                if mode > 0 && (number == 20 || number == 30) {
                    both.wait();
                    match mode {
                        1 if number == 20 => return Err("as was to be"),
                        2 if number == 30 => return Err("as was to be"),
                        3 if number == 20 => panic!("as was to be"),
                        4 if number == 30 => panic!("as was to be"),
                        _ => {}
                    }
                }
                Ok(counter.make(number.into()))
            })
        })
        .collect();
    let twins: Vec<_> =
        nodes.iter().map(|&node| graph.node("twin", (node,), |node: &Counted| node.get())).collect();
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing).catch_panics();
    for round in 0..20 {
        mode.store(0, Relaxed);
        make_fast(&executor, &mut graph);
        let how = round % 4 + 1;
        mode.store(how, Relaxed);
        assert!(graph.with(&options).run_parallel(&executor).is_err());
        let culprit = if how % 2 == 1 { 20 } else { 30 };
        let results = graph.results();
        let mut alive = 0;
        for (number, (&node, &twin)) in nodes.iter().zip(&twins).enumerate() {
            alive += isize::from(results.get(node).is_ok());
            if number == culprit {
                let wrong = if how < 3 { NoResult::Failed } else { NoResult::Panicked };
                assert_eq!(results.why_absent(node), Some(wrong));
                let Some(NoResult::Skipped { because_of }) = results.why_absent(twin) else {
                    panic!("{results:?}")
                };
                assert_eq!(because_of.to_string(), culprit.to_string());
            } else if how < 3 {
                assert_eq!((results[node].get(), results[twin]), (number as u64, number as u64));
            } else if number < 20 {
                assert_eq!(results[node].get(), number as u64, "it ran before the one that blocked");
            }
        }
        assert_eq!(counter.alive(), alive);
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}
