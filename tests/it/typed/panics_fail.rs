//! Panics that are failures of their nodes.

use crate::support::counted::Counter;
use crate::support::gate::Gate;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{
    FailurePolicy, Graph, GraphBuilder, NoResult, Node, Panicked, RunError, RunOptions, StopReason,
};
use dgraph_tests::yields::yields;

over_typed_runners!(
    the_others_go_on,
    futures,
    what_is_dropped,
    fail_fast,
    inside,
    beside_failures,
    a_panic_that_drains_goes_on,
);

fn panics_fail() -> RunOptions {
    RunOptions::new().policy(FailurePolicy::KeepGoing).panics_are_failures()
}

fn failed(runner: &Runner, graph: &mut Graph<'_>, options: &RunOptions) -> RunError {
    runner.typed_with(graph, options).map(drop).expect_err("something fails")
}

fn the_others_go_on(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let nodes: Vec<Node<usize>> = (0..200)
        .map(|number| {
            graph.node(format!("n{number}"), (), move || {
                assert!(number % 50 != 7, "number {number}");
                number
            })
        })
        .collect();
    let behind: Vec<Node<usize>> =
        nodes.iter().map(|&node| graph.node("behind", node, |x: &usize| x + 1)).collect();
    let told = graph.node("told", nodes[7].outcome(), |bad: Result<&usize, NoResult>| bad.copied());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let error = failed(runner, &mut graph, &panics_fail());
        assert_eq!(error.to_string(), "4 nodes failed: n7, n57, n107, n157");
        let panics = error.failures().iter().map(|failure| failure.error().downcast_ref::<Panicked>());
        let messages: Vec<_> = panics.map(|panic| panic.expect("a panic").message()).collect();
        assert_eq!(messages[1], Some("number 57"));
        for (number, (&node, &behind)) in nodes.iter().zip(&behind).enumerate() {
            let bad = number % 50 == 7;
            assert_eq!(graph.result(node).copied(), if bad { Err(NoResult::Failed) } else { Ok(number) });
            assert_eq!(graph.result(behind).is_ok(), !bad);
        }
        assert_eq!(graph.result(told), Ok(&Err(NoResult::Failed)));
    }
    // Without, it is as ever.
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing).catch_panics();
    assert!(failed(runner, &mut graph, &options).panicked().is_some());
}

fn futures(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let nodes: Vec<Node<u32>> = (0..40)
        .map(|number: u32| {
            graph.async_node(format!("n{number}"), (), move || async move {
                yields(number % 3).await;
                assert!(number % 20 != 7, "number {number}");
                yields(number % 2).await;
                number
            })
        })
        .collect();
    graph.async_node("at once", (), || -> std::future::Ready<()> { panic!("before there is a future") });
    let sum = graph.node("behind", (nodes[1], nodes[2]), |a: &u32, b: &u32| a + b);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let error = failed(runner, &mut graph, &panics_fail());
        assert_eq!(error.to_string(), "3 nodes failed: n7, n27, at once");
        assert_eq!(graph.results()[sum], 3);
    }
}

/// The future that has panicked is dropped before its node completes, and once.
fn what_is_dropped(runner: &Runner) {
    let (counter, gate) = (&Counter::default(), &Gate::default());
    gate.open();
    let mut graph = GraphBuilder::new();
    let bad = graph.async_node("bad", (), move || {
        let (waits, held) = (gate.wait(), counter.make(1));
        async move {
            waits.await;
            yields(1).await;
            assert_eq!(held.value, 2, "on purpose");
            held
        }
    });
    let told = graph.node("told", bad.outcome(), |_: Result<&_, NoResult>| counter.alive());
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..4 {
        assert_eq!(failed(runner, &mut graph, &panics_fail()).to_string(), "1 node failed: bad");
        assert_eq!((graph.results()[told], counter.alive(), gate.drops()), (0, 0, run));
    }
}

/// The failure stops the run, but not what runs in any case.
fn fail_fast(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.node("bad", (), || -> i32 { panic!("on purpose") });
    let behind = graph.node("behind", bad, |x: &i32| *x);
    let clean_up = graph.node("clean up", behind.outcome(), |behind: Result<&i32, NoResult>| behind.is_err());
    let mut graph = graph.build().expect("a valid graph");
    let error = failed(runner, &mut graph, &RunOptions::new().panics_are_failures());
    assert_eq!(error.to_string(), "1 node failed: bad");
    assert!(graph.results()[clean_up]);
}

fn inside(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    inner.node("bad", (), || panic!("on purpose"));
    let good = inner.node("good", (), || 1);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let read = move |inner: &mut Graph<'_>| inner.results()[good];
    let part = outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, read);
    let other = outer.node("other", (), || 2);
    let empty = GraphBuilder::new().build().expect("an empty graph");
    outer.graph("reader", (), empty, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| panic!("not a node"));
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..2 {
        let error = failed(runner, &mut outer, &panics_fail());
        assert_eq!(error.to_string(), "2 nodes failed: part/bad, reader");
        assert_eq!((outer.result(part), outer.result(other)), (Err(NoResult::Failed), Ok(&2)));
    }
}

fn beside_failures(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.node("bug", (), || panic!("on purpose"));
    graph.try_node("disk", (), || Err::<(), _>("full"));
    let mut graph = graph.build().expect("a valid graph");
    let error = failed(runner, &mut graph, &panics_fail());
    let told: Vec<_> = error.failures().iter().map(|failure| failure.error().to_string()).collect();
    assert_eq!(told, ["panicked: bug (on purpose)", "full"]);
}

/// If it isn't to be an error, it goes on when the run is over.
fn a_panic_that_drains_goes_on(runner: &Runner) {
    use crate::support::panics::{Payload, payload_of};
    let mut graph = GraphBuilder::new();
    graph.node("bug", (), || std::panic::panic_any(Payload(5)));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().drain([StopReason::Panic]);
    for _ in 0..2 {
        let thrown: Payload = payload_of(|| drop(runner.typed_with(&mut graph, &options)));
        assert_eq!((thrown, graph.take_failures().panicked()[0].name()), (Payload(5), "bug"));
    }
}
