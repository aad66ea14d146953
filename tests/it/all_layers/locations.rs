//! A panic for a caller's mistake names the caller's line.

#![allow(unused_must_use, reason = "what is called here panics")]

use dgraph_exec::{Dag, Executor, Graph, GraphBuilder, KeyedGraph, NodeId, Values, create_graph};
use std::cell::Cell;
use std::future::pending;
use std::mem;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Once;
use std::task::{Context, Waker};

thread_local!(static LINE: Cell<Option<u32>> = const { Cell::new(None) });

/// Where in this file `mistake` panics. `None`: in another file.
fn line_of<T>(mistake: impl FnOnce() -> T) -> Option<u32> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let here = info.location().filter(|location| location.file() == file!());
            LINE.set(here.map(|location| location.line()));
            before(info);
        }));
    });
    LINE.set(None);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(mistake()))).is_err(), "a mistake that nobody notices");
    LINE.get()
}

/// Each mistake stands on a line of its own.
macro_rules! here {
    ($($mistake:expr;)*) => {$(
        let (line, expected) = (line_of(|| _ = &$mistake), line_in(stringify!($mistake)));
        assert_eq!(line, Some(expected), "{}", stringify!($mistake));
    )*};
}

/// The line of this file with that text.
fn line_in(text: &str) -> u32 {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let found = include_str!("locations.rs").lines().position(|line| bare(line) == bare(text) + ";");
    u32::try_from(found.expect("on a line of its own")).expect("a small file") + 1
}

fn stranger() -> (Graph<'static>, dgraph_exec::Node<i32>, dgraph_exec::Input<i32>) {
    let mut other = GraphBuilder::new();
    let input = other.input::<i32>("input");
    let node = other.node("node", (), || 1);
    (other.build().expect("a valid graph"), node, input)
}

#[test]
fn handles_of_other_graphs_and_results_that_are_not_there() {
    let (_other, strange_node, strange_input) = stranger();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<i32>("input");
    let node = graph.node("node", (input,), |x: &i32| *x);
    let mut graph = graph.build().expect("a valid graph");
    here! {
        graph.results()[node];
        graph.results()[input];
        graph.results()[strange_node];
        graph.results()[strange_input];
        graph.set(strange_input, 1);
        graph.input_mut(strange_input);
        graph.measured(strange_node);
        graph.name(NodeId::new(7));
        graph.dag().successors(NodeId::new(7));
        graph.dag().in_degree(NodeId::new(7));
    }
}

#[test]
fn arguments() {
    let mut graph = GraphBuilder::new();
    let parts = [1, 2].map(|part| graph.node("part", (), move || part));
    graph.node("values", parts, |values: Values<'_, i32>| {
        here! {
            values[2];
        }
    });
    graph.build().expect("a valid graph").run().expect("no node fails");

    let mut graph = KeyedGraph::<_, i32>::builder()
        .task("a", [], |_| 1)
        .task("b", ["a"], |args| {
            here! {
                args[1];
            }
            2
        })
        .build()
        .expect("a valid graph");
    let results = graph.run().expect("no task fails");
    here! {
        results["c"];
    }
}

#[test]
fn slices_that_are_too_short() {
    let dag = Dag::from_edges(2, &[(0, 1)]).expect("a valid graph");
    let dag = dag_view(&dag);
    here! {
        dag.levels_into(&mut [0]);
        dag.ranks_into(|_| 1, &mut [0]);
        dag.critical_path_by(&[0]).next();
    }
}

fn dag_view(dag: &Dag) -> dgraph_exec::DagView<'_> {
    dag.view()
}

#[test]
fn futures_that_are_over() {
    let executor = Executor::builder().threads(2).build().expect("an executor");
    let context = &mut Context::from_waker(Waker::noop());
    let mut graph = GraphBuilder::new();
    graph.node("node", (), || ());
    let mut graph = graph.build().expect("a valid graph");
    {
        let mut run = pin!(graph.run_async());
        assert!(run.as_mut().poll(context).is_ready());
        here! {
            run.as_mut().poll(context);
        }
    }
    {
        let mut run = pin!(graph.run_parallel_async(&executor));
        while run.as_mut().poll(context).is_pending() {}
        here! {
            run.as_mut().poll(context).is_ready();
        }
    }
    {
        let mut spawned = pin!(graph.spawn(&executor));
        while spawned.as_mut().poll(context).is_pending() {}
        here! {
            spawned.as_mut().poll(context);
        }
    }
    fn one() -> u8 {
        1
    }
    let mut functions = create_graph! { one: [] }.expect("a valid graph");
    let mut calls = pin!(functions.run_async());
    assert!(calls.as_mut().poll(context).is_ready());
    here! {
        calls.as_mut().poll(context);
    }
}

/// After a run that has panicked.
#[test]
fn a_future_that_has_panicked() {
    let context = &mut Context::from_waker(Waker::noop());
    let mut graph = GraphBuilder::new();
    graph.node("node", (), || panic!("planned"));
    let mut graph = graph.build().expect("a valid graph");
    let mut broken = pin!(graph.run_async());
    assert!(catch_unwind(AssertUnwindSafe(|| broken.as_mut().poll(context).is_ready())).is_err());
    here! {
        broken.as_mut().poll(context);
    }
}

#[test]
fn a_graph_whose_run_was_leaked() {
    let executor = Executor::builder().threads(2).build().expect("an executor");
    let mut leaked = GraphBuilder::new();
    let input = leaked.input::<i32>("input");
    let node = leaked.async_node("waits", (), pending::<()>);
    let mut leaked = leaked.build().expect("a valid graph");
    leaked.set(input, 0);
    let mut run = Box::pin(leaked.run_async());
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    mem::forget(run);
    here! {
        leaked.run();
        leaked.with(&dgraph_exec::RunOptions::new()).run();
        leaked.run_parallel(&executor);
        leaked.with(&dgraph_exec::RunOptions::new()).run_parallel(&executor);
        leaked.results();
        leaked.take_failures();
        leaked.set(input, 1);
        leaked.input_mut(input);
        leaked.dag();
        leaked.name(node.id());
        leaked.dot();
        leaked.measured(node);
        leaked.prioritize_by_measured();
        leaked.prioritize_by(|_| std::time::Duration::ZERO);
    }
}
