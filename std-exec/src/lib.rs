//! Runs static dependency graphs: say once what depends on what, then run it any number of times, on one
//! thread or on all cores.
//!
//! # Examples
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//!
//! let mut graph = GraphBuilder::new();
//! let a = graph.node("a", (), || 5);
//! let b = graph.node("b", (a,), |x: &i32| x + 10);
//! let c = graph.node("c", (a, b), |x: &i32, y: &i32| x + y + 20);
//! let mut graph = graph.build()?;
//! assert_eq!(graph.run()?[c], 40);
//!
//! assert_eq!(graph.run_parallel(Executor::global())?[c], 40);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The guide
//!
//! New here? The [guide] has short chapters: [a first graph](guide::first_graph), [which
//! layer](guide::layers), [state](guide::state), [failure](guide::failure), [branches and
//! loops](guide::branches), [async](guide::futures), [many runs at once](guide::many_runs), [order, limits,
//! threads](guide::order), [seeing what runs](guide::seeing), [testing](guide::testing),
//! [performance](guide::performance), [without an operating system](guide::bare_metal), [beyond one
//! machine](guide::machines), and [coming from](guide::coming_from) rayon, tokio, bevy, Taskflow, oneTBB or
//! dask. It begins with a [table of wishes](guide#i-want-to-).
//!
//! # Which layer
//!
//! | you have | use | each node |
//! |---|---|---|
//! | closures that feed each other | [`GraphBuilder`] and [`Graph`] | is a closure behind a typed handle, fed the results of others by reference |
//! | functions that feed each other | [`create_graph!`] | is a function, plain or `async`, found by its name; a typed graph in another notation |
//! | keys and tasks that come from data | [`KeyedGraph`] | is a closure, fed values of one type; a typed graph with an index |
//! | a hot loop over numbered nodes | [`Dag`] and [`Executor::run`] | is a number, passed to one closure that is inlined into the workers' loop |
//! | one graph for many requests at once | [`DefinitionBuilder`] | is a closure that runs share; each run has memory of its own |
//! | no operating system | [`StaticDag`] and [`StaticDag::run`], in `dgraph-core` | is a number |
//!
//! # What is promised
//!
//! - A node runs once per run, after all that it depends on; what those have written is visible to it.
//!   Arguments come in the listed order, whatever the order of execution.
//! - What isn't a graph is refused when it is built, by an error that names the keys: all that are missing,
//!   or a cycle as a path.
//! - If a node fails, what depends on it, directly or not, never starts, under any
//!   interleaving, and says which node is to blame; all failures are reported. See [`RunOptions`] for
//!   cancellation, deadlines, and what else a run may be told.
//! - If a node panics, nothing that depends on it starts, nor does anything else once the panic has been
//!   caught; the closures under way end, and the first panic is resumed on the caller with its payload. Graph
//!   and executor can be used again at once.
//! - When a run is stopped, by a failure, a panic, a cancel or a deadline, a future that waits is dropped
//!   half way: its node was [interrupted](NoResult::Interrupted). A graph that is a node is stopped in the
//!   same way. A run that is [drained](RunOptions::drain) lets them end, and begins nothing new.
//! - Failures, panics and a stop in one run: none hides another, see [`RunError`] and
//!   [`Graph::take_failures`].
//! - A node may run a graph on the executor that runs it, at any depth; any number of threads may run graphs
//!   on one executor. A thread that waits for its run executes nodes of that run, and of runs nested in it,
//!   only; and, if it is a worker, those that are [bound](GraphBuilder::on_worker) to it.
//! - A run allocates nothing, whoever takes part in it, if it is neither the first one of its graph on its
//!   executor nor the first one of its calling thread. What remains: more runs at once on one executor than
//!   ever before, nested ones counted, need memory for each; in graphs of more than 65,536 nodes a thread's
//!   stack of ready nodes may still double; who blocks makes a waker ([`Spawned::join`], and a graph with
//!   futures on one thread, when all of them wait); a graph makes room for who is to blame when a node is
//!   skipped, not chosen, or has its result moved for the first time; and what goes wrong is an error with
//!   memory of its own.
//! - Nothing recurses over a graph.
//!
//! # Features
//!
//! - **`affinity`** (default): workers are pinned to cores, by the crate core_affinity. Without it none is,
//!   what [`Pinning::Cores`] demands is refused, and [`unpinned`] is a plain call.
//! - **`async`** (default): async nodes, and runs that are futures or are spawned: what the chapter
//!   [async](guide::futures) is about. Without it there are no methods for these, and no `async fn` in
//!   `create_graph!`; runs that block on futures, for which the crate pollster is, don't exist.
//! - **`parking_lot`**: the executor's locks and what its threads sleep on are those of the crate of that
//!   name, for programs that use it already. Not for programs that fork: these locks keep a table of waiting
//!   threads, which a child inherits without the threads, so that an executor that is made there may hang or
//!   crash.
//! - **`petgraph`**: a graph of petgraph 0.8 becomes a [`Dag`], and back: `Dag::from_petgraph`,
//!   `Dag::from_stable_graph`, `DagView::to_petgraph`.
//! - **`serde`**: a [`Dag`], [`Trace`], [`Durations`] and [`RunStatistics`] can be written and read; what is
//!   read is validated.
//! - **`tracing`**: `TracingSpans`, an observer that makes spans of the crate of that name.
//! - `loom`, `shuttle`: for models within this project; without a `--cfg` of theirs they do nothing.

