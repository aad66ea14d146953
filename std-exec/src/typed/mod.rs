//! Typed graphs: closures that feed each other, behind typed handles.
//!
//! A [`GraphBuilder`] puts closures, what feeds them, and slots for what they give into an arena each; so
//! running a node, or a row of nodes of one kind, is one indirect call, and a run allocates nothing. What can
//! go wrong in a node is recorded in one byte per node ([`memory::status`]); the executor below knows nothing
//! of it.
//!
//! The folders are layers, listed from the highest on: each uses only those that come after it in this list.
//!
//! - `definition/`: graphs of which many runs are under way at once: `shared.rs`; how they are put together:
//!   `definition_builder.rs`, `branches.rs`; the memory of one run: `instance.rs`, `acquire.rs`,
//!   `watched.rs`, `pool.rs`.
//! - `search/`: what is wrong with a graph, found by running it in many orders: `missing_edge.rs`,
//!   `search_error.rs`.
//! - `builder/`: what adds nodes: `graph_builder.rs`, async ones `asynchronous.rs`, graphs `graphs.rs`;
//!   conditions, and order in any case: `branches.rs`, `condition.rs`; where updates stop: `cutoff.rs`;
//!   starts and moments: `starts.rs`; nodes that aren't `Send`: `local.rs`, `local_async.rs`, results that
//!   aren't `Sync`: `unshared.rs`; by which name: `node_name.rs`; states: `states.rs`; how nodes get in:
//!   `adding.rs`, `collected.rs`; checking them: `check.rs`, `finish.rs`; what they demand of their order and
//!   thread: `constraints.rs`, `wishes.rs`.
//! - `node/`: what a node depends on: `dependency.rs`, `state_access.rs`, `outcome_access.rs`, many at once:
//!   `listed.rs`, `values.rs`, `moved_values.rs`, `outcomes.rs`, moments: `moment_access.rs`; which closures
//!   fit: `dependencies.rs`, those that are called once: `once.rs`; where what feeds them lies:
//!   `resolver.rs`; async ones: `async_fn.rs`, `local_async_fn.rs`; those of definitions: `shared_fn.rs`;
//!   tasks of dictionaries: `args.rs`; what calls them: `task.rs`, `async_task.rs`; graphs as nodes:
//!   `graph_task.rs`.
//! - `threads/`: the threads of a run in a node of it: `handed.rs`, their loops: `loops.rs`, `pieces.rs`;
//!   graphs that they run: `graphs.rs`; what they tell of the run's end: `token.rs`; how a node gets them:
//!   `node/threads_access.rs`.
//! - `graph/`: the graph: `built.rs`, `env.rs`; what of it is lent to runs: `held.rs`; the verbs that run it,
//!   with options: `with_options.rs`, as futures `run_async.rs`, `spawned.rs`, their stages: `running.rs`;
//!   what other graphs have in common with it: `runnable.rs`; its nodes and their names: `by_name.rs`; its
//!   results: `results.rs`; its states: `states.rs`; its order: `order.rs`; what it looks like: `dot.rs`,
//!   `drawn.rs`.
//! - `run/`: which way a run takes: `execute.rs`; its beginning and end: `prepare.rs`, `begin_and_end.rs`;
//!   which nodes are started: `execution.rs`, `limits.rs`, `starts.rs`; which of an update stay as they are:
//!   `plan_cutoffs.rs`, `cutoff.rs`; whose results go early: `early.rs`; nodes of one kind that follow each
//!   other: `rows.rs`; graphs with futures, on one thread: `async_run.rs`, on an executor: `parallel.rs`,
//!   without a caller: `detached.rs`; how its end reaches futures: `connection.rs`.
//! - `data/`: what a graph consists of: `graph_data.rs`; which results go early: `early.rs`; who comes before
//!   whom: `uses.rs`, `topology.rs`, `stretch.rs`; because of the states that they use: `accesses.rs`,
//!   `turns.rs`, `arranged.rs`; in which order: `schedule.rs`, by a seed: `shuffled.rs`; what is still to
//!   come: `agenda.rs`; graphs that are nodes: `inner.rs`.
//! - `limits/`: how many nodes run at once: those of one graph `limit.rs`, of any `shared_limit.rs`, from
//!   outside `source.rs`; how many permits a node wants: `permits.rs`; what nodes hold: `limited.rs`.
//! - `memory/`: who may touch what when: `tasks.rs`, `store.rs`, `store_builder.rs`, `arena.rs`, `slots.rs`,
//!   `states.rs`, `entry.rs`, `drops.rs`; the state of nodes and of a run: `status.rs`, `absent.rs`, `measured.rs`,
//!   `standing.rs`, `errors.rs`, all that
//!   is recorded and known of nodes: `records.rs`; whose results are compared with the last ones: `compared.rs`, `cutoffs.rs`;
//!   how far starts are: `starts.rs`; what runs also after a failure: `lasting.rs`; what stops a run:
//!   `stopping.rs`; who is told of it: `watch.rs`; what a run is to the calls of its nodes: `frame.rs`,
//!   `row.rs`.
//! - `options/`: how a run is to go: `run_options.rs`, `draining.rs`, `reasons.rs`, `cancel.rs`,
//!   `shuffle.rs`; the run around it: `around.rs`.
//! - `error/`: how it went: `run_error.rs`, `failure.rs`, `panicked.rs`, `no_result.rs`; what is none:
//!   `end_branch.rs`; why there is no graph: `graph_error.rs`; why a loop is not over: `stopped.rs`, and a
//!   run: `stop_reason.rs`.
//! - `handle/`: handles, and why they prove the types of slots and states: `node.rs`, `outcome.rs`,
//!   `state.rs`, of nodes that are still to be defined: `declared.rs`, of moments: `moment.rs`; where what
//!   they are for may be used: `markers.rs`; what nodes may give: `bounds.rs`; names: `names.rs`.

