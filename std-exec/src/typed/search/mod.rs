//! What is wrong with a graph, found by running it.

pub(super) mod missing_edge;
pub(super) mod search_error;
