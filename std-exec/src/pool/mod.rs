//! An executor's threads: what they share, what they find to do, when they sleep.

#[allow(unsafe_code)]
pub(crate) mod affinity;
#[allow(unsafe_code)]
pub(crate) mod context;
#[allow(unsafe_code)]
mod helping;
mod seek;
pub(crate) mod shared;
pub(crate) mod threads;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
#[allow(unsafe_code)]
pub(crate) mod timer;
pub(crate) mod turns;
pub(crate) mod watchdog;
pub(crate) mod worker;
