//! The behaviour suite, as one binary.

#![allow(clippy::cast_possible_truncation, reason = "the graphs of tests are small")]
#![allow(clippy::ptr_arg, reason = "functions of a graph take references to the very types that others give")]

mod async_alone;
mod async_dropped;
mod async_endings;
mod async_function_endings;
mod async_functions;
mod async_local;
mod async_nesting;
mod async_order;
mod async_parallel;
mod async_payloads;
mod async_random;
mod async_review;
mod async_runtimes;
mod async_turns;
mod async_values;
mod async_wakes;
mod bare_ready_set;
mod bare_run;
mod builder;
mod compile_fail;
mod counted;
mod documentation;
mod endings;
mod every_runner;
mod gate;
mod in_step;
mod known_bugs;
mod models;
mod promises;
mod regressions;
mod rejection;
mod runner;
mod running;
#[cfg(dgraph_seeded_bug)]
mod seeded;
mod shapes;
mod side_by_side;
mod statistics;
mod stress;
mod structure;
mod typed_bound;
mod typed_cancel;
mod typed_drops;
mod typed_failures;
mod typed_inputs;
mod typed_limits;
mod typed_nesting;
mod typed_order;
mod typed_panics;
mod typed_parts;
mod typed_priorities;
mod typed_random;
mod typed_rejection;
mod typed_rows;
mod typed_rows_broken;
mod typed_values;
mod values;
mod way;
mod workflow;
