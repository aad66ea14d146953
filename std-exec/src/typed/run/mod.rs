//! Runs, from what comes before the first node to what is made of what they have left behind.

#[allow(unsafe_code)]
pub(super) mod async_run;
pub(super) mod begin_and_end;
#[allow(unsafe_code)]
pub(super) mod connection;
#[allow(unsafe_code)]
mod cutoff;
#[allow(unsafe_code)]
pub(super) mod detached;
#[allow(unsafe_code)]
mod early;
#[allow(unsafe_code)]
pub(super) mod execute;
#[allow(unsafe_code)]
pub(super) mod execution;
mod limits;
#[allow(unsafe_code)]
pub(super) mod parallel;
mod plan_cutoffs;
pub(super) mod prepare;
#[allow(unsafe_code)]
pub(super) mod rows;
mod starts;
