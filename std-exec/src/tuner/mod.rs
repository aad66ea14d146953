//! How a run shall begin, learnt from earlier ones.

mod run_timer;
mod table;

pub(crate) use run_timer::{RunTimer, Samples};
pub(crate) use table::{Budget, Plan, Sampled, Timed, Tuner};
