//! Nodes that come to no end while they have a state: what becomes of it, and who runs.

use super::watch::Watch;
use crate::support::counted::Counter;
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{
    CancelToken, FailurePolicy, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions, State,
};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

over_typed_runners!(
    a_writer_that_fails,
    a_reader_that_fails,
    a_writer_that_is_skipped,
    a_writer_that_panics,
    fail_fast,
    cancelled_in_between,
);

fn keep_going() -> RunOptions {
    RunOptions::new().policy(FailurePolicy::KeepGoing)
}

fn skipped_because_of<T>(graph: &mut Graph<'_>, node: Node<T>) -> Option<String> {
    match graph.results().get(node) {
        Err(NoResult::Skipped { because_of }) => Some(because_of.to_string()),
        _ => None,
    }
}

/// Whoever comes later in the state's order is skipped, readers and writers, however far behind. Others run.
fn a_writer_that_fails(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let fails = graph.state("fails", true);
    let (list, other) = (graph.state("list", Vec::new()), graph.state("other", 0));
    let before = graph.node("before", list.read(), |list: &Vec<u32>| list.len());
    graph.try_node("half", (list.write(), fails.read()), |list: &mut Vec<u32>, fails: &bool| {
        list.push(1);
        if *fails { Err("planned") } else { Ok(()) }
    });
    let read = graph.node("read", list.read(), |list: &Vec<u32>| list.len());
    let write =
        graph.node("write", (list.write(), other.read()), |list: &mut Vec<u32>, _: &i32| list.push(2));
    let last = graph.node("last", list.read(), |list: &Vec<u32>| list.len());
    let beside = graph.node("beside", other.write(), |other: &mut i32| *other += 1);
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        let error = runner.typed_with(&mut graph, &keep_going()).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: half");
        assert_eq!(skipped_because_of(&mut graph, read).as_deref(), Some("half"));
        assert_eq!(skipped_because_of(&mut graph, write).as_deref(), Some("half"));
        assert_eq!(skipped_because_of(&mut graph, last).as_deref(), Some("half"));
        let results = graph.results();
        assert_eq!((results[before], results.get(beside)), (run - 1, Ok(&())));
        assert_eq!(graph.state(list), &vec![1; run]); // as it was left
        assert_eq!(graph.half_written(list).map(|node| node.to_string()).collect::<Vec<_>>(), ["half"]);
        assert_eq!((graph.half_written(other).count(), graph.half_written(fails).count()), (0, 0));
    }
    *graph.state_mut(fails) = false;
    graph.state_mut(list).clear();
    assert_eq!(runner.typed(&mut graph)[last], 2);
    assert_eq!(graph.half_written(list).count(), 0);
}

/// It has changed nothing: the next writer runs, after it. What depends on it otherwise is skipped.
fn a_reader_that_fails(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 1);
    graph.node("first", number.write(), |number: &mut i32| {
        let _alone = watch.change();
        *number = 1;
    });
    let bad = graph.try_node("bad", number.read(), |number: &i32| {
        let _reading = watch.read();
        if *number == 1 { Err("planned") } else { Ok(()) }
    });
    let behind = graph.node("behind", bad, |(): &()| ());
    let write = graph.node("write", number.write(), |number: &mut i32| {
        let _alone = watch.change();
        *number += 1;
    });
    let read = graph.node("read", number.read(), |number: &i32| *number);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let error = runner.typed_with(&mut graph, &keep_going()).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: bad");
        assert_eq!(skipped_because_of(&mut graph, behind).as_deref(), Some("bad"));
        let results = graph.results();
        assert_eq!((results.get(write), results.get(read)), (Ok(&()), Ok(&2)));
    }
}