// Unsafe code is in the files whose `mod` allows it, in the `mod.rs` of their folders; tests/README.md has a
// table of it.
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// What makes futures is left out by its entrances: what lies behind them is compiled, and used by nobody.
#![cfg_attr(not(feature = "async"), allow(dead_code, unreachable_pub, unused_imports, unused_macros))]

mod brief;
mod dictionaries;
mod executor;
pub mod guide;
#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
#[allow(unsafe_code)]
mod models;
mod observe;
mod pool;
mod protocol;
mod report;
mod run;
mod sleep;
mod sync;
mod team;
mod tuner;
mod typed;
mod wake;

pub use dgraph_core::{
    AsDag, CriticalPath, Cycle, CycleBuf, Dag, DagError, DagView, Edge, Levels, LevelsIter, MakeSupersteps,
    NodeId, Parts, PartsError, SchedulingPolicy, StaticDag, Storage, Supersteps, SyncPoint, WhatIf,
};
#[cfg(feature = "async")]
pub use dictionaries::AsyncFunction;
pub use dictionaries::{
    Dictionary, DictionaryBuilder, DictionaryError, DictionaryResults, FnGraph, FnGraphBuilder, FnKey,
    FnNode, FnResults, Function, Functions, KeyedBuilder, KeyedGraph, KeyedResults, KeyedResultsIter,
    MissingKey, PlainFunction,
};
pub use executor::{Executor, ExecutorBuilder, ExecutorError, Pinning};
#[cfg(feature = "tracing")]
pub use observe::TracingSpans;
pub use observe::{
    Durations, NodeInfo, NodeOutcome, Observer, ParseDurationsError, Progress, ProgressReport, Recorder,
    RunInfo, RunOutcome, RunningNode, SkipReason, Span, Trace, TracedRun, TracedThread,
};
pub use pool::affinity::unpinned;
pub use run::{Before, RunStatistics};
#[cfg(feature = "async")]
pub use typed::{
    Acquire, AsyncNodeFn, LocalAsyncFn, PermitSource, RunAsync, SharedAsyncFn, SharedLimit, Spawned,
    TaskNodes,
};
pub use typed::{
    Ambiguity, AnyNode, Anywhere, Args, CancelToken, Declared, Definition, DefinitionBuilder, Dependencies,
    Dependency, EndBranch, Failure, FailurePolicy, Failures, Feed, Graph, GraphBuilder, GraphDot, GraphError,
    Input, Instance, Lendable, Limit, Local, LocalBuilder, MissingEdge, Moment, Moved, MovedValues,
    NamedNode, NoResult, Node, NodeError, NodeFn, NodeName, Once, OutcomeOf, Outcomes, Panicked, Permits,
    Predecessors, Reach, Results, RunError, RunOptions, RunThreads, Runnable, SearchError, SetInputs,
    Shareable, SharedNodeFn, State, StateCommute, StateRead, StateWrite, StopReason, Stopped, Threads,
    Unshared, UnsharedBuilder, Values, ValuesIter, WithOptions, find_missing_edge, once, threads,
};

/// Compiles and runs the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
