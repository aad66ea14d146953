//! Whose turn it is, and that nobody who waits keeps a thread.

use super::{Holder, one_node, state, until_waiting};
use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{Graph, GraphBuilder, RunOptions, SharedLimit};
use std::sync::Mutex;
use std::task::Poll;
use std::thread;
use std::time::Duration;

over_typed_runners!(
    others_run_while_one_waits,
    a_run_that_can_only_wait_is_woken_from_elsewhere,
    within_a_graph_that_is_a_node,
    the_most_urgent_node_of_a_graph_is_first,
    a_run_that_a_node_waits_for_is_first,
    who_waits_for_one_limit_keeps_nobody_from_another,
);

/// Also on one thread: the node that makes room is behind the one that waits.
fn others_run_while_one_waits(runner: &Runner) {
    let limit = SharedLimit::new(2);
    let holder = Mutex::new(None);
    let mut graph = GraphBuilder::new();
    let waits = graph.node("waits", (), || 1);
    graph.limited(waits, limit.all());
    let behind = graph.node("behind", (waits,), |waits: &i32| waits + 1);
    graph.node("makes room", (), || {
        holder.lock().expect("no panic").take().map(Holder::let_go).expect("it is there");
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        *holder.lock().expect("no panic") = Some(Holder::of(&limit));
        assert_eq!(runner.typed(&mut graph)[behind], 2);
        assert_eq!(state(&limit, 2), (2, 0));
    }
}

fn a_run_that_can_only_wait_is_woken_from_elsewhere(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let mut graph = one_node(&limit);
    for _ in 0..5 {
        let holder = Holder::of(&limit);
        thread::scope(|scope| {
            scope.spawn(|| {
                until_waiting(&limit, 1, 1);
                holder.let_go();
            });
            runner.typed(&mut graph);
        });
    }
    assert_eq!(state(&limit, 1), (1, 0));
}

fn within_a_graph_that_is_a_node(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let holder = Mutex::new(None);
    let mut graph = GraphBuilder::new();
    graph.graph("inner", (), one_node(&limit), |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| ());
    graph.node("makes room", (), || {
        holder.lock().expect("no panic").take().map(Holder::let_go).expect("it is there");
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        *holder.lock().expect("no panic") = Some(Holder::of(&limit));
        runner.typed(&mut graph);
    }
    assert_eq!(state(&limit, 1), (1, 0));
}

/// By priority, then by what is behind it.
fn the_most_urgent_node_of_a_graph_is_first(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let (holder, order) = (&Mutex::new(None), &Mutex::new(Vec::new()));
    let mut graph = GraphBuilder::new();
    for (name, priority) in [("last", -1), ("usual", 0), ("long", 0), ("urgent", 1)] {
        let node = graph.node(name, (), move || order.lock().expect("no panic").push(name));
        graph.limited(node, &limit);
        graph.priority(node, priority);
        if name == "long" {
            graph.node("behind", (node,), |_: &()| ());
        }
    }
    let makes_room = graph.node("makes room", (), || {
        until_waiting(&limit, 1, 4);
        holder.lock().expect("no panic").take().map(Holder::let_go).expect("it is there");
    });
    graph.priority(makes_room, -2);
    let mut graph = graph.build().expect("a valid graph");
    graph.prioritize_by(|_| Duration::from_millis(1));
    for _ in 0..5 {
        *holder.lock().expect("no panic") = Some(Holder::of(&limit));
        runner.typed(&mut graph);
        let order = std::mem::take(&mut *order.lock().expect("no panic"));
        assert_eq!(order, ["urgent", "long", "usual", "last"]);
    }
}

/// A node of the outer run is before it in the queue, or is promised the permit, and may have to wait for the
/// very thread that waits for the inner run.
fn a_run_that_a_node_waits_for_is_first(runner: &Runner) {
    let limit = &SharedLimit::new(1);
    let (holder, inner) = (&Mutex::new(None), &Mutex::new(one_node(limit)));
    let let_go = || holder.lock().expect("no panic").take().map(Holder::let_go).expect("it is there");
    for promised in [true, false] {
        let mut graph = GraphBuilder::new();
        let waits = graph.node("waits", (), || ());
        graph.limited(waits, limit);
        graph.node("begins a run", (), move || {
            until_waiting(limit, 1, 1);
            if promised {
                let_go();
                inner.lock().expect("no panic").run().expect("no node fails");
                return;
            }
            thread::scope(|scope| {
                scope.spawn(move || {
                    until_waiting(limit, 1, 2);
                    let_go();
                });
                pollster::block_on(inner.lock().expect("no panic").run_async()).expect("no node fails");
            });
        });
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..5 {
            *holder.lock().expect("no panic") = Some(Holder::of(limit));
            runner.typed(&mut graph);
            assert_eq!(state(limit, 1), (1, 0));
        }
    }
}

/// A node of the outer run is promised a permit of one limit, and waits for the other one: if the thread
/// waits for the inner run, that has the permit.
fn who_waits_for_one_limit_keeps_nobody_from_another(runner: &Runner) {
    let limits = [SharedLimit::new(1), SharedLimit::new(1)];
    for [free, held] in [[0, 1], [1, 0]] {
        let (inner, holder) = (Mutex::new(one_node(&limits[free])), Mutex::new(None));
        let (inner, holder, held) = (&inner, &holder, &limits[held]);
        let mut graph = GraphBuilder::new();
        let waits = graph.node("waits", (), || ());
        limits.iter().for_each(|limit| graph.limited(waits, limit));
        graph.node("begins a run", (), move || {
            until_waiting(held, 1, 1);
            inner.lock().expect("no panic").run().expect("no node fails");
            holder.lock().expect("no panic").take().map(Holder::let_go).expect("it is there");
        });
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..5 {
            *holder.lock().expect("no panic") = Some(Holder::of(held));
            runner.typed(&mut graph);
            assert!(limits.iter().all(|limit| state(limit, 1) == (1, 0)));
        }
    }
}

/// Runs that are polled here in turns, each of one node with this priority and so many permits. In which
/// order they end when the `holder` has gone.
fn order_of(limit: &SharedLimit, holder: Holder, waiting: &[(i32, usize)]) -> Vec<usize> {
    let gates: Vec<_> = waiting.iter().map(|_| Gate::default()).collect();
    let graphs = waiting.iter().zip(&gates).map(|(&(priority, permits), gate)| {
        let gate = gate.clone();
        let mut graph = GraphBuilder::new();
        let node = graph.async_node("node", (), move || gate.wait());
        graph.limited(node, limit.permits(permits));
        if priority != 0 {
            graph.priority(node, priority);
        }
        graph.build().expect("a valid graph")
    });
    let mut graphs: Vec<_> = graphs.collect();
    let hand = Hand::new();
    let mut runs: Vec<_> = graphs.iter_mut().map(Graph::run_async).collect();
    runs.iter_mut().for_each(|run| assert!(hand.poll(run).is_pending()));
    assert!(gates.iter().all(|gate| gate.polls() == 0), "nobody has begun");
    holder.let_go();
    let mut order = Vec::new();
    while order.len() < runs.len() {
        for (_, run) in runs.iter_mut().enumerate().filter(|(at, _)| !order.contains(at)) {
            assert!(hand.poll(run).is_pending());
        }
        // All that have begun now are let go.
        for at in (0..runs.len()).filter(|&at| gates[at].polls() > 0) {
            if !order.contains(&at) {
                order.push(at);
                gates[at].open();
            }
        }
        for &at in &order[..] {
            if gates[at].polls() == 1 {
                assert!(matches!(hand.poll(&mut runs[at]), Poll::Ready(Ok(_))));
            }
        }
    }
    order
}

/// The most urgent one of all runs, and of those as urgent who came first.
#[test]
fn the_most_urgent_node_of_all_runs_is_first() {
    let limit = SharedLimit::new(1);
    let order = order_of(&limit, Holder::of(&limit), &[(0, 1), (-1, 1), (3, 1), (0, 1), (3, 1)]);
    assert_eq!(order, [2, 4, 0, 3, 1]);
    assert_eq!(state(&limit, 1), (1, 0));
}

/// A node that wants all isn't starved by those behind it that want one.
#[test]
fn the_small_wait_for_the_large() {
    let limit = SharedLimit::new(2);
    let order = order_of(&limit, Holder::of(limit.all()), &[(0, 1), (0, 2), (0, 1), (0, 1)]);
    assert_eq!(order, [0, 1, 2, 3]);
    assert_eq!(state(&limit, 2), (2, 0));
}

/// Of an executor of one worker: a hundred runs wait, and one that wants nothing runs.
#[test]
fn runs_that_wait_keep_no_thread() {
    let limit = SharedLimit::new(3);
    let holder = Holder::of(limit.all());
    let executor = executor(2);
    let waiting: Vec<_> = (0..100).map(|_| one_node(&limit).spawn(&executor)).collect();
    until_waiting(&limit, 3, 100);
    let mut free = GraphBuilder::new();
    let free_node = free.node("free", (), || 5);
    let (free, outcome) = free.build().expect("a valid graph").spawn(&executor).join();
    outcome.expect("no node fails");
    assert_eq!(free.results()[free_node], 5);
    holder.let_go();
    for run in waiting {
        run.join().1.expect("no node fails");
    }
    assert_eq!(state(&limit, 3), (3, 0));
}

/// What isn't in the order of declaration.
#[test]
fn shuffled_runs() {
    let limit = SharedLimit::new(1);
    let mut graph = GraphBuilder::new();
    let first = graph.node("first", (), || 1);
    let nodes = [(); 5].map(|()| graph.node("next", (first,), |x: &i32| x + 1));
    nodes.into_iter().for_each(|node| graph.limited(node, &limit));
    let mut graph = graph.build().expect("a valid graph");
    for seed in 0..20 {
        let results = graph.with(&RunOptions::new().shuffle(seed)).run().expect("no node fails");
        assert_eq!(nodes.map(|node| results[node]), [2; 5]);
    }
}
