//! Closures and results, and what is recorded of each node: who may touch what when.

pub(super) mod absent;
#[allow(unsafe_code)]
pub(super) mod arena;
#[allow(unsafe_code)]
pub(super) mod compared;
#[allow(unsafe_code)]
pub(super) mod cutoffs;
mod drops;
#[allow(unsafe_code)]
pub(super) mod entry;
pub(super) mod errors;
pub(super) mod frame;
pub(super) mod lasting;
pub(super) mod measured;
pub(super) mod records;
pub(super) mod row;
#[allow(unsafe_code)]
pub(super) mod slots;
pub(super) mod standing;
#[allow(unsafe_code)]
pub(super) mod starts;
#[allow(unsafe_code)]
pub(super) mod states;
pub(super) mod status;
pub(super) mod stopping;
#[allow(unsafe_code)]
pub(super) mod store;
#[allow(unsafe_code)]
pub(super) mod store_builder;
#[allow(unsafe_code)]
pub(super) mod tasks;
pub(super) mod watch;
