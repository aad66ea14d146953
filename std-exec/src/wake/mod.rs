//! Wakers of a graph's futures: which of them were woken, and whom to tell.

mod attached;
mod cell;
mod line;
#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
#[allow(unsafe_code)]
pub(crate) mod models;
mod polled;
#[allow(unsafe_code)]
mod waker;
mod wakes;

pub(crate) use attached::Attached;
pub(crate) use cell::Pending;
pub(crate) use line::Line;
pub(crate) use wakes::{Listener, Wakes, Whom};
