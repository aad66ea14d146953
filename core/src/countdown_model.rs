//! loom models of the countdown. Each names the mutations that it must catch; `.ci/mutants` applies them.

use crate::{AsDag, Dag, NodeId};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::vec::Vec;

/// `predecessors` roots, each on a thread of its own, all feed one node. Each writes a slot, then arrives;
/// the one that is told that it was the last reads all slots.
fn join_of(predecessors: u32) {
    loom::model(move || {
        let edges: Vec<_> = (0..predecessors).map(|from| (from, predecessors)).collect();
        let dag = Arc::new(Dag::from_edges(predecessors as usize + 1, &edges).expect("a valid graph"));
        let slots = Arc::new((0..predecessors).map(|_| UnsafeCell::new(())).collect::<Vec<_>>());
        let run = move |dag: &Dag, slots: &[UnsafeCell<()>], from: u32| {
            // loom checks the access itself, so nothing needs to be written.
            slots[from as usize].with_mut(|_| ());
            let countdown = crate::Countdown::at_rest(dag.view(), dag.counters());
            let last = countdown.arrive(NodeId::new(predecessors));
            if last {
                slots.iter().for_each(|slot| slot.with(|_| ()));
            }
            last
        };
        let others: Vec<_> = (1..predecessors)
            .map(|from| {
                let (dag, slots) = (Arc::clone(&dag), Arc::clone(&slots));
                thread::spawn(move || run(&dag, &slots, from))
            })
            .collect();
        let mut lasts = u32::from(run(&dag, &slots, 0));
        for other in others {
            lasts += u32::from(other.join().expect("no panic"));
        }
        assert_eq!(lasts, 1, "exactly one arrival is the last");
        assert!(crate::Countdown::at_rest(dag.view(), dag.counters()).is_at_rest());
    });
}

/// Catches: `fetch_sub` with Relaxed, Release or Acquire only; the load with Relaxed.
#[test]
fn two_predecessors() {
    join_of(2);
}

/// Catches the same through a chain of releases: the last arrival reads what the second has left, and must
/// see what the first has written.
#[test]
fn three_predecessors() {
    join_of(3);
}

/// The counters are lent to one run at a time, and the next one sees them at rest. Catches: the flag with
/// Relaxed in `lend_countdown` or in `drop`.
#[test]
fn lent_to_one_at_a_time() {
    loom::model(|| {
        let dag = Arc::new(Dag::from_edges(2, &[(0, 1)]).expect("a valid graph"));
        let owned_by_holder = Arc::new(UnsafeCell::new(()));
        let hold = |dag: &Dag, cell: &UnsafeCell<()>| {
            if let Some(lent) = dag.lend_countdown() {
                cell.with_mut(|_| ());
                drop(lent);
            }
        };
        let other = {
            let (dag, cell) = (Arc::clone(&dag), Arc::clone(&owned_by_holder));
            thread::spawn(move || hold(&dag, &cell))
        };
        hold(&dag, &owned_by_holder);
        other.join().expect("no panic");
        assert!(dag.lend_countdown().is_some(), "given back");
    });
}
