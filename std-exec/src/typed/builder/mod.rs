//! Collecting and checking nodes.

#[allow(unsafe_code)]
pub(super) mod asynchronous;
pub(super) mod check;
pub(super) mod constraints;
#[allow(unsafe_code)]
pub(super) mod graph_builder;
#[allow(unsafe_code)]
pub(super) mod local;
#[allow(unsafe_code)]
pub(super) mod local_async;
#[allow(unsafe_code)]
pub(super) mod states;
pub(super) mod wishes;
