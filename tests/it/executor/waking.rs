//! One test for each bug that was found, named after what broke.

use crate::support::runner::executor;
use dgraph_exec::{Dag, DagView, Edge, Executor, GraphBuilder, NodeId, Parts, PartsError};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Duration;

/// Runners take the roots from the front of the order; one behind another node was never run, and its run never ended.
#[test]
fn a_root_late_in_an_untrusted_order() {
    let edges = [Edge::to(NodeId::new(1)).marked_sole()];
    let order = [0, 1, 2].map(NodeId::new);
    let parts = Parts { offsets: &[0, 1, 1, 1], edges: &edges, in_degrees: &[0, 1, 0], order: &order };
    let error = DagView::from_parts(parts, &mut [0; 3]).expect_err("the root 2 comes late");
    assert_eq!(error, PartsError::Order { at: 2, node: NodeId::new(2) });
}

/// Whoever posted several nodes woke one thread only: n ready nodes must get n threads.
#[test]
fn several_nodes_posted_at_once_wake_several_threads() {
    let executor = executor(4);
    let roots = Dag::from_edges(4, &[]).expect("a valid graph");
    let star = Dag::from_edges(5, &[(0, 1), (0, 2), (0, 3), (0, 4)]).expect("a valid graph");
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(30)); // so that the workers are asleep
        let all = Barrier::new(4);
        executor.run(&roots, |_| {
            all.wait();
        });
        executor.run(&star, |node| {
            if node.get() > 0 {
                all.wait();
            }
        });
    }
}

/// A caller that waited for its run slept on while a run nested in it had a node for it and nobody else was free.
#[test]
fn a_sleeping_caller_is_woken_for_a_run_nested_in_its_own() {
    let executor = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let (busy, over) = (Barrier::new(3), AtomicBool::new(false));
    thread::scope(|scope| {
        // A stranger occupies one of the workers until everything is over.
        scope.spawn(|| {
            executor.run(&pair, |_| {
                busy.wait();
                while !over.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            });
        });
        busy.wait();
        let caller = thread::current().id();
        let (outer, inner) = (Barrier::new(2), Barrier::new(2));
        executor.run(&pair, |_| {
            outer.wait();
            if thread::current().id() != caller {
                thread::sleep(Duration::from_millis(30)); // so that the caller is asleep
                executor.run(&pair, |_| {
                    inner.wait();
                });
            }
        });
        over.store(true, Relaxed);
    });
}

/// The payload of a second panic was dropped under a lock and outside of any `catch_unwind`: when its destructor
/// panicked too, a helper never left its run, or a graph's counters were left in disorder.
#[test]
fn a_second_payload_that_panics_when_dropped() {
    struct Bomb(Arc<AtomicUsize>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0.fetch_add(1, Relaxed) == 0 {
                panic!("from a destructor");
            }
        }
    }
    let executor = executor(2);
    let dag = Dag::from_edges(3, &[(0, 2), (1, 2)]).expect("a valid graph");
    for round in 0..50 {
        let drops = Arc::new(AtomicUsize::new(0));
        let both = Barrier::new(2);
        let run = || {
            executor.run(&dag, |node| {
                both.wait();
                if node.get() == round % 2 {
                    thread::yield_now();
                }
                panic_any(Bomb(Arc::clone(&drops)));
            });
        };
        let first = catch_unwind(AssertUnwindSafe(run)).expect_err("both panic");
        assert_eq!(drops.load(Relaxed), 1, "the second payload was dropped");
        drop(first);
        assert_eq!(drops.load(Relaxed), 2);
        let done = [const { AtomicBool::new(false) }; 3];
        executor.run(&dag, |node| {
            if node.get() == 2 {
                assert!(done[0].load(Relaxed) && done[1].load(Relaxed), "before a predecessor");
            }
            done[node.index()].store(true, Relaxed);
        });
    }
}

/// Runs a graph of two roots until it is walked, then once with nodes that wait for each other.
fn walk_into_a_meeting(executor: &Executor) {
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let (meeting, now) = (Barrier::new(2), AtomicBool::new(false));
    let body = |_| {
        if now.load(Relaxed) {
            meeting.wait();
        }
    };
    (0..200).for_each(|_| executor.run(&dag, body));
    thread::sleep(Duration::from_millis(50)); // all fall asleep
    now.store(true, Relaxed);
    executor.run(&dag, body);
}

/// A walk is watched while a worker is busy elsewhere. (The busy one was taken for somebody who watches.)
#[test]
fn a_walk_is_watched_by_others_than_the_busy() {
    let executor = Executor::builder().threads(4).build().expect("threads");
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let (began, over) = (Barrier::new(3), Barrier::new(3));
    thread::scope(|scope| {
        scope.spawn(|| {
            executor.run(&dag, |_| {
                began.wait();
                over.wait();
            });
        });
        began.wait();
        walk_into_a_meeting(&executor);
        over.wait();
    });
}

