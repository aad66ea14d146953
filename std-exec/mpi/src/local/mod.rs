//! One rank's part of the graph, as a typed graph of `dgraph-exec`. But for what `exec.rs` names, nothing
//! else in this package knows of that crate.
//!
//! | in the whole graph | here |
//! |---|---|
//! | a node that the rank owns | a fallible node, inside a [`Gate`](crate::gate::Gate) |
//! | a node of another rank that it needs | an async node that waits for the value |
//! | an input that it owns | an input, and a node that sends it if other ranks need it |

mod function;
mod part;

pub use function::{RankFn, Sources};
pub(crate) use part::{Ended, Part, PartBuilder, PartResults, PartRun};
