//! What a graph consists of: its memory, who comes before whom, in which order.

pub(super) mod accesses;
pub(super) mod agenda;
pub(super) mod arranged;
pub(super) mod early;
#[allow(unsafe_code)]
pub(super) mod graph_data;
#[allow(unsafe_code)]
pub(super) mod inner;
pub(super) mod schedule;
pub(super) mod shuffled;
pub(super) mod stretch;
pub(super) mod topology;
pub(super) mod turns;
pub(super) mod uses;
