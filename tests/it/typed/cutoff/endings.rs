//! Failures, stops and panics in updates that may stop.

use super::{Half, Log, run, update};
use crate::support::counted::{Counted, Counter};
use crate::support::panics::Payload;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{
    CancelToken, FailurePolicy, Graph, GraphBuilder, Input, NoResult, Node, NodeInfo, NodeOutcome, Observer,
    RunError,
};
use std::mem;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

over_typed_runners!(
    failures_are_news,
    stopped_halfway,
    a_panic_of_a_comparison,
    a_panic_of_a_destructor,
    two_destructors_that_panic,
);

fn failures_are_news(runner: &Runner) {
    let log = Log::default();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let even = graph.try_node("even", input, |input: &u32| if input % 2 == 0 { Ok(1) } else { Err("odd") });
    let behind = graph.node("behind", even, |_: &i32| log.note("b"));
    graph.node("told", behind.outcome(), |_: Result<&(), NoResult>| log.note("o"));
    graph.cutoff(even);
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(0, "bo"), (2, ""), (1, "o"), (4, "bo"), (6, "")] {
        graph.set(input, value);
        let options = update().policy(FailurePolicy::KeepGoing);
        let ended = runner.typed_with(&mut graph, &options).map(drop);
        assert_eq!((ended.is_err(), log.taken().as_str()), (value % 2 == 1, ran));
        let skipped = matches!(graph.result(behind), Err(NoResult::Skipped { .. }));
        assert_eq!(skipped, value % 2 == 1);
    }
}

/// What a stopped update hasn't come to is out of date, unless nothing before it has changed.
fn stopped_halfway(runner: &Runner) {
    let (log, counter) = (Log::default(), Counter::default());
    let (token, panics) = (Mutex::new(CancelToken::new()), AtomicBool::new(false));
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let half = graph.node("half", input, |input: &u64| {
        log.note("h");
        Half(counter.make(input / 2))
    });
    let stop = graph.node("stop", (half, input), |half: &Half, _: &u64| {
        log.note("s");
        token.lock().expect("no panic").cancel();
        if panics.load(Relaxed) {
            panic_any(Payload(5));
        }
        Half(counter.make(half.0.get()))
    });
    let last = graph.node("last", (stop, half), |stop: &Half, half: &Half| {
        log.note("l");
        counter.make(stop.0.get() + half.0.get())
    });
    let apart = graph.node("apart", half, |half: &Half| {
        log.note("a");
        half.0.get()
    });
    graph.after(apart, stop);
    [half, stop].into_iter().for_each(|node| graph.cutoff(node));
    let mut graph = graph.build().expect("a valid graph");
    for stopped_by_a_panic in [false, true] {
        panics.store(stopped_by_a_panic, Relaxed);
        for (value, ran) in [(4, "hs"), (5, "hs"), (6, "hs")] {
            panics.store(false, Relaxed);
            graph.set(input, 4);
            run(runner, &mut graph);
            assert_eq!(graph.results()[last].get(), 4);
            panics.store(stopped_by_a_panic, Relaxed);
            log.taken();
            graph.set(input, value);
            let fresh = CancelToken::new();
            token.lock().expect("no panic").clone_from(&fresh);
            let options = update().cancel_token(&fresh).catch_panics();
            let ended = runner.typed_with(&mut graph, &options).map(drop);
            assert_eq!(log.taken(), ran);
            assert_eq!(graph.results()[half].0.get(), value / 2);
            let (last, apart) = (graph.result(last).map(Counted::get), graph.result(apart).copied());
            if stopped_by_a_panic {
                assert!(matches!(ended, Err(RunError::Panicked(_))));
                assert!(last.is_err() && apart.is_err());
                assert_eq!(counter.alive(), 1);
            } else if value < 6 {
                assert!(ended.is_ok(), "all that is left is up to date: {ended:?}");
                assert_eq!((last, apart), (Ok(4), Ok(2)));
            } else {
                assert!(matches!(ended, Err(RunError::Cancelled { .. })));
                assert_eq!((last, apart), (Err(NoResult::NotRun), Err(NoResult::NotRun)));
                assert_eq!(counter.alive(), 2);
            }
        }
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// Panics in a comparison, or when it is dropped, if it is so.
struct Bad {
    counted: Counted,
    in_comparison: bool,
    in_drop: bool,
}

impl PartialEq for Bad {
    fn eq(&self, other: &Self) -> bool {
        if self.in_comparison {
            panic_any(Payload(7));
        }
        self.counted.get() == other.counted.get()
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        if mem::take(&mut self.in_drop) {
            panic_any(Payload(8));
        }
    }
}

/// What is made, and whether it panics in comparisons or when it is dropped.
type Made = (u64, bool, bool);

fn bad_graph(counter: &Counter) -> (Graph<'_>, Input<Made>, [Node<u64>; 2], Node<Bad>) {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<Made>("input");
    let made = graph.node("made", input, |&(value, in_comparison, in_drop): &Made| Bad {
        counted: counter.make(value),
        in_comparison,
        in_drop,
    });
    let behind = graph.node("behind", made, |made: &Bad| made.counted.get());
    let apart = graph.node("apart", (), || 3);
    graph.cutoff(made);
    (graph.build().expect("a valid graph"), input, [behind, apart], made)
}

fn a_panic_of_a_comparison(runner: &Runner) {
    for as_failures in [false, true] {
        let counter = Counter::default();
        let (mut graph, input, [behind, apart], made) = bad_graph(&counter);
        graph.set(input, (1, false, false));
        run(runner, &mut graph);
        graph.set(input, (1, true, false));
        let options = update().policy(FailurePolicy::KeepGoing).catch_panics();
        let told = Arc::new(Told::default());
        let options = options.observer(told.clone());
        let options = if as_failures { options.panics_are_failures() } else { options };
        let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("a panic");
        assert_eq!(*told.0.lock().expect("no panic"), ["made: Panicked"]);
        match error {
            RunError::Panicked(panicked) => assert_eq!(panicked.nodes()[0].name(), "made"),
            RunError::Failed(failures) => assert_eq!(failures[0].node().name(), "made"),
            other => panic!("{other}"),
        }
        assert!(graph.result(made).is_err() && graph.result(behind).is_err());
        assert_eq!((graph.result(apart), counter.alive()), (Ok(&3), 0));
        graph.set(input, (2, false, false));
        run(runner, &mut graph);
        assert_eq!((graph.results()[behind], counter.alive()), (2, 1));
    }
}

/// What becomes of nodes that begin.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        self.0.lock().expect("no panic").push(format!("{node}: {outcome:?}"));
    }
}