/// What it would have written isn't there: those behind it are skipped, and name who is to blame.
fn a_writer_that_is_skipped(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 0);
    let bad = graph.try_node("bad", (), || Err::<i32, _>("planned"));
    let early = graph.node("early", number.read(), |number: &i32| *number);
    let load = graph.node("load", (number.write(), bad), |number: &mut i32, bad: &i32| *number = *bad);
    let (one, two) = (
        graph.node("one", number.commute(), |number: &mut i32| *number += 1),
        graph.node("two", number.commute(), |number: &mut i32| *number += 1),
    );
    let read = graph.node("read", number.read(), |number: &i32| *number);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        runner.typed_with(&mut graph, &keep_going()).map(drop).unwrap_err();
        for node in [load, one, two] {
            assert_eq!(skipped_because_of(&mut graph, node).as_deref(), Some("bad"));
        }
        assert_eq!(skipped_because_of(&mut graph, read).as_deref(), Some("bad"));
        assert_eq!(graph.results().get(early), Ok(&0));
        assert_eq!((*graph.state(number), graph.half_written(number).count()), (0, 0));
    }
}

/// The state is as it was left, the run says who it was, and the graph can be used at once.
fn a_writer_that_panics(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let (panics, list) = (graph.state("panics", true), graph.state("list", Vec::new()));
    let made = counter.clone();
    graph.node("half", (list.write(), panics.read()), move |list: &mut Vec<_>, panics: &bool| {
        list.push(made.make(1));
        if *panics {
            resume_unwind(Box::new(Payload(7)));
        }
        list.push(made.make(2));
    });
    let read = graph.node("read", list.read(), |list: &Vec<_>| list.len());
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(7));
        assert_eq!(graph.take_failures().panicked()[0].name(), "half");
        assert_eq!(skipped_because_of(&mut graph, read).as_deref(), Some("half"));
        assert_eq!(graph.state(list).len(), run);
        assert_eq!(graph.half_written(list).map(|node| node.to_string()).collect::<Vec<_>>(), ["half"]);
    }
    let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).map(drop).unwrap_err();
    assert!(matches!(&error, RunError::Panicked(panicked) if panicked.nodes()[0].name() == "half"));
    *graph.state_mut(panics) = false;
    graph.state_mut(list).clear();
    assert_eq!(runner.typed(&mut graph)[read], 2);
    assert_eq!(graph.half_written(list).count(), 0);
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// Nothing is started any more, whatever the state's order.
fn fail_fast(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    let nodes: Vec<_> = (0..50_u32)
        .map(|number| {
            graph.try_node(format!("{number}"), list.write(), move |list: &mut Vec<u32>| {
                list.push(number);
                if number == 20 { Err("planned") } else { Ok(()) }
            })
        })
        .collect();
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "1 node failed: 20");
    assert!(graph.state(list).iter().copied().eq(0..=20));
    for &node in &nodes[21..] {
        assert_eq!(skipped_because_of(&mut graph, node).as_deref(), Some("20"));
    }
}

/// A prefix of the writers has run, and the graph can go on from there.
fn cancelled_in_between(runner: &Runner) {
    let token = &CancelToken::new();
    let mut graph = GraphBuilder::new();
    let list: State<Vec<u32>> = graph.state("list", Vec::new());
    for number in 0..30_u32 {
        graph.node("push", list.write(), move |list: &mut Vec<u32>| {
            list.push(number);
            if number == 10 {
                token.cancel();
            }
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new().cancel_token(token)).map(drop).unwrap_err();
    assert!(matches!(&error, RunError::Cancelled { not_run, .. } if not_run.len() == 19), "{error}");
    assert!(graph.state(list).iter().copied().eq(0..=10));
    graph.state_mut(list).clear();
    runner.typed(&mut graph);
    assert!(graph.state(list).iter().copied().eq(0..30));
}

/// A destructor of a state that panics: the other states, and everything else, are dropped all the same.
#[test]
fn a_state_whose_destructor_panics() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            resume_unwind(Box::new("bad"));
        }
    }
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    graph.state("one", counter.make(1));
    graph.state("bad", Bad);
    graph.state("bad", Bad);
    graph.state("two", counter.make(2));
    let made = counter.clone();
    graph.node("result", (), move || made.make(3));
    let mut graph = graph.build().expect("a valid graph");
    graph.run().expect("no node fails");
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(graph)));
    assert_eq!(dropped.unwrap_err().downcast_ref(), Some(&"bad"));
    assert_eq!(counter.alive(), 0);
}
