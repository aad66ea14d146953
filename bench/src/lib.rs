//! The benchmark of dgraph: the same graphs in every system, side by side. See the README of this folder.
//!
//! | module | holds |
//! |---|---|
//! | [`system`] | the systems that are compared, one file each |
//! | [`graph`], [`frame`], [`csr`], [`body`], [`yielding`], [`slots`] | what they run: graphs, node bodies, results |
//! | [`lineup`], [`measure`], [`statistics`], [`busy`], [`trace`], [`allocator`] | how it is measured |
//! | [`compare`], `async_nodes`, [`bare`], [`runs`], [`demands`], [`compile`], [`metg`], [`latency`], [`memory`], [`requests`], [`scale`], [`threads`], [`timeline`], [`workloads`] | the commands |
//! | [`options`], [`table`], [`grid`], [`plot`] | command line, text, pictures |
//! | [`helpers`] | threads that the `crossbeam-keep-one` system runs on |
//!
//! # Features
//!
//! - **`peers`** (default): the systems that take long to compile, async runtimes, DAG crates and `bevy_ecs`.
//! - **`native`**: oneTBB's flow graph and OpenMP tasks, through C++ drivers in `bench/native`. Needs a C++
//!   compiler; what is missing is left out with a line that says so.

#![deny(unsafe_code)]

pub mod allocator;
#[cfg(feature = "peers")]
pub mod async_nodes;
pub mod bare;
pub mod body;
pub mod busy;
pub mod compare;
pub mod compile;
pub mod csr;
pub mod demands;
pub mod frame;
pub mod graph;
pub mod grid;
pub mod helpers;
pub mod latency;
pub mod lineup;
pub mod measure;
pub mod memory;
pub mod metg;
pub mod options;
pub mod plot;
pub mod requests;
pub mod runs;
pub mod scale;
pub mod slots;
pub mod statistics;
pub mod system;
pub mod table;
pub mod threads;
pub mod timeline;
pub mod trace;
pub mod workloads;
pub mod yielding;
