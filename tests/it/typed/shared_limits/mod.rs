//! Limits that runs share.

mod endings;
mod outside;
mod rejection;
mod turns;
mod weights;

use crate::support::gate::Gate;
use crate::support::runner::executor;
use dgraph_exec::{Executor, Graph, GraphBuilder, Permits, RunError, SharedLimit, Spawned};
use std::thread;

/// A run elsewhere, on an executor of its own, that has permits until it is let go.
struct Holder {
    gate: Gate,
    run: Spawned<Graph<'static>>,
    _executor: Executor,
}

impl Holder {
    fn of(permits: impl Into<Permits>) -> Self {
        let (gate, executor) = (Gate::default(), executor(2));
        let waits = gate.clone();
        let mut graph = GraphBuilder::new();
        let holder = graph.async_node("holder", (), move || waits.wait());
        graph.limited(holder, permits);
        let run = graph.build().expect("a valid graph").spawn(&executor);
        while gate.polls() == 0 {
            thread::yield_now();
        }
        Self { gate, run, _executor: executor }
    }

    fn let_go(self) {
        self.gate.open();
        self.run.join().1.expect("no node fails");
    }
}

/// How many permits are left, and how many nodes wait.
fn state(limit: &SharedLimit, permits: usize) -> (usize, usize) {
    let text = format!("{limit:?}");
    let rest = text.strip_prefix(&format!("SharedLimit {{ permits: {permits}, left: "));
    let numbers = rest.and_then(|rest| rest.strip_suffix(" }")?.split_once(", waiting: "));
    let (left, waiting) = numbers.unwrap_or_else(|| panic!("{text}"));
    (left.parse().expect("a number"), waiting.parse().expect("a number"))
}

/// Blocks until so many nodes wait.
fn until_waiting(limit: &SharedLimit, permits: usize, nodes: usize) {
    while state(limit, permits).1 < nodes {
        thread::yield_now();
    }
}

/// A graph of one node under these permits.
fn one_node<'env>(permits: impl Into<Permits>) -> Graph<'env> {
    let mut graph = GraphBuilder::new();
    let node = graph.node("limited", (), || ());
    graph.limited(node, permits);
    graph.build().expect("a valid graph")
}

fn is_cancelled(outcome: &Result<(), RunError>) -> bool {
    outcome.as_ref().is_err_and(RunError::is_cancelled)
}
