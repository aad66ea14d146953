//! What is measured: what nodes took, and nothing of those that never ended.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{GraphBuilder, RunOptions};
use dgraph_tests::yields::yields;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

over_typed_runners!(what_is_measured_is_the_node, what_never_ended_is_not_measured,);

/// Not what has gone by since the run began.
fn what_is_measured_is_the_node(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let long = graph.node("long", (), || thread::sleep(Duration::from_millis(100)));
    let short = graph.node("short", (long,), |(): &()| ());
    let future = graph.async_node("future", (long,), async |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &RunOptions::new().measure()).expect("no node fails");
    let took = |node| graph.measured(node).expect("it has ended");
    assert!(took(short) < took(long) && took(future) < took(long));
}

fn what_never_ended_is_not_measured(runner: &Runner) {
    let (calm, gate) = (&AtomicBool::new(true), &Gate::default());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || gate.wait());
    let panics = graph.async_node("panics", (), move || async move {
        // When the other one waits: what hasn't begun keeps what was measured before.
        while !calm.load(SeqCst) && gate.polls() == 1 {
            yields(1).await;
        }
        assert!(calm.load(SeqCst), "planned");
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().measure().catch_panics();
    gate.open();
    runner.typed_with(&mut graph, &options).expect("no node fails");
    assert!(graph.measured(waits).is_some() && graph.measured(panics).is_some());
    gate.shut();
    calm.store(false, SeqCst);
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert_eq!((graph.measured(waits), graph.measured(panics)), (None, None));
}

/// A future whose run is dropped has no duration either.
#[test]
fn what_was_dropped_is_not_measured() {
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || gate.wait());
    let mut graph = graph.build().expect("a valid graph");
    gate.open();
    graph.with(&RunOptions::new().measure()).run().expect("no node fails");
    gate.shut();
    let mut run = graph.with(&RunOptions::new().measure()).run_async();
    assert!(Hand::new().poll(&mut run).is_pending());
    drop(run);
    assert_eq!(graph.measured(waits), None);
}
