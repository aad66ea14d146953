//! x
mod args;
mod builder;
mod context;
mod cores;
mod executor;
mod function;
mod graph_error;
mod keyed;
mod membership;
#[cfg(all(test, dgraph_loom))]
mod models;
mod parker;
mod results;
mod run;
mod run_error;
mod shared;
mod sleep;
mod sync;
mod team;
mod teams;
mod worker;

pub use args::Args;
pub use builder::{ExecutorBuilder, ExecutorError, Pinning};
pub use dgraph_core::{AsDag, BuildError, Cycle, CycleBuf, Dag, DagView, NodeId, StaticDag};
pub use executor::Executor;
pub use function::{Dependencies, FnGraph, FnGraphBuilder, FnKey, FnResults, Function};
pub use graph_error::{GraphError, MissingKey};
pub use keyed::{KeyedBuilder, KeyedGraph};
pub use results::KeyedResults;
pub use run_error::RunError;
