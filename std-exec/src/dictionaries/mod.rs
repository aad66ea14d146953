//! Graphs from dictionaries: of keys and tasks, and of functions.

mod args;
mod create_graph;
mod error;
mod fn_graph;
mod fn_key;
#[cfg(feature = "async")]
mod fn_run_async;
mod function;
mod keyed;
mod results;

pub use args::Args;
pub use error::{DictionaryError, MissingKey};
pub use fn_graph::{FnGraph, FnGraphBuilder, FnResults};
pub use fn_key::FnKey;
#[cfg(feature = "async")]
pub use fn_run_async::FnRunAsync;
#[cfg(feature = "async")]
pub use function::AsyncFunction;
pub use function::{Function, Functions, PlainFunction};
pub use keyed::{KeyedBuilder, KeyedGraph};
pub use results::KeyedResults;
