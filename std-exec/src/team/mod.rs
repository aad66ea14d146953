//! The threads that work on a run, and runs that wait for threads.

mod executor_id;
mod pot;
mod progress;
#[allow(unsafe_code)]
mod room;
mod run_queue;
#[allow(unsafe_code)]
mod state;
mod stay;
mod teams;
#[allow(unsafe_code)]
mod ticket;
#[allow(unsafe_code)]
mod waiting;
mod workers;

pub(crate) use executor_id::ExecutorId;
pub(crate) use run_queue::RunQueue;
pub(crate) use state::{Course, Job, Rest, RestOf, Role, Team, Ticket};
pub(crate) use stay::{Stay, slice_is_over};
pub(crate) use teams::Teams;
pub(crate) use ticket::{Asked, Next, Then};
pub(crate) use waiting::{CloseOnDrop, LOOKS};
pub(crate) use workers::Workers;