#[cfg(all(test, not(dgraph_loom)))]
mod broken_walks;
mod builder;
#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod cut_short;
mod data;
mod definition;
mod error;
mod graph;
mod handle;
mod limits;
mod memory;
mod node;
mod options;
mod run;
mod search;
mod threads;

pub use builder::graph_builder::GraphBuilder;
pub use builder::local::LocalBuilder;
pub use builder::node_name::NodeName;
pub use builder::unshared::UnsharedBuilder;
pub use definition::acquire::Acquire;
pub use definition::definition_builder::DefinitionBuilder;
pub use definition::instance::Instance;
pub use definition::shared::Definition;
pub use error::end_branch::EndBranch;
pub use error::failure::{Failure, Failures};
pub use error::graph_error::GraphError;
pub use error::no_result::NoResult;
pub use error::panicked::Panicked;
pub use error::run_error::RunError;
pub use error::stop_reason::StopReason;
pub use error::stopped::Stopped;
pub use graph::built::Graph;
pub use graph::dot::GraphDot;
pub(crate) use graph::held::Held;
pub use graph::results::Results;
pub use graph::run_async::RunAsync;
pub use graph::runnable::Runnable;
pub(crate) use graph::runnable::sealed::{Ours, Sealed};
pub use graph::spawned::Spawned;
pub use graph::states::Ambiguity;
pub use graph::with_options::WithOptions;
pub use handle::bounds::{NodeError, Predecessors, Shareable};
pub use handle::declared::Declared;
pub use handle::markers::{Anywhere, Lendable, Local, Unshared};
pub use handle::moment::Moment;
pub use handle::names::NamedNode;
pub use handle::node::{AnyNode, Input, Moved, Node};
pub use handle::outcome::OutcomeOf;
pub use handle::state::{State, StateCommute, StateRead, StateWrite};
pub use limits::limit::Limit;
pub use limits::permits::Permits;
pub use limits::shared_limit::SharedLimit;
pub use limits::source::PermitSource;
pub use node::args::{Args, TaskNodes};
pub(crate) use node::args::{Given, TryGiven};
pub use node::async_fn::AsyncNodeFn;
pub use node::dependencies::{Dependencies, NodeFn, SetInputs};
pub use node::dependency::{Dependency, Feed};
pub use node::local_async_fn::LocalAsyncFn;
pub use node::moment_access::Reach;
pub use node::moved_values::MovedValues;
pub use node::once::{Once, once};
pub use node::outcomes::Outcomes;
pub use node::shared_fn::{SharedAsyncFn, SharedNodeFn};
pub use node::threads_access::{RunThreads, threads};
pub use node::values::{Values, ValuesIter};
pub use options::cancel::CancelToken;
pub use options::run_options::{FailurePolicy, RunOptions};
pub use search::missing_edge::{MissingEdge, find_missing_edge};
pub use search::search_error::SearchError;
pub use threads::handed::Threads;
