//! Dictionaries: typed graphs whose nodes are found by keys, of functions and of tasks.
//!
//! What both are: `dictionary.rs`, `keys.rs`; how they are put together: `builder.rs`, run: `runs.rs`,
//! refused: `error.rs`. Of functions: `create_graph.rs`, `fn_graph.rs`, `fn_key.rs`, `function.rs`. Of tasks:
//! `keyed.rs`, `keyed_results.rs`; what tasks are fed is in `typed/node/args.rs`.

mod builder;
mod create_graph;
mod dictionary;
mod error;
mod fn_graph;
mod fn_key;
mod function;
mod keyed;
mod keyed_results;
mod keys;
mod runs;

pub use builder::DictionaryBuilder;
pub use dictionary::{Dictionary, DictionaryResults};
pub use error::{DictionaryError, MissingKey};
pub use fn_graph::{FnGraph, FnGraphBuilder, FnResults};
pub use fn_key::FnKey;
#[cfg(feature = "async")]
pub use function::AsyncFunction;
pub use function::{FnNode, Function, Functions, PlainFunction};
pub use keyed::{KeyedBuilder, KeyedGraph};
pub use keyed_results::{KeyedResults, KeyedResultsIter};
