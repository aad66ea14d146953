//! Graphs from dictionaries: of keys and tasks, and of functions.

mod args;
mod create_graph;
mod error;
mod fn_graph;
mod fn_key;
mod fn_results;
mod fn_runs;
mod function;
mod keyed;
mod results;

pub use args::Args;
pub use error::{DictionaryError, MissingKey};
pub use fn_graph::{FnGraph, FnGraphBuilder};
pub use fn_key::FnKey;
pub use fn_results::FnResults;
#[cfg(feature = "async")]
pub use function::AsyncFunction;
pub use function::{Function, Functions, PlainFunction};
pub use keyed::{KeyedBuilder, KeyedGraph};
pub use results::KeyedResults;
