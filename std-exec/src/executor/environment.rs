//! What the environment says about executors.

use super::error::MAX_THREADS;
use std::env;

/// How many threads `DGRAPH_NUM_THREADS` asks for, if an executor can have so many.
pub(super) fn threads() -> Option<usize> {
    let text = env::var("DGRAPH_NUM_THREADS").ok()?;
    text.trim().parse().ok().filter(|threads| (1..=MAX_THREADS).contains(threads))
}
