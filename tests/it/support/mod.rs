//! What the tests of the other folders use, and tests of the graphs and tools among it.

pub(crate) mod counted;
pub(crate) mod fate;
pub(crate) mod gate;
pub(crate) mod graphviz;
pub(crate) mod panics;
pub(crate) mod programs;
pub(crate) mod runner;
#[cfg(dgraph_seeded_bug)]
mod seeded;
mod shapes;
