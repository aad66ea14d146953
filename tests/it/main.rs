//! The behaviour suite, as one binary. Its folders: tests/README.md.

#![allow(clippy::cast_possible_truncation, reason = "the graphs of tests are small")]
#![allow(clippy::ptr_arg, reason = "functions of a graph take references to the very types that others give")]

mod all_layers;
mod r#async;
mod core;
mod dictionaries;
mod examples;
mod executor;
mod known_bugs;
mod observe;
mod project;
mod side_by_side;
mod stress;
mod support;
mod typed;
mod workflow;
