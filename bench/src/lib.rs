//! The benchmark of dgraph: the same graphs in every system, side by side. See the README of this folder.
//!
//! | module | holds |
//! |---|---|
//! | [`system`] | the systems that are compared, one file each |
//! | [`graph`], [`csr`], [`body`], [`slots`] | what they run: graphs, node bodies, results |
//! | [`measure`], [`statistics`], [`busy`] | how it is measured |
//! | [`compare`] | the commands |
//! | [`options`], [`table`], [`plot`] | command line, text, pictures |
//! | [`helpers`] | threads that the `crossbeam-keep-one` system runs on |

#![deny(unsafe_code)]

pub mod body;
pub mod busy;
pub mod compare;
pub mod csr;
pub mod graph;
pub mod helpers;
pub mod measure;
pub mod metg;
pub mod options;
pub mod plot;
pub mod slots;
pub mod statistics;
pub mod system;
pub mod table;
pub mod trace;
