//! Graphs whose order matters, whatever the demand: nested ones, how they end, demands that can't be met,
//! corner cases. Each demand has a file of its own: `priorities.rs`, `limits.rs`, `bound.rs`.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, Executor, Graph, GraphBuilder, GraphError, NoResult, RunError, RunOptions};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Ordered runs within nodes of ordered runs, on the same threads and limits of their own.
fn nested(runner: &Runner) {
    let inner = |offset: u32| {
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let side = graph.input::<u32>("side");
        let here = graph.node("here", (side,), move |side: &u32| side + offset);
        graph.on_caller(here);
        let there = graph.node("there", (here,), |here: &u32| here * 2);
        graph.on_worker(there, 0);
        graph.limited(there, one);
        (graph.build().expect("a valid graph"), side, there)
    };
    let mut graph = GraphBuilder::new();
    let two = graph.limit(2);
    let sum = (0..12).map(|number| {
        let (inner, side, there) = inner(number);
        let node = graph.graph(
            "nested",
            (),
            inner,
            move |inner: &mut Graph<'_>| {
                inner.set(side, 100);
            },
            move |inner: &mut Graph<'_>| inner.results()[there],
        );
        match number % 3 {
            0 => graph.on_worker(node, 0),
            1 => graph.limited(node, two),
            _ => {}
        }
        node
    });
    let nodes: Vec<_> = sum.collect();
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let results = runner.typed(&mut graph);
        assert!((0..).zip(&nodes).all(|(number, &node)| results[node] == (100 + number) * 2));
    }
}

over_typed_runners!(
    nested,
    a_failure_ends_an_ordered_run,
    a_panic_ends_an_ordered_run,
    a_cancel_ends_an_ordered_run,
);

#[test]
fn what_can_not_be_met() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("torn", (), || ());
    graph.on_worker(node, 0);
    graph.on_worker(node, 0); // the same again is fine
    graph.on_caller(node);
    let error = graph.build().expect_err("two threads");
    assert_eq!(error.to_string(), "bound to more than one thread: torn");

    let mut graph = GraphBuilder::new_local();
    let node = graph.local().node("window", (), || Rc::new(()));
    graph.on_caller(node); // it is anyway
    graph.on_worker(node, 0);
    assert!(matches!(graph.build(), Err(GraphError::BoundTwice(_))));

    let mut graph = GraphBuilder::new();
    let node = graph.node("shut out", (), || ());
    let none = graph.limit(0);
    graph.limited(node, none);
    assert_eq!(graph.build().expect_err("no permit").to_string(), "under a limit of 0: shut out");

    let mut other = GraphBuilder::new();
    let (foreign, limit) = (other.node("foreign", (), || ()), other.limit(1));
    for wish in 0..4 {
        let mut graph = GraphBuilder::new();
        let own = graph.node("own", (), || ());
        match wish {
            0 => graph.limited(own, limit),
            1 => graph.priority(foreign, 1),
            2 => graph.on_caller(foreign),
            _ => graph.on_worker(foreign, 0),
        }
        assert!(matches!(graph.build(), Err(GraphError::ForeignHandles(_))));
    }
}

/// An empty graph, and one of an executor of one with a bound node.
#[test]
fn corner_cases() {
    let mut graph = GraphBuilder::new().build().expect("an empty graph");
    graph.prioritize_by(|_| Duration::ZERO);
    graph.run_parallel(&executor(2)).expect("nothing to do");
    graph.run().expect("nothing to do");
    let alone: Executor = executor(1);
    let mut graph = GraphBuilder::new();
    let node = graph.node("", (), || thread::current().id());
    graph.on_worker(node, 0);
    let mut graph = graph.build().expect("a valid graph");
    assert_ne!(graph.run_parallel(&alone).expect("no node fails")[node], thread::current().id());
}

/// Twenty nodes that don't depend on each other, one at a time and in the order of declaration.
pub(super) fn one_by_one<'e>(
    mut body: impl FnMut(usize) -> Result<(), &'static str> + Copy + Send + 'e,
) -> Graph<'e> {
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..20 {
        let node = graph.try_node(number.to_string(), (), move || body(number));
        graph.limited(node, one);
    }
    graph.build().expect("a valid graph")
}

/// Nodes that have nothing to do with the one that fails don't begin either.
fn a_failure_ends_an_ordered_run(runner: &Runner) {
    let begun = &AtomicUsize::new(0);
    let mut graph = one_by_one(|number| {
        begun.fetch_add(1, SeqCst);
        if number == 5 { Err("planned") } else { Ok(()) }
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("one fails");
    assert_eq!(error.to_string(), "1 node failed: 5");
    assert_eq!(begun.load(SeqCst), 6);
    let not_run = graph.results().absent_nodes().filter(|(_, why)| *why == NoResult::NotRun).count();
    assert_eq!(not_run, 14);
}

fn a_panic_ends_an_ordered_run(runner: &Runner) {
    let begun = &AtomicUsize::new(0);
    let mut graph = one_by_one(|number| {
        begun.fetch_add(1, SeqCst);
        assert!(number != 5, "planned");
        Ok(())
    });
    let run = AssertUnwindSafe(|| runner.typed_with(&mut graph, &RunOptions::new()).map(drop));
    assert!(catch_unwind(run).is_err());
    assert_eq!(begun.load(SeqCst), 6);
}

fn a_cancel_ends_an_ordered_run(runner: &Runner) {
    let token = &CancelToken::new();
    let mut graph = one_by_one(|number| {
        if number == 5 {
            token.cancel();
        }
        Ok(())
    });
    let options = RunOptions::new().cancel_token(token);
    match runner.typed_with(&mut graph, &options).map(|_| ()) {
        Err(RunError::Cancelled { not_run, .. }) => {
            assert!(not_run.iter().map(|node| node.id().get()).eq(6..20), "in the order of declaration");
        }
        other => panic!("{other:?}"),
    }
}
