//! Nodes that are bound to a thread: to the caller, to a worker, to a graph's own thread.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{Dag, Executor, FailurePolicy, GraphBuilder, NoResult, Node, RunError, RunOptions};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;

fn bound_nodes_run_where_they_belong(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let mut here: Vec<Node<ThreadId>> = Vec::new();
    let mut there = Vec::new();
    for number in 0..40 {
        let node = graph.node("", (), || thread::current().id());
        match number % 4 {
            0 => {
                graph.on_caller(node);
                here.push(node);
            }
            1 => {
                graph.on_worker(node, 0);
                graph.limited(node, one);
                there.push(node);
            }
            _ => {
                let ends = graph.node("", (node,), |_: &ThreadId| thread::current().id());
                graph.on_caller(ends);
                here.push(ends);
            }
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let results = runner.typed(&mut graph);
        assert!(here.iter().all(|&node| results[node] == thread::current().id()));
        let threads: HashSet<_> = there.iter().map(|&node| results[node]).collect();
        assert_eq!(threads.len(), 1);
        assert_eq!(
            threads.contains(&thread::current().id()),
            matches!(runner, Runner::Serial | Runner::Async),
            "a worker is no caller"
        );
    }
}

/// Closures and results that aren't `Send`, lent, moved and taken, beside nodes that go anywhere.
fn local_nodes(runner: &Runner) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut graph = GraphBuilder::new_local();
    let number = graph.node("number", (), || 7_u32);
    let shared_log = Rc::clone(&log);
    let cell = graph.local().node("cell", (number,), move |number: &u32| {
        shared_log.borrow_mut().push(*number);
        Rc::new(Cell::new(*number))
    });
    let given = graph.local().node("given", (), || Rc::new(1));
    let taken = graph.local().node("taken", (given.moved(), cell), |one: Rc<u32>, cell: &Rc<Cell<u32>>| {
        cell.set(cell.get() + *one);
        cell.get()
    });
    let doubled = graph.node("doubled", (taken.shared(),), |sum: &u32| sum * 2);
    let failing = graph
        .local()
        .try_node("failing", (doubled,), |&doubled: &u32| u8::try_from(doubled * 100).map(Rc::new));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let ended = runner.typed_with(&mut graph, &options);
        assert_eq!(ended.map(|_| ()).expect_err("1600").to_string(), "1 node failed: failing");
        let results = graph.results();
        assert_eq!((results[taken], results[doubled], results[cell].get()), (8, 16, 8));
        assert!(matches!(results.get(given), Err(NoResult::Moved { .. })));
        assert_eq!(results.get(failing), Err(NoResult::Failed));
        assert_eq!(graph.take(cell).map(|cell| Rc::strong_count(&cell)), Ok(1));
    }
    drop(graph);
    assert_eq!(Rc::try_unwrap(log).map(RefCell::into_inner), Ok(vec![7; 10]));
}

over_typed_runners!(bound_nodes_run_where_they_belong, local_nodes);

/// Each worker by its number, at once, with the caller in between.
#[test]
fn every_worker_can_be_named() {
    let executor = executor(3);
    let all_here = Barrier::new(4);
    let mut graph = GraphBuilder::new();
    let mut nodes = Vec::new();
    for place in 0..4 {
        let node = graph.node("", (), || {
            all_here.wait();
            (thread::current().id(), thread::current().name().map(str::to_owned))
        });
        if place < 3 {
            graph.on_worker(node, place);
        } else {
            graph.on_caller(node);
        }
        nodes.push(node);
    }
    let mut graph = graph.build().expect("a valid graph");
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let results = graph.run_parallel(&executor).expect("no node fails");
        seen.extend(nodes.iter().map(|&node| results[node].clone()));
    }
    assert_eq!(seen.len(), 4, "the same four threads each time: {seen:?}");
}

/// Two workers that each wait for a run of their own, in which a node is bound to the other one.
#[test]
fn workers_that_wait_for_each_other_are_there_for_their_own_nodes() {
    let executor = executor(2);
    let both_here = Barrier::new(2);
    let mut graph = GraphBuilder::new();
    for worker in 0..2 {
        let (executor, both_here) = (&executor, &both_here);
        let node = graph.node("", (), move || {
            both_here.wait();
            let mut inner = GraphBuilder::new();
            let node = inner.node("", (), || ());
            inner.on_worker(node, 1 - worker);
            inner.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
        });
        graph.on_worker(node, worker);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..200 {
        graph.run_parallel(&executor).expect("no node fails");
    }
}

/// Several callers, each with nodes of its own and some for the same worker.
#[test]
fn many_callers() {
    let executor = executor(2);
    thread::scope(|scope| {
        for caller in 0..4 {
            let executor = &executor;
            scope.spawn(move || {
                let mut graph = GraphBuilder::new();
                let here = graph.node("here", (), || thread::current().id());
                let there = graph.node("there", (here,), |&caller: &ThreadId| {
                    assert_ne!(caller, thread::current().id());
                });
                let back = graph.node("back", (there,), |_: &()| thread::current().id());
                graph.on_caller(here);
                graph.on_worker(there, caller % 2);
                graph.on_caller(back);
                let mut graph = graph.build().expect("a valid graph");
                for _ in 0..100 {
                    let results = graph.run_parallel(executor).expect("no node fails");
                    assert_eq!(
                        (results[here], results[back]),
                        (thread::current().id(), thread::current().id())
                    );
                }
            });
        }
    });
}

#[test]
fn a_worker_that_is_not_there() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("far", (), || 1);
    graph.on_worker(node, 2);
    let mut graph = graph.build().expect("a valid graph");
    let executor = executor(2);
    let error = graph.run_parallel(&executor).map(|_| ()).expect_err("no such worker");
    assert_eq!(error.to_string(), "far is bound to worker 2, but the executor has 2");
    assert!(matches!(error, RunError::NoSuchWorker { worker: 2, workers: 2, .. }));
    assert_eq!(graph.results().get(node), Err(NoResult::NotRun));
    assert_eq!(graph.run().expect("on the caller")[node], 1);
}

