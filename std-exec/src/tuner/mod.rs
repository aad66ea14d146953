//! How a run shall begin, learnt from earlier ones.

mod probe;
mod run_timer;
mod table;

pub(crate) use probe::Probe;
pub(crate) use run_timer::{RunTimer, Samples};
pub(crate) use table::{Budget, Plan, Sampled, Timed, Tuner};
