//! The behaviour suite, as one binary.

#![allow(clippy::cast_possible_truncation, reason = "the graphs of tests are small")]
#![allow(clippy::ptr_arg, reason = "functions of a graph take references to the very types that others give")]

mod builder;
mod compile_fail;
mod endings;
mod models;
mod regressions;
mod rejection;
mod runner;
mod running;
mod shapes;
mod stress;
mod structure;
mod values;
mod workflow;
