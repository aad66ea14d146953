//! Small runs on two threads: each kind once, and each way to end early. For Miri, which goes through them
//! with many seeds (`.ci/miri`); otherwise many times each.

#![allow(clippy::borrowed_box, reason = "results are boxes, so that memory checkers see each of them")]

use dgraph_exec::{CancelToken, Dag, Executor, Graph, GraphBuilder, Node, RunError, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::task::Poll;

/// Calls `body` on an executor of two.
fn often(body: impl Fn(&Executor)) {
    let executor = Executor::builder().threads(2).build().expect("no special demands");
    (0..if cfg!(miri) { 3 } else { 200 }).for_each(|_| body(&executor));
}

/// A diamond of boxes with a side, and its end.
fn diamond(
    change: impl Fn(&mut GraphBuilder<'static>, [Node<Box<u32>>; 4]),
) -> (Graph<'static>, Node<Box<u32>>) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || Box::new(1));
    let b = graph.node("b", (a,), |a: &Box<u32>| Box::new(**a + 1));
    let c = graph.node("c", (a,), |a: &Box<u32>| Box::new(**a + 2));
    let d = graph.node("d", (b.moved(), c), |b: Box<u32>, c: &Box<u32>| Box::new(*b * **c));
    graph.node("side", (), || Box::new(5));
    change(&mut graph, [a, b, c, d]);
    (graph.build().expect("a valid graph"), d)
}

/// Nodes that wait and nodes that don't; `count` counts those that have ended.
fn waiting(count: &Arc<AtomicUsize>) -> Graph<'static> {
    let mut graph = GraphBuilder::new();
    let (first, second) = (Arc::clone(count), Arc::clone(count));
    let a = graph.async_node("a", (), move || {
        let first = Arc::clone(&first);
        async move {
            yields(2).await;
            first.fetch_add(1, Relaxed);
            Box::new(7)
        }
    });
    let b = graph.async_node("b", (), async || {
        yields(1).await;
        Box::new(1)
    });
    graph.node("c", (a, b), move |a: &Box<i32>, b: &Box<i32>| {
        second.fetch_add(1, Relaxed);
        **a + **b
    });
    graph.build().expect("a valid graph")
}

#[test]
fn raw() {
    often(|executor| {
        let dag = Dag::from_edges(6, &[(0, 2), (1, 2), (2, 3), (2, 4)]).expect("a valid graph");
        let sum = AtomicUsize::new(0);
        executor.run(&dag, |node| _ = sum.fetch_add(node.index(), Relaxed));
        executor.run(&dag, |node| _ = sum.fetch_add(node.index(), Relaxed));
        assert_eq!(sum.into_inner(), 30);
    });
}

#[test]
fn typed() {
    often(|executor| {
        let (mut graph, end) = diamond(|_, _| {});
        for _ in 0..2 {
            assert_eq!(*graph.run_parallel(executor).expect("no node fails")[end], 6);
        }
        assert_eq!(*graph.run().expect("no node fails")[end], 6);
    });
}

/// Closures of one kind in a row.
#[test]
fn rows() {
    often(|executor| {
        let mut graph = GraphBuilder::new();
        let parts: Vec<_> = (0..20_usize).map(|part| graph.node("part", (), move || vec![part])).collect();
        let all = graph.node("all", &parts, |parts: Values<'_, Vec<usize>>| {
            parts.iter().map(|part| part[0]).sum::<usize>()
        });
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            assert_eq!(graph.run_parallel(executor).expect("no node fails")[all], 190);
        }
    });
}

#[test]
fn ordered_and_bound() {
    often(|executor| {
        let (mut graph, end) = diamond(|graph, [a, b, c, d]| {
            let one = graph.limit(1);
            graph.limited(b, one);
            graph.limited(c, one);
            graph.priority(c, 1);
            graph.on_worker(a, 1);
            graph.on_caller(d);
        });
        assert_eq!(*graph.run_parallel(executor).expect("no node fails")[end], 6);
    });
}

#[test]
fn futures() {
    often(|executor| {
        let count = Arc::new(AtomicUsize::new(0));
        let mut graph = waiting(&count);
        graph.run_parallel(executor).expect("no node fails");
        pollster::block_on(graph.run_parallel_async(executor)).expect("no node fails");
        pollster::block_on(graph.run_async()).expect("no node fails");
        assert_eq!(count.load(Relaxed), 6);
    });
}