thread_local! {
    /// The runs that this thread is in the middle of a node of.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// A run of two nodes for each worker and one for anybody, each of which waits for such a run, `depth` deep.
/// No thread is ever in two nodes of one run.
fn entangled(executor: &Executor, depth: usize, runs: &AtomicUsize) {
    let run = runs.fetch_add(1, SeqCst);
    let mut graph = GraphBuilder::new();
    for place in 0..7 {
        let node = graph.node("", (), move || {
            INSIDE.with_borrow_mut(|inside| {
                assert!(!inside.contains(&run), "on top of a node of the same run: {inside:?}");
                inside.push(run);
            });
            if depth > 0 {
                entangled(executor, depth - 1, runs);
            }
            INSIDE.with_borrow_mut(|inside| assert_eq!(inside.pop(), Some(run)));
        });
        if place < 6 {
            graph.on_worker(node, place / 2);
        }
    }
    graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
}

/// Every worker waits for runs with nodes that are bound to the others, at any depth: all come to an end.
#[test]
fn runs_that_wait_for_each_others_workers() {
    let executor = &executor(3);
    let runs = &AtomicUsize::new(0);
    let rounds = if cfg!(miri) { 1 } else { 5 };
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(move || (0..rounds).for_each(|_| entangled(executor, 3, runs)));
        }
    });
    assert_eq!(runs.load(SeqCst), 3 * rounds * (1 + 7 + 49 + 343));
}

/// A worker that waited for a run in a node went on to the next node bound to it, and there again: all nodes
/// of the graph on one stack.
#[test]
fn bound_nodes_that_wait_for_runs_do_not_pile_up() {
    let executor = &executor(2);
    let inside = &AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    for _ in 0..50 {
        let node = graph.node("", (), move || {
            assert_eq!(inside.fetch_add(1, SeqCst), 0, "in the middle of another one");
            let mut inner = GraphBuilder::new();
            let elsewhere = inner.node("", (), || thread::sleep(Duration::from_millis(1)));
            inner.on_worker(elsewhere, 1);
            inner.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
            inside.fetch_sub(1, SeqCst);
        });
        graph.on_worker(node, 0);
    }
    graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
}

/// A worker looked for nodes bound to it only when the run that it was helping had nothing for it any more.
/// `run` runs many nodes that call what they are given. Another run binds a node to the worker that is in the
/// first of them; that worker starts at most `more` others before it.
fn a_bound_node_comes_first(more: usize, run: impl FnOnce(&Executor, &(dyn Fn() + Sync))) {
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let workers = [0, 1].map(|worker| {
        let node = graph.node("", (), || thread::current().id());
        graph.on_worker(node, worker);
        node
    });
    let mut graph = graph.build().expect("a valid graph");
    let results = graph.run_parallel(&executor).expect("no node fails");
    let workers = workers.map(|node| results[node]);

    let (helper, started) = (OnceLock::new(), AtomicUsize::new(0));
    let (helped, ready, over) = (Barrier::new(2), Barrier::new(2), AtomicBool::new(false));
    let caller = thread::current().id();
    thread::scope(|scope| {
        scope.spawn(|| {
            helped.wait();
            let worker = workers.iter().position(|worker| Some(worker) == helper.get());
            let mut graph = GraphBuilder::new();
            let here = graph.node("starts when both are ready", (), || _ = ready.wait());
            graph.on_caller(here);
            let there = graph.node("bound", (), || over.store(true, SeqCst));
            graph.on_worker(there, worker.expect("one of them helps"));
            graph.build().expect("a valid graph").run_parallel(&executor).expect("no node fails");
        });
        run(&executor, &|| {
            if thread::current().id() == caller {
                while !over.load(SeqCst) {
                    thread::yield_now();
                }
            } else if helper.set(thread::current().id()).is_ok() {
                helped.wait();
                ready.wait();
            } else if helper.get() == Some(&thread::current().id()) && !over.load(SeqCst) {
                started.fetch_add(1, SeqCst);
            }
        });
    });
    assert!(started.into_inner() <= more);
}

/// Runs that want the same worker take turns: there may be a node of the long one in between.
#[test]
fn a_bound_node_comes_before_those_bound_to_its_worker_in_a_long_run() {
    a_bound_node_comes_first(1, |executor, work| {
        let mut graph = GraphBuilder::new();
        for _ in 0..100 {
            let node = graph.node("", (), work);
            graph.on_worker(node, 0);
        }
        graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
    });
}

#[test]
fn a_bound_node_comes_before_the_rest_of_a_long_ordered_run() {
    a_bound_node_comes_first(0, |executor, work| {
        let mut graph = GraphBuilder::new();
        for priority in 0..100 {
            let node = graph.node("", (), work);
            graph.priority(node, priority);
        }
        graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
    });
}

/// Of a run without an order a helper leaves as soon as it has run what it has taken, which is 32 nodes at
/// once here.
#[test]
fn a_bound_node_comes_before_the_rest_of_a_long_run() {
    a_bound_node_comes_first(31, |executor, work| {
        executor.run(&Dag::from_edges(10_000, &[]).expect("a valid graph"), |_| work());
    });
}
