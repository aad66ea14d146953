//! Runs on the threads of an executor: by work stealing, with a beginning that one or several threads walk through, or in an order.
//!
//! ```text
//! lead.rs ──▶ walking.rs ──▶ work.rs ──▶ state.rs         ordered.rs
//! ```

pub(crate) mod body;
#[allow(unsafe_code)]
mod lead;
#[allow(unsafe_code)]
pub(crate) mod ordered;
mod state;
mod statistics;
mod walking;
mod work;

pub(crate) use lead::{run, run_as, run_counted};
pub(crate) use state::Run;
pub use statistics::RunStatistics;
