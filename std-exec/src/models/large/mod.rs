//! Models that are too large for loom: shuttle tries random orders of their steps.
//!
//! | file | what |
//! |---|---|
//! | `runs.rs` | runs of three and four threads: shared, broken into, stopped by a panic |
//! | `in_step.rs` | walks in step of three and four threads: joined late, broken into, stopped by a panic |
//! | `several.rs` | runs in runs, runs beside each other, a run against a shutdown |
//! | `definitions.rs` | runs of one definition at once, which wait for memory |
//! | `shared_limits.rs` | runs on two executors, and on none, whose nodes wait for each other's permits |
//! | `typed.rs` | typed graphs: futures and wakers, limits, bound nodes, runs given up |

mod definitions;
mod in_step;
mod runs;
mod several;
mod shared_limits;
mod typed;

use super::{Checked, Gate, Meeting, beside_workers_of, run};
use crate::pool::shared::Shared;
use crate::sync::model::explore;
use crate::tuner::Plan;
use dgraph_core::NodeId;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Three levels of four, each node after two of the level before.
const LEVELS: &[(u32, u32)] = &[
    (0, 4),
    (1, 4),
    (1, 5),
    (2, 5),
    (2, 6),
    (3, 6),
    (3, 7),
    (0, 7),
    (4, 8),
    (5, 8),
    (5, 9),
    (6, 9),
    (6, 10),
    (7, 10),
    (7, 11),
    (4, 11),
];

/// The nodes of [`LEVELS`].
const NODES: usize = 12;

/// Each node once, after its predecessors.
fn levels(shared: &Shared, plan: Plan) {
    let checked = Checked::new(NODES, LEVELS);
    run(shared, &checked.dag, &|node: NodeId| checked.run(node), plan);
    checked.all_ran();
}

/// Twice in a row with the same team.
fn twice(threads: usize, plan: Plan) {
    explore(3, move || {
        beside_workers_of(threads, threads, |shared| (0..2).for_each(|_| levels(shared, plan)));
    });
}

/// A node panics: no node starts that depends on it, and the next run, which begins in the same way, finds
/// everything as if nothing had happened.
fn panics_and_again(plan: Plan) {
    explore(3, move || {
        beside_workers_of(3, 3, |shared| {
            let checked = Checked::new(NODES, LEVELS);
            let body = |node: NodeId| match node.get() {
                5 => resume_unwind(Box::new("planned")),
                8 | 9 => panic!("it depends on the one that panics"),
                _ => {}
            };
            let panicking = AssertUnwindSafe(|| run(shared, &checked.dag, &body, plan));
            let thrown = catch_unwind(panicking).expect_err("it panics");
            assert_eq!(thrown.downcast_ref(), Some(&"planned"));
            run(shared, &checked.dag, &|node: NodeId| checked.run(node), plan);
            checked.all_ran();
        });
    });
}
