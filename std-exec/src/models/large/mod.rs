//! Models that are too large for loom: shuttle tries random orders of their steps.
//!
//! | file | what |
//! |---|---|
//! | `runs.rs` | runs of three and four threads: shared, broken into, stopped by a panic |
//! | `in_step.rs` | walks in step of three and four threads: joined late, broken into, stopped by a panic |
//! | `several.rs` | runs in runs, runs beside each other, a run against a shutdown |
//! | `typed.rs` | typed graphs: futures and wakers, limits, bound nodes, runs given up |

mod in_step;
mod runs;
mod several;
mod typed;

use super::{Checked, Gate, Meeting, beside_workers_of, run};

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
