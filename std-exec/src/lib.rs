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
//! # Which layer
//!
//! | you have | use | each node |
//! |---|---|---|
//! | closures that feed each other | [`GraphBuilder`] and [`Graph`] | is a closure behind a typed handle, fed the results of others by reference |
//! | functions that feed each other | [`create_graph!`] | is a function, plain or `async`, found by its name; a typed graph in another notation |
//! | keys and tasks that come from data | [`KeyedGraph`] | is a closure, fed values of one type; a typed graph with an index |
//! | a hot loop over numbered nodes | [`Dag`] and [`Executor::run`] | is a number, passed to one closure that is inlined into the workers' loop |
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
//!   half way: its node was [interrupted](NoResult::Interrupted). A graph that is a node is stopped in the same
//!   way. A run that is [drained](RunOptions::drain) lets them end, and begins nothing new.
//! - Failures, panics and a stop in one run: none hides another, see [`RunError`] and
//!   [`Graph::take_failures`].
//! - A node may run a graph on the executor that runs it, at any depth; any number of threads may run graphs
//!   on one executor. A thread that waits for its run executes nodes of that run, and of runs nested in it,
//!   only; and, if it is a worker, those that are [bound](GraphBuilder::on_worker) to it.
//! - A run allocates nothing, whoever takes part in it, if it is neither the first one of its graph on its
//!   executor nor the first one of its calling thread. What remains: more runs at once on one executor than
//!   ever before, nested ones counted, need memory for each; in graphs of more than 65,536 nodes a thread's
//!   stack of ready nodes may still double; who blocks makes a waker ([`Spawned::join`], and a graph with
//!   futures on one thread, when all of them wait); and what goes wrong is an error with memory of its own.
//! - Nothing recurses over a graph.
//!
//! # Threads
//!
//! An [`Executor`] has one worker per core, pinned where the system allows it. The caller of a run works too,
//! as one of the executor's threads, so at most `threads - 1` workers join it; it is never pinned. A worker
//! that finds nothing to do for 20 microseconds sleeps, and a run wakes workers only when it has more ready
//! nodes than it is working on.
//!
//! [`Executor::builder`] has choices about all of that, names, stacks, and what is
//! [around](ExecutorBuilder::around) each worker's life. Cores are those that the thread may use that makes
//! the executor (an executor made by a node has those of the one that runs the node). On Linux threads and
//! processes that a node starts have the cores of the thread that runs it, on a pinned worker so one:
//! [`unpinned`] gives all cores to what it encloses. [`Executor::global`] is an executor for everybody: it
//! has the process's cores, and its workers are not pinned.
//!
//! Fewer threads than wanted, or cores that are refused, are no error unless they were demanded
//! ([`Pinning::Cores`]). A child process that `fork(2)` makes has no threads but one: running something there
//! on an executor of the parent panics; the child may make its own. It should not be forked while another
//! thread makes the process's first executor.
//!
//! # Async
//!
//! Nodes may be [async](GraphBuilder::async_node): `async fn`s, or async closures that borrow what they use.
//! They wait side by side, and only futures that were woken are polled again. Such a graph runs under any
//! runtime, or none: [`Graph::run_async`] on whatever thread polls it; [`Graph::run_parallel_async`] on an
//! executor's workers, while the task that awaits it does something else; [`Graph::spawn`] too, without being
//! awaited. What needs a runtime's context, such as Tokio's timers and sockets, needs it on the workers, too:
//! [`ExecutorBuilder::around`] enters it there. [`Graph::run`] and [`Graph::run_parallel`] run the same
//! graphs and block. A run that is dropped drops its nodes' futures; wakers may be used at any time, also
//! when everything is gone.
//!
//! # State
//!
//! A [state](GraphBuilder::state) lives in the graph over all runs. Nodes that read it are fed a `&T`, nodes
//! that change it a plain `&mut T`: there is no lock and no guard, since the graph's edges keep nodes apart
//! that must not meet. These edges follow from the order in which the nodes were defined: a reader comes
//! after the last writer before it, a writer after all that have used the state since.
//! [Commuting](State::commute) writers exclude each other and have no order among themselves.
//! [`Graph::ambiguities`] lists the pairs that are ordered in this way alone.
//!
//! If a writer fails, panics or is skipped, nodes that come after it in the state's order are skipped; the
//! state stays as it was left, [`Graph::half_written`] says by whom, and the graph can be used. If a reader
//! fails, later writers run. A run of [a part](RunOptions::only) of the graph runs the writers that its targets
//! come after, and no reader for a writer's sake; an [update](RunOptions::update) runs those who change a
//! state all or none. Between runs the state is the caller's: [`Graph::state`], [`Graph::state_mut`]. Graphs
//! without states pay nothing for any of this.
//!
//! # Order, limits, threads
//!
//! Nodes of a typed graph may have [priorities](GraphBuilder::priority), explicit or by the [longest
//! path](Graph::prioritize_by) behind them; share a [limit](GraphBuilder::limit) on how many run at once; and
//! be bound to [the caller](GraphBuilder::on_caller) or [a worker](GraphBuilder::on_worker). Such a graph has
//! one queue of ready nodes under a lock, which costs some 250 ns per node (two threads;
//! `cargo run --release -p dgraph-bench -- compare --systems dgraph-ranked --threads 2` in the repository):
//! worth it for bodies of a microsecond and more. The lock is never held while a node runs, and no thread
//! ever waits for a permit. A [`SharedLimit`] holds over all runs, graphs and executors that use it, in one order of
//! urgency, and its permits may come [from outside](PermitSource); graphs that use one run as those with async nodes do.
//! [`GraphBuilder::local`] is for closures and results that aren't `Send`,
//! [`GraphBuilder::unshared`] for results that aren't `Sync`.
//!
//! # Threads in a node
//!
//! A node that names [`threads()`](threads()) among its dependencies is handed the [`Threads`] of the run that it is a
//! part of: for loops over slices ([`for_each`](Threads::for_each), [`for_each_chunk_mut`](Threads::for_each_chunk_mut),
//! [`fold`](Threads::fold)), and for graphs whose shape is known only then ([`run`](Threads::run),
//! [`run_graph`](Threads::run_graph)). In a serial run all of that is serial. What calls the run off stops its loops.
//! No loop takes memory but a fold.
//!
//! Other libraries' threads can be used in nodes, beside those of the executor:
//!
//! - *rayon.* Its parallel iterators run in whatever pool they are called in: `pool.install(|| items.par_sort())`, or
//!   without `install` in rayon's global one. The thread that runs the node waits meanwhile, and runs nothing else; so two
//!   pools of a thread per core are too many threads only while both are busy. A pool that is made by a node, the global
//!   one as well if a node is the first to use it, has the cores of the thread that makes it: make it before, or within
//!   [`unpinned`], or run the graph on [`Executor::global`]. Cancels and deadlines don't reach it.
//! - *Tokio.* An [async node](GraphBuilder::async_node) awaits Tokio's futures, and may call `tokio::spawn`, if the
//!   threads that poll it are in the runtime's context: [`ExecutorBuilder::around`] sees to that on workers, and
//!   `runtime.enter()` on the caller. A plain node may wait for a future by `handle.block_on(future)`, since a worker is no
//!   thread of Tokio's; not so where the graph is run on one, by [`Graph::run_async`] for example: there, Tokio panics.
//!   Work that takes long belongs to the graph, not to `spawn_blocking`: a task that awaits
//!   [`Graph::run_parallel_async`] keeps none of Tokio's threads.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder, Stopped, Threads, threads};
//! use std::time::Duration;
//!
//! let runtime = tokio::runtime::Runtime::new()?;
//! let handle = runtime.handle().clone();
//! let mut graph = GraphBuilder::new();
//! let fetched = graph.node("fetch", (), || {
//!     handle.block_on(async {
//!         tokio::time::sleep(Duration::from_millis(1)).await; // a download, say
//!         vec![1.0; 10_000]
//!     })
//! });
//! let scaled = graph.try_node("scale", (fetched.moved(), threads()), |mut data: Vec<f64>, threads: Threads<'_>| {
//!     threads.for_each(&mut data, |at, x| *x *= at as f64)?;
//!     Ok::<_, Stopped>(data)
//! });
//! assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[scaled][9_999], 9_999.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Seeing what runs
//!
//! An [`Observer`] among a run's [options](RunOptions::observer) is told of each node that begins, waits, ends or
//! is skipped, and of runs, in every way to run; where there is none, it costs nothing. A [`Recorder`] is one. Its
//! [`Trace`] says what ran when, on which thread: as a [report](Trace::to_html) to look at, as JSON for
//! [Perfetto and speedscope](Trace::to_chrome), as a [picture](Trace::to_svg). [`Graph::dot`] draws the graph itself, also
//! colored by what its nodes took.
//!
//! # Trying orders
//!
//! A graph that lacks an edge may run well for years, in the order in which its nodes were declared. In tests,
//! [`RunOptions::shuffle`] runs it in any order that its edges permit, by a seed, and [`find_missing_edge`] tries
//! many of these and names the two nodes whose order matters.
//!
//! # Tiny bodies
//!
//! Sharing a node costs tens of nanoseconds, so a graph of tiny bodies is often fastest on one thread, and one of
//! short bodies on threads that walk *in step*: through supersteps that are found after the first run, each
//! thread with its part of them, without sharing single nodes. The executor finds that out by itself: it
//! remembers for some graphs how long each of these ways took, takes the fastest one, and now and then tries
//! another that promises as much. A run that the caller has begun alone is shared after all when it takes
//! longer than expected: immediately if a worker is up, otherwise within about a millisecond. One in step is
//! shared when a thread has had to wait for a millisecond. So the first runs of a graph may take longer than
//! later ones; results never depend on any of this.
//!
//! # Features
//!
//! - **`affinity`** (default): workers are pinned to cores, by the crate core_affinity. Without it none is,
//!   what [`Pinning::Cores`] demands is refused, and [`unpinned`] is a plain call.
//! - **`async`** (default): async nodes, and runs that are futures or are spawned: what the chapter "Async"
//!   is about. Without it there are no methods for these, and no `async fn` in `create_graph!`; runs that
//!   block on futures, for which the crate pollster is, don't exist.
//! - **`parking_lot`**: the executor's locks and what its threads sleep on are those of the crate of that
//!   name, for programs that use it already. Not for programs that fork: these locks keep a table of waiting
//!   threads, which a child inherits without the threads, so that an executor that is made there may hang or
//!   crash.
//! - **`petgraph`**: a graph of petgraph 0.8 becomes a [`Dag`], and back: `Dag::from_petgraph`,
//!   `Dag::from_stable_graph`, `DagView::to_petgraph`.
//! - **`serde`**: a [`Dag`], [`Trace`], [`Durations`] and [`RunStatistics`] can be written and read; what is read is validated.
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
    Input, Instance, Lendable, Limit, Local, LocalBuilder, MissingEdge, Moved, MovedValues, NamedNode,
    NoResult, Node, NodeError, NodeFn, NodeName, Once, OutcomeOf, Outcomes, Panicked, Permits, Predecessors,
    Results, RunError, RunOptions, RunThreads, Runnable, SearchError, SetInputs, Shareable, SharedNodeFn,
    State, StateCommute, StateRead, StateWrite, StopReason, Stopped, Threads, Unshared, UnsharedBuilder,
    Values, ValuesIter, WithOptions, find_missing_edge, once, threads,
};

/// Compiles and runs the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