#[test]
fn nested() {
    often(|executor| {
        let (mut graph, end) = diamond(|graph, _| {
            let (inner, inner_end) = diamond(|_, _| {});
            graph.graph(
                "inner",
                (),
                inner,
                |_: &mut Graph<'_>| {},
                move |inner| **inner.result(inner_end).expect("it has run"),
            );
        });
        assert_eq!(*graph.run_parallel(executor).expect("no node fails")[end], 6);
        let (back, outcome) = graph.spawn(executor).join();
        outcome.expect("no node fails");
        drop(back);
    });
}

#[test]
fn spawned_and_joined() {
    often(|executor| {
        let (graph, end) = diamond(|graph, [a, ..]| graph.on_caller(a));
        let spawned = graph.spawn(executor);
        let _ = spawned.is_finished();
        let (graph, outcome) = spawned.join();
        outcome.expect("no node fails");
        assert_eq!(*graph.results()[end], 6);
    });
}

/// Runs whose owner goes, at whatever moment.
#[test]
fn dropped_half_way() {
    often(|executor| {
        let count = Arc::new(AtomicUsize::new(0));
        drop(waiting(&count).spawn(executor));
        let (graph, _) = diamond(|_, _| {});
        drop(graph.spawn(executor));
        let mut graph = waiting(&count);
        let mut run = Box::pin(graph.run_parallel_async(executor));
        pollster::block_on(poll_fn(|context| {
            let _ = run.as_mut().poll(context);
            Poll::Ready(())
        }));
        drop(run);
        graph.run().expect("no node fails");
    });
}

/// The executor goes before the runs.
#[test]
fn shut_down_half_way() {
    for _ in 0..if cfg!(miri) { 2 } else { 50 } {
        let executor = Executor::builder().threads(2).build().expect("no special demands");
        let spawned = waiting(&Arc::default()).spawn(&executor);
        let (outer, _) = diamond(|graph, _| {
            graph.graph("inner", (), waiting(&Arc::default()), |_: &mut Graph<'_>| {}, |_| ());
        });
        let outer = outer.spawn(&executor);
        drop(executor);
        for outcome in [spawned.join().1, outer.join().1] {
            assert!(matches!(outcome, Ok(()) | Err(RunError::Cancelled { .. })), "{outcome:?}");
        }
    }
}

#[test]
fn failures_panics_and_cancels() {
    often(|executor| {
        let mut graph = GraphBuilder::new();
        let good = graph.node("good", (), || Box::new(1));
        let bad = graph.try_node("bad", (), || "x".parse::<u32>());
        graph.node("behind", (good.moved(), bad), |good: Box<u32>, bad: &u32| *good + bad);
        let mut graph = graph.build().expect("a valid graph");
        assert!(matches!(graph.run_parallel(executor).map(drop), Err(RunError::Failed { .. })));
        let (mut graph, _) = diamond(|graph, [_, _, c, _]| {
            graph.node("panics", (c,), |_: &Box<u32>| panic!("on purpose"));
        });
        let token = CancelToken::new();
        let options = RunOptions::new().catch_panics().cancel_token(&token);
        let outcome = graph.with(&options).run_parallel(executor).map(drop);
        assert!(matches!(outcome, Err(RunError::Panicked { .. })), "{outcome:?}");
        token.cancel();
        let outcome = graph.with(&options).run_parallel(executor).map(drop);
        assert!(matches!(outcome, Err(RunError::Cancelled { .. })), "{outcome:?}");
    });
}

/// A node that waits for another one: somebody has to break in.
#[test]
fn one_node_waits_for_another() {
    often(|executor| {
        let (send, receive) = mpsc::channel();
        let (send, receive) = (std::sync::Mutex::new(send), std::sync::Mutex::new(receive));
        let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
        executor.run(&dag, |node| match node.index() {
            1 => receive.lock().expect("no panic").recv().expect("a word"),
            2 => send.lock().expect("no panic").send(()).expect("somebody listens"),
            _ => {}
        });
    });
}
