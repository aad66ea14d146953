//! Runs on the threads of an executor. [`lead`] takes a run from its beginning to its end; a *discipline*
//! says in which order, and by whom, ready nodes are taken:
//!
//! | discipline | how | what its members do |
//! |---|---|---|
//! | [`stealing`] | in no order, each thread from its own stack, and from others' when that is empty | `work.rs`; beginnings that are walked through: `walking.rs` |
//! | [`ordered`] | by rank, under limits, on certain threads: from one queue under a lock | `ordered.rs` |

mod beginning;
pub(crate) mod body;
#[allow(unsafe_code)]
mod each;
#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod end_of_walk;
#[allow(unsafe_code)]
mod lead;
#[allow(unsafe_code)]
pub(crate) mod ordered;
mod state;
mod statistics;
#[allow(unsafe_code)]
mod stealing;
mod walking;
mod work;

pub(crate) use beginning::record;
pub use each::Before;
pub(crate) use each::run_each;
pub(crate) use lead::{Discipline, end, start};
pub(crate) use state::Stealing;
pub use statistics::RunStatistics;
pub(crate) use stealing::{run, run_as, run_with_statistics};
