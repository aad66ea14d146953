//! The results of the run before are dropped when a run begins, whatever their destructors do.

use crate::support::counted::Counter;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{GraphBuilder, NoResult, RunError, RunOptions};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

over_typed_runners!(none_is_left_if_a_destructor_panics, all_destructors_that_panic_are_named);

/// Panics when it is dropped, if that is wanted.
struct Bad<'e>(&'e AtomicBool);

impl Drop for Bad<'_> {
    fn drop(&mut self) {
        assert!(!self.0.load(Relaxed) || std::thread::panicking(), "a destructor");
    }
}

/// They stayed, and looked like those of the run that had not begun.
fn none_is_left_if_a_destructor_panics(runner: &Runner) {
    for update in [false, true] {
        let (bad, counter) = (AtomicBool::new(false), Counter::default());
        let mut graph = GraphBuilder::new();
        let input = graph.input::<u64>("input");
        let mut nodes = Vec::new();
        let mut culprit = None;
        for number in 0..5 {
            let counter = &counter;
            nodes.push(graph.node("value", (input,), move |_: &u64| counter.make(number)));
            if number == 2 {
                culprit = Some(graph.node("bad", (input,), |_: &u64| Bad(&bad)));
            }
        }
        let culprit = culprit.expect("there is one");
        let mut graph = graph.build().expect("a valid graph");
        graph.set(input, 1);
        runner.typed(&mut graph);
        bad.store(true, Relaxed);
        graph.set(input, 2);
        let options = RunOptions::new().catch_panics();
        let options = if update { options.update() } else { options };
        let error = runner.typed_with(&mut graph, &options).expect_err("a destructor panics");
        assert_eq!(error.to_string(), "panicked: bad (a destructor)");
        assert_eq!(counter.alive(), 0);
        let results = graph.results();
        assert!(nodes.iter().all(|&node| results.why_absent(node) == Some(NoResult::NotRun)));
        assert_eq!(results.why_absent(culprit), Some(NoResult::Panicked));
        assert_eq!(results[input], 2);
        // It can be run at once.
        bad.store(false, Relaxed);
        runner.typed_with(&mut graph, &options).expect("no node fails");
        let results = graph.results();
        assert!(nodes.iter().all(|&node| results.get(node).is_ok()));
        drop(graph);
        assert_eq!(counter.alive(), 0);
    }
}

fn all_destructors_that_panic_are_named(runner: &Runner) {
    let bad = AtomicBool::new(false);
    let mut graph = GraphBuilder::new();
    for name in ["one", "two", "three"] {
        graph.node(name, (), || Bad(&bad));
    }
    let mut graph = graph.build().expect("a valid graph");
    runner.typed(&mut graph);
    bad.store(true, Relaxed);
    let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics());
    bad.store(false, Relaxed);
    let Err(RunError::Panicked(panicked)) = error.map(drop) else { panic!("destructors panic") };
    let names: Vec<_> = panicked.nodes().iter().map(|node| node.name()).collect();
    assert_eq!(names, ["one", "two", "three"]);
}
