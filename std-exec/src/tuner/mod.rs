//! How a run shall begin, learnt from earlier ones.

mod entry;
mod plan;
mod probe;
mod run_timer;
mod table;

pub(crate) use plan::{Budget, Plan, Sampled, Timed};
pub(crate) use probe::Probe;
pub(crate) use run_timer::{RunTimer, Samples};
pub(crate) use table::Tuner;
