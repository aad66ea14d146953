//! Graphs in the hands of a program: what it runs, sets, and reads, and runs that are futures.

pub(super) mod built;
pub(super) mod by_name;
pub(super) mod dot;
mod drawn;
pub(super) mod env;
pub(super) mod held;
pub(super) mod order;
pub(super) mod results;
pub(super) mod run_async;
pub(super) mod runnable;
#[allow(unsafe_code)]
pub(super) mod running;
pub(super) mod spawned;
pub(super) mod states;
pub(super) mod with_options;
