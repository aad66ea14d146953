//! The behaviour suite, as one binary.

mod shapes;
mod workflow;
