//! The threads of a run, in a node of it: loops over slices, and runs of graphs whose shape is known only
//! then.
//!
//! There is no second scheduler. A loop is a nested run of a graph without edges, with a node for each thread
//! of the executor; each node takes pieces of what is left of the loop (`pieces.rs`) until there are none. So
//! who helps, who waits, what wakes whom and how a panic ends are what they are for any nested run.
//!
//! Pieces are taken under a lock, since a lock can split `&mut [T]` without unsafe code. It is taken once for
//! each piece, and pieces take some ten microseconds: whoever takes one measures it, and takes twice or half
//! as much next time. Nobody can measure a loop beforehand; that it is short, and thus better left to its
//! caller, is the [tuner's](crate::tuner) affair, as for any run.
//!
//! - `handed.rs`: what a node is handed: where it comes from, and whether there are several;
//! - `token.rs`: when its loops have to stop, and why;
//! - `graphs.rs`: runs of graphs;
//! - `loops.rs`: the loops;
//! - `pieces.rs`: who takes which piece.

mod graphs;
pub(super) mod handed;
mod loops;
mod pieces;
mod token;
