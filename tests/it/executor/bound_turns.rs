//! Runs with nodes bound to workers, beside others that need the same workers: they take turns.
//!
//! Each test waits for ever if one of them keeps the other one waiting.

use crate::support::gate::Gate;
use crate::support::runner::executor;
use dgraph_exec::{AnyNode, Executor, GraphBuilder, Spawned};
use dgraph_tests::yields::yields;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::{hint, thread};

type Flag = Arc<AtomicBool>;

/// A run with a node for each of these workers, which wants one turn after the other until `flag` is set.
fn yields_on(workers: usize, flag: &Flag, executor: &Executor) -> Spawned {
    let begun = Arc::new(AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    for worker in 0..workers {
        let (flag, begun) = (Arc::clone(flag), Arc::clone(&begun));
        let node = graph.async_node("yields", (), move || {
            let (flag, begun) = (Arc::clone(&flag), Arc::clone(&begun));
            async move {
                begun.fetch_add(1, SeqCst);
                while !flag.load(SeqCst) {
                    yields(1).await;
                }
            }
        });
        graph.on_worker(node, worker);
    }
    let run = graph.build().expect("a valid graph").spawn(executor);
    while begun.load(SeqCst) < workers {
        thread::yield_now();
    }
    run
}

/// A run of one node that sets `flag`, and of which `demand` says more.
fn sets(
    flag: &Flag,
    executor: &Executor,
    demand: impl FnOnce(&mut GraphBuilder<'static>, AnyNode),
) -> Spawned {
    let flag = Arc::clone(flag);
    let mut graph = GraphBuilder::new();
    let node = graph.node("sets", (), move || flag.store(true, SeqCst)).any();
    demand(&mut graph, node);
    graph.build().expect("a valid graph").spawn(executor)
}

/// The demands that later runs make.
const DEMANDS: [fn(&mut GraphBuilder<'static>, AnyNode); 4] = [
    |_, _| (),
    |graph, node| graph.priority(node, 1),
    |graph, node| {
        let limit = graph.limit(1);
        graph.limited(node, limit);
    },
    |graph, node| graph.on_worker(node, 0),
];

/// Every worker has bound nodes, which wait for a later run by wanting one turn after the other. (It never
/// began: each worker went to its bound nodes first, each time.)
#[test]
fn bound_nodes_that_yield_let_another_run_begin() {
    for threads in 1..=3 {
        for demand in DEMANDS {
            let executor = executor(threads);
            let flag = Flag::default();
            let bound: Vec<_> = (0..2).map(|_| yields_on(threads, &flag, &executor)).collect();
            sets(&flag, &executor, demand).join().1.expect("no error");
            bound.into_iter().for_each(|run| run.join().1.expect("no error"));
        }
    }
}

/// The other run's future is woken when all workers have bound nodes, which wait for it to be polled.
#[test]
fn bound_nodes_that_yield_let_a_woken_future_be_polled() {
    for threads in 1..=3 {
        let executor = executor(threads);
        let (gate, flag) = (Gate::default(), Flag::default());
        let (waits, tells) = (gate.clone(), Arc::clone(&flag));
        let mut graph = GraphBuilder::new();
        graph.async_node("waits", (), move || {
            let (waits, tells) = (waits.clone(), Arc::clone(&tells));
            async move {
                waits.wait().await;
                tells.store(true, SeqCst);
            }
        });
        let waiting = graph.build().expect("a valid graph").spawn(&executor);
        while gate.polls() == 0 {
            thread::yield_now();
        }
        let bound = yields_on(threads, &flag, &executor);
        gate.open();
        waiting.join().1.expect("no error");
        bound.join().1.expect("no error");
    }
}

/// All nodes of a long run are bound, to one worker after the other, and go on for a while unless a later
/// run has ended: it has when the last one begins. (It began when the last one had ended.)
#[test]
fn a_long_run_of_bound_nodes_lets_a_later_one_begin() {
    let nodes = if cfg!(miri) { 100 } else { 50_000 };
    for threads in 1..=3 {
        let executor = executor(threads);
        let (begun, ended) = (Flag::default(), Flag::default());
        let mut graph = GraphBuilder::new();
        let mut all = Vec::new();
        for number in 0..nodes {
            let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
            let node = graph.node("", (), move || {
                begun.store(true, SeqCst);
                for _ in 0..2_000 {
                    if !ended.load(SeqCst) {
                        hint::spin_loop();
                    }
                }
            });
            graph.on_worker(node, number % threads);
            all.push(node);
        }
        let in_time = Flag::default();
        let (tells, looks) = (Arc::clone(&in_time), Arc::clone(&ended));
        let last = graph.node("last", (), move || tells.store(looks.load(SeqCst), SeqCst));
        graph.after(last, all);
        graph.on_worker(last, 0);
        let long = graph.build().expect("a valid graph").spawn(&executor);
        while !begun.load(SeqCst) {
            thread::yield_now();
        }
        sets(&ended, &executor, |_, _| ()).join().1.expect("no error");
        long.join().1.expect("no error");
        assert!(in_time.load(SeqCst), "the later run had to wait for the last bound node");
    }
}

/// A run has a member on worker 1 all the time, and nodes for worker 0. Another run, on which nobody works,
/// waits for worker 0, too. (It never had its turn: worker 0 first went to the runs on which somebody works.)
#[test]
fn a_run_that_waits_for_a_worker_has_its_turn_beside_one_that_is_worked_on() {
    let executor = executor(2);
    let flag = Flag::default();
    let both = yields_on(2, &flag, &executor);
    sets(&flag, &executor, |graph, node| {
        let first = graph.node("first", (), || ());
        graph.on_worker(first, 1);
        graph.after(node, [first]);
        graph.on_worker(node, 0);
    })
    .join()
    .1
    .expect("no error");
    both.join().1.expect("no error");
}

/// The only worker is in a run whose node wants one turn after the other. The node that is bound to it is
/// one of a run that has a caller. (It ran when the other run was over, which here waits for it.)
#[test]
fn a_bound_node_of_a_run_with_a_caller_comes_in_the_middle_of_another_run() {
    let executor = executor(1);
    let (begun, flag) = (Flag::default(), Flag::default());
    let mut graph = GraphBuilder::new();
    let (tells, waits) = (Arc::clone(&begun), Arc::clone(&flag));
    graph.async_node("yields", (), move || {
        let (tells, waits) = (Arc::clone(&tells), Arc::clone(&waits));
        async move {
            tells.store(true, SeqCst);
            while !waits.load(SeqCst) {
                yields(1).await;
            }
        }
    });
    let yielding = graph.build().expect("a valid graph").spawn(&executor);
    while !begun.load(SeqCst) {
        thread::yield_now();
    }
    let mut graph = GraphBuilder::new();
    let node = graph.node("sets", (), || flag.store(true, SeqCst));
    graph.on_worker(node, 0);
    graph.build().expect("a valid graph").run_parallel(&executor).expect("no error");
    yielding.join().1.expect("no error");
}
