//! Typed graphs: nodes that panic, and destructors that do.

use crate::support::counted::{Counted, Counter};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Graph, GraphBuilder, NoResult, Node, RunError, RunOptions};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

over_typed_runners!(
    a_panic_as_an_error,
    results_of_others_stay_and_are_dropped_once,
    what_was_moved_into_a_panic_is_dropped_once,
    usable_after_every_ending,
);

/// A source, three in the middle and a sink; the `culprit`-th one panics.
fn five<'e>(culprit: &'e AtomicU32, counter: &'e Counter) -> (Graph<'e>, Vec<Node<Counted>>) {
    let body = |number: u32| {
        move || {
            if culprit.load(Relaxed) == number {
                panic_any(Payload(number));
            }
            counter.make(number.into())
        }
    };
    let mut graph = GraphBuilder::new();
    let source = graph.node("source", (), body(0));
    let middle = ["left", "middle", "right"];
    let middle: Vec<_> = (1..)
        .zip(middle)
        .map(|(number, name)| {
            let body = body(number);
            graph.node(name, (source,), move |_: &Counted| body())
        })
        .collect();
    let last = body(4);
    let sink = graph.node("sink", &middle, move |_: dgraph_exec::Values<'_, Counted>| last());
    let nodes = [vec![source], middle, vec![sink]].concat();
    (graph.build().expect("a valid graph"), nodes)
}

const NAMES: [&str; 5] = ["source", "left", "middle", "right", "sink"];

fn a_panic_as_an_error(runner: &Runner) {
    let (culprit, counter) = (AtomicU32::new(0), Counter::default());
    let (mut graph, _) = five(&culprit, &counter);
    for number in 0..5 {
        culprit.store(number, Relaxed);
        let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("a panic");
        assert_eq!(error.to_string(), format!("panicked: {}", NAMES[number as usize]));
        let RunError::Panicked(panic) = error else { panic!("{error}") };
        assert_eq!(panic.nodes().len(), 1);
        assert_eq!(panic.into_payload().downcast_ref(), Some(&Payload(number)));
    }
    let mut graph = GraphBuilder::new();
    graph.node("talks", (), || panic_any(String::from("at 7")));
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("a panic");
    assert_eq!(error.to_string(), "panicked: talks (at 7)");
    let RunError::Panicked(panic) = error else { panic!("{error}") };
    assert_eq!(payload_of::<String>(|| panic.resume()), "at 7");
}

fn results_of_others_stay_and_are_dropped_once(runner: &Runner) {
    let (culprit, counter) = (AtomicU32::new(0), Counter::default());
    let (mut graph, nodes) = five(&culprit, &counter);
    for number in [4, 0, 4, 9, 4, 2] {
        culprit.store(number, Relaxed);
        let ended = catch_unwind(AssertUnwindSafe(|| _ = runner.typed(&mut graph)));
        assert_eq!(ended.is_ok(), number == 9);
        let there = nodes.iter().filter(|node| graph.results().get(**node).is_ok()).count();
        assert_eq!(usize::try_from(counter.alive()), Ok(there));
        match number {
            0 => assert_eq!(there, 0),
            4 => assert_eq!(there, 4),
            9 => assert_eq!(there, 5),
            _ => assert!((1..4).contains(&there)),
        }
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn what_was_moved_into_a_panic_is_dropped_once(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let (made, lent) =
        (graph.node("made", (), || counter.make(1)), graph.node("lent", (), || counter.make(2)));
    graph.node("taker", (made.moved(), lent), |_: Counted, _: &Counted| panic_any(Payload(1)));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(1));
        assert_eq!(counter.alive(), 1);
        assert!(matches!(graph.results().get(made), Err(NoResult::Moved { into }) if into.name() == "taker"));
        assert_eq!(graph.results()[lent].value, 2);
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn usable_after_every_ending(runner: &Runner) {
    let (ending, counter) = (AtomicU32::new(0), Counter::default());
    let token = std::sync::Mutex::new(dgraph_exec::CancelToken::new());
    let mut graph = GraphBuilder::new();
    let mut calls = 0;
    let first = graph.try_node("first", (), || {
        calls += 1;
        match ending.load(Relaxed) {
            1 => Err("failed"),
            2 => panic_any(Payload(2)),
            3 => {
                token.lock().expect("no panic").cancel();
                Ok(counter.make(calls))
            }
            _ => Ok(counter.make(calls)),
        }
    });
    let second = graph.node("second", (first.moved(),), |first: Counted| counter.make(first.value * 2));
    let mut graph = graph.build().expect("a valid graph");
    let mut run = 0;
    for round in 0..60 {
        run += 1;
        let how = round % 5;
        ending.store(how, Relaxed);
        *token.lock().expect("no panic") = dgraph_exec::CancelToken::new();
        let options = RunOptions::new().catch_panics().cancel_token(&token.lock().expect("no panic"));
        match (how, runner.typed_with(&mut graph, &options)) {
            (1, Err(RunError::Failed(_))) | (2, Err(RunError::Panicked(_))) => assert_eq!(counter.alive(), 0),
            (3, Err(RunError::Cancelled { not_run, .. })) => {
                assert_eq!((not_run.len(), not_run[0].name(), counter.alive()), (1, "second", 1));
            }
            (0 | 4, Ok(results)) => assert_eq!((results[second].value, counter.alive()), (run * 2, 1)),
            (how, other) => panic!("{how}: {other:?}"),
        }
    }
}
