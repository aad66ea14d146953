//! Typed graphs of ordinary nodes, over every runner.

mod bound;
mod cancel;
mod depth_first;
mod drops;
mod failures;
mod faults_together;
mod inputs;
mod limits;
mod measured;
mod nesting;
mod old_results;
mod options_inside;
mod order;
mod panics;
mod parts;
mod priorities;
mod random;
mod rejection;
mod rows;
mod rows_broken;
mod spawned;
mod state;
mod threads;
mod values;
mod verbs;
