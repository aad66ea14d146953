//! The executor: bare graphs on its threads, and what runs may do to each other.

mod bound_turns;
mod builder;
mod each;
mod first_run;
mod in_step;
mod order;
mod panics;
mod runs_at_once;
mod statistics;
mod waking;
