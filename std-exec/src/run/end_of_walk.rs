//! The end of a walk in step, by threads that are no workers.

use crate::pool::affinity::Placement;
use crate::pool::shared::Shared;
use crate::run::run_as;
use crate::sync::{AtomicBool, AtomicUsize, Ordering::Relaxed, spin_loop};
use crate::team::Stay;
use crate::tuner::{Budget, Plan};
use dgraph_core::{Dag, NodeId};
use std::sync::Barrier;
use std::thread;

const RUNS: usize = 500;

/// A helper that has walked to the end looks around at once, and the caller may not have said yet that there
/// is nothing left: it doesn't come back. (When it did, it broke into what was over, which took tens of
/// microseconds, in most runs.)
#[test]
fn a_helper_does_not_come_back() {
    let shared = &Shared::new(2, Placement::default());
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let (joined, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                let open = shared.open().next();
                let helped = open.is_some_and(|team| shared.try_help(team, None, &Stay::to_the_end()));
                joined.fetch_add(usize::from(helped), Relaxed);
                spin_loop();
            }
        });
        for _ in 0..RUNS {
            let together = Barrier::new(2);
            let body = |_: NodeId| _ = together.wait();
            run_as(shared, &dag, &body, Some(Plan::InStep { budget: Budget::NONE }), None);
        }
        over.store(true, Relaxed);
    });
    // (Once a run; twice if the system takes a thread off its core for a millisecond.)
    let joined = joined.into_inner();
    assert!((RUNS..RUNS + RUNS / 4).contains(&joined), "{joined} times in {RUNS} runs");
}
