//! One rank's part of the graph, as a typed graph of `dgraph-exec`. But for what `exec.rs` names, nothing
//! else in this package knows of that crate.
//!
//! | in the whole graph | here |
//! |---|---|
//! | a node that the rank owns | a fallible node, inside a [`Gate`](crate::gate::Gate) |
//! | an async node that it owns | a fallible async node, whose future polls the node's inside a gate |
//! | a node of another rank that it needs | an async node that waits for the value, or for word that there is one |
//! | an input that it owns | an input, and a node that sends it if other ranks need it |

mod asynchronous;
mod function;
mod part;
mod sources;

pub use function::RankFn;
pub(crate) use part::{Ended, Part, PartBuilder, PartResults, PartRun};
pub use sources::{RankAsyncFn, Sources};
