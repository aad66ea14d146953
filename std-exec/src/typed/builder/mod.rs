//! Collecting and checking nodes.

#[allow(unsafe_code)]
mod adding;
#[allow(unsafe_code)]
pub(super) mod asynchronous;
#[allow(unsafe_code)]
mod branches;
pub(super) mod check;
#[allow(unsafe_code)]
pub(super) mod collected;
mod condition;
pub(super) mod constraints;
mod cutoff;
mod finish;
#[allow(unsafe_code)]
pub(super) mod graph_builder;
#[allow(unsafe_code)]
mod graphs;
#[allow(unsafe_code)]
pub(super) mod local;
#[allow(unsafe_code)]
pub(super) mod local_async;
#[allow(unsafe_code)]
pub(super) mod node_name;
#[allow(unsafe_code)]
mod starts;
#[allow(unsafe_code)]
pub(super) mod states;
#[allow(unsafe_code)]
pub(super) mod unshared;
pub(super) mod wishes;
