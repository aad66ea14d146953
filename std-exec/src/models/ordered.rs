//! Whole ordered runs, on an executor of two with one live worker.

use super::{Checked, beside_a_worker, numbered};
use crate::protocol::ready_queue::{Place, ReadyQueue};
use crate::run::body::{Body, Progress};
use crate::run::ordered;
use crate::sync::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::{AtomicBool, Ordering};
use crate::tuner::Plan;
use dgraph_core::{Dag, NodeId};

/// A whole ordered run on an executor of two with one live worker. Each node runs once, after its
/// predecessors, and at its place; nodes under the limit `0`, which has one permit, never at once.
fn ordered_run(preemptions: usize, edges: &'static [(u32, u32)], demands: &'static [Demand]) {
    explore(preemptions, move || {
        beside_a_worker(1, |shared| {
            let checked = Checked::new(demands.len(), edges);
            let limited = UnsafeCell::new(());
            let listed: Vec<_> = demands.iter().map(|(place, limits)| (*place, limits.to_vec())).collect();
            let mut queue = ReadyQueue::new(&listed, &[1], &numbered(demands.len()));
            let caller = thread::current().id();
            let body = Unchecked(|node: NodeId| {
                let (place, limits) = demands[node.index()];
                assert!(
                    place == Place::Anywhere
                        || (place == Place::Caller) == (thread::current().id() == caller)
                );
                checked.run(node);
                if !limits.is_empty() {
                    limited.with_mut(|_| ());
                }
            });
            ordered::run(shared, &checked.dag, &mut queue, &[], &|node| body.call(node), Some(Plan::Share));
            checked.all_ran();
            limited.with_mut(|_| ());
        });
    });
}

/// Lets loom's cells into a body: they report the races that the compiler would rule out.
pub(super) struct Unchecked<F>(pub(super) F);

// SAFETY: as for `Checked`.
unsafe impl<F> Sync for Unchecked<F> {}

impl<F: Fn(NodeId)> Unchecked<F> {
    pub(super) fn call(&self, node: NodeId) {
        (self.0)(node);
    }
}

/// Where a node may run, and its limits.
pub(super) type Demand = (Place, &'static [u32]);

pub(super) const ANYWHERE: Demand = (Place::Anywhere, &[]);
pub(super) const LIMITED: Demand = (Place::Anywhere, &[0]);
pub(super) const CALLER: Demand = (Place::Caller, &[]);
const WORKER: Demand = (Place::Worker(0), &[]);

#[test]
fn run_in_order_of_a_join() {
    ordered_run(2, &[(0, 2), (1, 2)], &[ANYWHERE, ANYWHERE, ANYWHERE]);
}

/// Catches: a permit that isn't taken, or not given back.
#[test]
fn run_in_order_under_a_limit() {
    ordered_run(2, &[], &[LIMITED, LIMITED, ANYWHERE]);
}

/// To the worker and back: each has to be woken for what only it can run. Catches: either not woken, or not
/// looking before it sleeps.
#[test]
fn run_in_order_to_and_fro() {
    ordered_run(2, &[(0, 1), (1, 2)], &[CALLER, WORKER, CALLER]);
}

/// The worker has more than one node, and the caller nothing else to do than to wait for its leaving.
#[test]
fn run_in_order_on_the_worker() {
    ordered_run(2, &[(0, 1)], &[WORKER, WORKER]);
}

/// A node that panics while the other thread is in a limited one: the rest is discarded, and everybody gets
/// home.
#[test]
fn run_in_order_that_panics() {
    explore(2, || {
        beside_a_worker(1, |shared| {
            let dag = Dag::from_edges(3, &[(1, 2)]).expect("a valid graph");
            let demands = [LIMITED, ANYWHERE, WORKER].map(|(place, limits)| (place, limits.to_vec()));
            let mut queue = ReadyQueue::new(&demands, &[1], &numbered(3));
            let body = |node: NodeId| {
                if node.index() == 1 {
                    std::panic::resume_unwind(Box::new("planned"));
                }
                assert_ne!(node.index(), 2, "it depends on the one that panics");
            };
            let run = std::panic::AssertUnwindSafe(|| {
                ordered::run(shared, &dag, &mut queue, &[], &body, Some(Plan::Share))
            });
            assert!(std::panic::catch_unwind(run).is_err());
        });
    });
}

/// The executor is shut down while its worker may have run the node that is bound to it, be in it, or be
/// gone: then the caller has to end the run without it. Catches: a caller that isn't woken, doesn't look
/// before it sleeps, or waits for the worker.
#[test]
fn run_in_order_against_shutdown() {
    /// What the node has done, and whether it was called off.
    struct Bound {
        ran: AtomicBool,
        cancelled: AtomicBool,
    }

    impl Body for Bound {
        const WAKES: bool = false;

        fn run(&self, _: NodeId) -> Progress {
            self.ran.store(true, Ordering::Relaxed);
            Progress::Done
        }

        fn cancel(&self) -> bool {
            self.cancelled.store(true, Ordering::Relaxed);
            true
        }
    }

    explore(1, || {
        beside_a_worker(1, |shared| {
            let other = {
                let shared = Arc::clone(shared);
                thread::spawn(move || shared.shut_down())
            };
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let (place, limits) = WORKER;
            let mut queue = ReadyQueue::new(&[(place, limits.to_vec())], &[], &numbered(1));
            let bound = Bound { ran: AtomicBool::new(false), cancelled: AtomicBool::new(false) };
            ordered::run(shared, &dag, &mut queue, &[], &bound, Some(Plan::Share));
            assert!(bound.ran.load(Ordering::Relaxed) || bound.cancelled.load(Ordering::Relaxed));
            other.join().expect("no panic");
        });
    });
}
