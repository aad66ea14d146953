//! Typed graphs with nodes that wait, and runs that are futures.

mod alone;
mod dropped;
mod endings;
mod local;
mod nesting;
mod order;
mod parallel;
mod payloads;
mod random;
mod runtimes;
mod turns;
mod values;
mod wakes;