fn a_panic_of_a_destructor(runner: &Runner) {
    for equal in [false, true] {
        let counter = Counter::default();
        let (mut graph, input, [behind, _], made) = bad_graph(&counter);
        graph.set(input, (1, false, !equal));
        run(runner, &mut graph);
        // The new one goes if they are equal, and else the old one.
        graph.set(input, (if equal { 1 } else { 2 }, false, equal));
        let error = runner.typed_with(&mut graph, &update().catch_panics()).map(drop).expect_err("a panic");
        assert!(matches!(error, RunError::Panicked(_)));
        assert!(graph.result(made).is_err() && graph.result(behind).is_err());
        assert_eq!(counter.alive(), 0);
        graph.set(input, (3, false, false));
        run(runner, &mut graph);
        assert_eq!((graph.results()[behind], counter.alive()), (3, 1));
    }
}

/// The new result panics when it is dropped, and then the old one does, too: one panic is enough.
fn two_destructors_that_panic(runner: &Runner) {
    for in_comparison in [false, true] {
        let counter = Counter::default();
        let (mut graph, input, [behind, _], made) = bad_graph(&counter);
        graph.set(input, (1, false, true));
        run(runner, &mut graph);
        graph.set(input, (1, in_comparison, true));
        let ended = runner.typed_with(&mut graph, &update().catch_panics()).map(drop);
        assert!(matches!(ended, Err(RunError::Panicked(_))));
        assert!(graph.result(made).is_err() && graph.result(behind).is_err());
        assert_eq!(counter.alive(), 0);
    }
}
