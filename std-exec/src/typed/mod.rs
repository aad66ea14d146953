//! Typed graphs: closures that feed each other, behind typed handles.
//!
//! A [`GraphBuilder`] puts closures, what feeds them, and slots for what they give into an arena each; so running a node, or a
//! row of nodes of one kind, is one indirect call, and a run allocates nothing. What can go wrong in a node is
//! taken down in one byte a node ([`status`]); the executor below knows nothing of it.
//!
//! | what | where |
//! |---|---|
//! | handles, and why they prove the types of slots | `handle.rs`; where what they are for may be used: `markers.rs` |
//! | which closures fit which dependencies | `dependencies.rs`, `values.rs`, `resolver.rs` |
//! | which async closures fit which dependencies; their futures | `async_fn.rs`, `local_async_fn.rs`; `async_builder.rs`, `local_async.rs`, `async_task.rs` |
//! | what a graph consists of | `graph_data.rs` |
//! | graphs as nodes | `graph_task.rs` |
//! | collecting and checking nodes | `builder.rs`, `bounds.rs`, `check.rs`, `uses.rs`, `definition_error.rs`, `names.rs` |
//! | order and threads: what nodes demand, what becomes of it; nodes that aren't `Send` | `constraints.rs`, `wishes.rs`, `schedule.rs`, `order.rs`; `local.rs` |
//! | memory: who may touch what when | `store.rs`, `arena.rs`, `slots.rs`, `entry.rs`, `task.rs`, `env.rs` |
//! | a run | `execute.rs`, `course.rs`, `run.rs`, `frame.rs`, `standing.rs`, `errors.rs`, `status.rs`, `topology.rs`; how long nodes take: `measured.rs`; which nodes it has to run: `plan.rs` |
//! | nodes of one kind that follow each other | `rows.rs`, `row.rs`, `stretch.rs` |
//! | a run of a graph with futures, on one thread | `drive.rs`, `agenda.rs`, `run_async.rs`; how its end reaches futures: `connection.rs` |
//! | the same, on the threads of an executor; without one that blocks | `parallel.rs`; `detached.rs` |
//! | runs as futures | `run_async.rs`, `spawned.rs`; their stages: `running.rs` |
//! | how a run is to go, and how it went | `options.rs`, `cancel.rs`, `failure.rs`, `run_error.rs`, `absent.rs`, `results.rs` |

mod absent;
mod agenda;
#[allow(unsafe_code)]
mod arena;
#[allow(unsafe_code)]
mod async_builder;
#[allow(unsafe_code)]
mod async_fn;
#[allow(unsafe_code)]
mod async_task;
mod bounds;
#[cfg(all(test, not(dgraph_loom)))]
mod broken_walks;
#[allow(unsafe_code)]
mod builder;
mod cancel;
mod check;
#[allow(unsafe_code)]
mod connection;
mod constraints;
mod course;
mod definition_error;
#[allow(unsafe_code)]
mod dependencies;
#[allow(unsafe_code)]
mod detached;
#[allow(unsafe_code)]
mod drive;
#[allow(unsafe_code)]
mod entry;
mod env;
mod errors;
#[allow(unsafe_code)]
mod execute;
mod failure;
mod frame;
mod graph;
#[allow(unsafe_code)]
mod graph_data;
#[allow(unsafe_code)]
mod graph_task;
mod handle;
#[allow(unsafe_code)]
mod local;
#[allow(unsafe_code)]
mod local_async;
#[allow(unsafe_code)]
mod local_async_fn;
mod markers;
mod measured;
mod names;
mod options;
mod order;
#[allow(unsafe_code)]
mod parallel;
mod plan;
mod resolver;
mod results;
mod row;
#[allow(unsafe_code)]
mod rows;
#[allow(unsafe_code)]
mod run;
mod run_async;
mod run_error;
#[allow(unsafe_code)]
mod running;
mod schedule;
#[allow(unsafe_code)]
mod slots;
mod spawned;
mod standing;
mod status;
#[allow(unsafe_code)]
mod store;
mod stretch;
#[allow(unsafe_code)]
mod task;
mod topology;
mod uses;
#[allow(unsafe_code)]
mod values;
mod wishes;

pub use absent::Absent;
pub use async_fn::AsyncNodeFn;
pub use bounds::{NodeError, Predecessors, Shareable};
pub use builder::GraphBuilder;
pub use cancel::CancelToken;
pub use constraints::Limit;
pub use definition_error::DefinitionError;
pub use dependencies::{Dependencies, Dependency, Feed, NodeFn, SetInputs};
pub use failure::{Failure, Failures, Panicked};
pub use graph::Graph;
pub use handle::{AnyNode, Input, Moved, Node};
pub use local_async_fn::LocalAsyncFn;
pub use markers::{Anywhere, Local};
pub use names::NamedNode;
pub use options::{FailurePolicy, RunOptions};
pub use results::Results;
pub use run_async::RunAsync;
pub use run_error::RunError;
pub use spawned::Spawned;
pub use values::{Values, ValuesIter};
