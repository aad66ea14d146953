//! One definition, many runs at once: closures that any number of runs share, and memory for each run.

pub(super) mod acquire;
mod branches;
#[allow(unsafe_code)]
pub(super) mod definition_builder;
pub(super) mod instance;
#[allow(unsafe_code)]
mod pool;
#[allow(unsafe_code)]
pub(super) mod shared;
mod watched;
