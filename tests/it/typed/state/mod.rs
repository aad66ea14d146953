//! States: data that lives in the graph, and that nodes read or change in turns.

mod commute;
mod failures;
mod local;
mod nesting;
mod order;
mod parts;
mod random;
mod rejection;
mod waiting;
mod watch;
