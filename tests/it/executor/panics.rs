//! Nodes of bare graphs that panic: nothing behind them starts, and payloads are dropped.

use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, executor, over_all_runners};
use dgraph_exec::Dag;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;

over_all_runners!(nothing_starts_after_a_panic, a_panic_in_a_nested_run, usable_after_a_panic,);

fn diamond() -> Dag {
    Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).expect("a valid graph")
}

/// A chain: whatever comes after the culprit depends on it.
fn nothing_starts_after_a_panic(runner: &Runner) {
    let dag = Dag::from_edges(100, &(1..100).map(|node| (node - 1, node)).collect::<Vec<_>>());
    let dag = dag.expect("a valid graph");
    let started = AtomicUsize::new(0);
    let run = || {
        runner.dag(&dag, |node| {
            started.fetch_add(1, Relaxed);
            if node.get() == 41 {
                panic_any(Payload(41));
            }
        });
    };
    payload_of::<Payload>(run);
    assert_eq!(started.into_inner(), 42);
}

fn a_panic_in_a_nested_run(runner: &Runner) {
    let dag = diamond();
    let run = || runner.dag(&dag, |_| runner.dag(&dag, |_| panic_any(Payload(9))));
    assert_eq!(payload_of::<Payload>(run), Payload(9));
}

fn usable_after_a_panic(runner: &Runner) {
    let dag = diamond();
    for _ in 0..100 {
        payload_of::<Payload>(|| {
            runner.dag(&dag, |node| {
                if node.get() == 2 {
                    panic_any(Payload(2));
                }
            });
        });
        let count = AtomicUsize::new(0);
        runner.dag(&dag, |_| {
            count.fetch_add(1, Relaxed);
        });
        assert_eq!(count.into_inner(), 4);
    }
}

/// Two chains side by side; a node of the first one panics, wherever it runs: nothing behind it starts.
#[test]
fn dependents_of_a_panicking_node_never_start() {
    let executor = executor(2);
    let dag = Dag::from_edges(40, &(0..38).map(|node| (node, node + 2)).collect::<Vec<_>>());
    let dag = dag.expect("two chains");
    for round in 0..500 {
        let culprit = round % 20 * 2;
        let behind = AtomicUsize::new(0);
        let run = || {
            executor.run(&dag, |node| {
                if node.get() % 2 == 0 && node.get() > culprit {
                    behind.fetch_add(1, Relaxed);
                }
                if node.get() == culprit {
                    panic_any(Payload(culprit));
                }
            });
        };
        assert_eq!(payload_of::<Payload>(run), Payload(culprit));
        assert_eq!(behind.into_inner(), 0, "started after node {culprit} had panicked");
    }
}

/// The payload of a second panic was dropped under a lock and outside of any `catch_unwind`: when its
/// destructor panicked too, a helper never left its run, or a graph's counters were left in disorder.
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

/// The payload of the panic of a destructor of a payload that nobody sees was never dropped. AddressSanitizer
/// found it.
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
