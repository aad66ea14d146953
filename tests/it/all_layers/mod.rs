//! What holds for every kind of graph: the values, the messages, the small runs of each.

mod every_runner;
mod locations;
mod messages;
mod small_runs;
