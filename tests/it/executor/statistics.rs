//! What a counted run says.

use crate::support::runner::executor;
use dgraph_exec::Dag;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

#[test]
fn an_executor_of_one_walks() {
    let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
    let statistics = executor(1).run_with_statistics(&dag, |_| {});
    assert_eq!((statistics.nodes, statistics.sequential_nodes), (3, 3));
    assert_eq!((statistics.helper_nodes, statistics.joins, statistics.steals), (0, 0, 0));
}

/// Two nodes that wait for each other: one of them is run by a helper, which has joined and taken it in some
/// way.
#[test]
fn a_helper_is_counted() {
    let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
    let executor = executor(2);
    for _ in 0..50 {
        let meet = Barrier::new(2);
        let statistics = executor.run_with_statistics(&dag, |node| {
            if node.get() > 0 {
                meet.wait();
            }
        });
        assert_eq!(statistics.nodes, 3);
        assert!((1..=2).contains(&statistics.helper_nodes), "{statistics:?}");
        assert!(statistics.joins >= 1, "{statistics:?}");
    }
}

/// Of many roots that are shared, each is run once and counted once, by whomever.
#[test]
fn counts_add_up() {
    let dag = Dag::from_edges(10_000, &[]).expect("a valid graph");
    let executor = executor(5);
    let calls = AtomicUsize::new(0);
    for run in 1..=20 {
        let statistics = executor.run_with_statistics(&dag, |_| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(statistics.nodes, 10_000);
        assert!(statistics.sequential_nodes + statistics.helper_nodes <= 10_000, "{statistics:?}");
        assert_eq!(calls.load(Ordering::Relaxed), run * 10_000);
    }
}

/// A helper that sleeps has to be woken, for it takes two to meet; and when the caller's node is over it has
/// nothing to do but to sleep while the helper takes a nap in its own. Sums, since a thread that is about to
/// sleep sometimes finds out in time.
#[test]
fn sleep_is_counted() {
    let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
    let executor = executor(2);
    let caller = thread::current().id();
    let (mut parks, mut wakes, mut taken) = (0, 0, 0);
    for _ in 0..20 {
        let meet = Barrier::new(2);
        let statistics = executor.run_with_statistics(&dag, |node| {
            if node.get() > 0 {
                meet.wait();
                if thread::current().id() != caller {
                    thread::sleep(Duration::from_millis(5));
                }
            }
        });
        parks += statistics.parks;
        wakes += statistics.wakes;
        taken += statistics.offers + statistics.private_steals + statistics.in_step_nodes;
        thread::sleep(Duration::from_millis(5));
    }
    assert!(parks > 0 && wakes > 0 && taken > 0, "{parks} parks, {wakes} wakes, {taken} taken");
}
