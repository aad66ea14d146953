//! What `dgraph-core` does: graphs and what they refuse, their orders and levels, runs without an operating
//! system.

mod counters;
mod dot;
mod each;
mod ready_set;
mod rejection;
mod run;
mod structure;
mod supersteps;
mod what_if;
