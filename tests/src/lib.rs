//! What the tests, benches, fuzz targets and examples of dgraph share: graphs, and obvious code to check
//! against.
//!
//! | module | holds |
//! |---|---|
//! | [`shapes`], [`random_dag`], [`random_shape`] | generated graphs: the benchmark's workloads, random ones for property tests |
//! | [`workflow`] | graphs from files: tab-separated lines ([`tsv`]) and `Cargo.lock` ([`lockfile`]), loaded by [`input`] |
//! | [`body`], [`splitmix`] | the benchmark's node body and its random numbers |
//! | [`oracle`] | naive orders, levels, cycles, critical paths and values |
//! | [`yields`] | a future that lets others go on |
//! | [`predecessors`], [`schedule`] | a node's predecessors in listed order; the lower bound of any schedule |
//!
//! Edges are pairs `(u, v)` everywhere: v depends on u.

#![forbid(unsafe_code)]

pub mod body;
pub mod error;
pub mod input;
pub mod lockfile;
pub mod oracle;
pub mod predecessors;
pub mod random_dag;
pub mod random_shape;
pub mod schedule;
pub mod shapes;
pub mod splitmix;
pub mod tsv;
pub mod workflow;
pub mod yields;

/// Compiles and runs the examples of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