/// The walker is itself a worker, in a nested run, and the only one that is up.
#[test]
fn a_nested_walk_is_watched() {
    let executor = Executor::builder().threads(4).build().expect("threads");
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let (began, over) = (Barrier::new(2), Barrier::new(2));
    let caller = thread::current().id();
    executor.run(&dag, |_| {
        began.wait();
        if thread::current().id() != caller {
            walk_into_a_meeting(&executor);
        }
        over.wait();
    });
}

/// The same where nobody is free but a caller that waits for the run around the walk. (It slept on.)
#[test]
fn a_sleeping_caller_is_woken_for_a_walk_nested_in_its_own() {
    let executor = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let (busy, over) = (Barrier::new(3), AtomicBool::new(false));
    let walked = Dag::from_edges(2, &[]).expect("a valid graph");
    let (meeting, now) = (Barrier::new(2), AtomicBool::new(false));
    let body = |_| {
        if now.load(Relaxed) {
            meeting.wait();
        }
    };
    (0..200).for_each(|_| executor.run(&walked, body));
    now.store(true, Relaxed);
    thread::scope(|scope| {
        // A stranger occupies one of the workers until everything is over.
        scope.spawn(|| {
            executor.run(&pair, |_| {
                busy.wait();
                while !over.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            });
        });
        busy.wait();
        let caller = thread::current().id();
        let outer = Barrier::new(2);
        executor.run(&pair, |_| {
            outer.wait();
            if thread::current().id() != caller {
                thread::sleep(Duration::from_millis(30)); // so that the caller is asleep
                executor.run(&walked, body);
            }
        });
        over.store(true, Relaxed);
    });
}

/// The payload of the panic of a destructor of a payload that nobody sees was never dropped. AddressSanitizer found it.
#[test]
fn the_payload_of_a_panicking_payload_is_dropped() {
    struct Last(Arc<AtomicUsize>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    struct Bomb(Arc<AtomicUsize>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Last(Arc::clone(&self.0)));
        }
    }
    let executor = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    for _ in 0..20 {
        let (dropped, both) = (Arc::new(AtomicUsize::new(0)), Barrier::new(2));
        let run = || {
            executor.run(&pair, |_| {
                both.wait();
                panic_any(Bomb(Arc::clone(&dropped)));
            });
        };
        let first = catch_unwind(AssertUnwindSafe(run)).expect_err("both panic");
        assert_eq!(dropped.load(Relaxed), 1, "what the unseen payload's destructor threw");
        let last = catch_unwind(AssertUnwindSafe(|| drop(first))).expect_err("it panics when it is dropped");
        drop(last);
        assert_eq!(Arc::strong_count(&dropped), 1, "nothing is left");
    }
}

/// A worker that waited for a run in a node went on to the next node bound to it, and there again: all nodes of the graph
/// on one stack.
#[test]
fn bound_nodes_that_wait_for_runs_do_not_pile_up() {
    let executor = &executor(2);
    let inside = &AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    for _ in 0..50 {
        let node = graph.node("", (), move || {
            assert_eq!(inside.fetch_add(1, Relaxed), 0, "in the middle of another one");
            let mut inner = GraphBuilder::new();
            let elsewhere = inner.node("", (), || thread::sleep(Duration::from_millis(1)));
            inner.on_worker(elsewhere, 1);
            inner.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
            inside.fetch_sub(1, Relaxed);
        });
        graph.on_worker(node, 0);
    }
    graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
}

/// A worker looked for nodes bound to it only when the run that it was helping had nothing for it any more. `run` runs many
/// nodes that call what they are given. Another run binds a node to the worker that is in the first of them; that worker
/// starts at most `more` others before it.
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
            let there = graph.node("bound", (), || over.store(true, Relaxed));
            graph.on_worker(there, worker.expect("one of them helps"));
            graph.build().expect("a valid graph").run_parallel(&executor).expect("no node fails");
        });
        run(&executor, &|| {
            if thread::current().id() == caller {
                while !over.load(Relaxed) {
                    thread::yield_now();
                }
            } else if helper.set(thread::current().id()).is_ok() {
                helped.wait();
                ready.wait();
            } else if helper.get() == Some(&thread::current().id()) && !over.load(Relaxed) {
                started.fetch_add(1, Relaxed);
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

/// Of a run without an order a helper leaves as soon as it has run what it has taken, which is 32 nodes at once here.
#[test]
fn a_bound_node_comes_before_the_rest_of_a_long_run() {
    a_bound_node_comes_first(31, |executor, work| {
        executor.run(&Dag::from_edges(10_000, &[]).expect("a valid graph"), |_| work());
    });
}
