//! Order, limits, threads: which node goes first, how many at once, and where.
//!
//! Edges say what *must* come first. Everything else is free, and this page is about the wishes that you may
//! have.
//!
//! | wish | how |
//! |---|---|
//! | order without a value | [`builder.after(node, other)`](crate::GraphBuilder::after) |
//! | this one before others that are ready | [`builder.priority(node, 7)`](crate::GraphBuilder::priority) |
//! | the longest path first | [`graph.prioritize_by(\|node\| duration)`](crate::Graph::prioritize_by), or [by what was measured](crate::Graph::prioritize_by_measured) |
//! | at most four of these at once | [`builder.limit(4)`](crate::GraphBuilder::limit), [`builder.limited(node, limit)`](crate::GraphBuilder::limited) |
//! | the same over all runs | [`SharedLimit`](crate::SharedLimit), see [many runs](super::many_runs) |
//! | on the thread that called `run` | [`builder.on_caller(node)`](crate::GraphBuilder::on_caller) |
//! | on a certain worker | [`builder.on_worker(node, 2)`](crate::GraphBuilder::on_worker) |
//! | closures or results that aren't `Send` | [`GraphBuilder::new_local`](crate::GraphBuilder::new_local), [`builder.local()`](crate::GraphBuilder::local) |
//! | results that are `Send` but not `Sync` | [`builder.unshared()`](crate::GraphBuilder::unshared) |
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//! use std::thread;
//! use std::time::Duration;
//!
//! let main = thread::current().id();
//! let mut graph = GraphBuilder::new();
//! let disk = graph.limit(2); // of these eight, two at a time
//! let files: Vec<_> = (0..8)
//!     .map(|file| {
//!         let node = graph.node(format!("read {file}"), (), move || file);
//!         graph.limited(node, disk);
//!         node.any()
//!     })
//!     .collect();
//! let show = graph.node("show", (), move || assert_eq!(thread::current().id(), main));
//! graph.after(show, files);
//! graph.on_caller(show);
//! let mut graph = graph.build()?;
//! graph.prioritize_by(|_node| Duration::from_millis(1)); // the longest path first
//! graph.run_parallel(Executor::global())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Price.** A graph with any such wish keeps its ready nodes in one queue under a lock: some 250 ns per
//! node with two threads. That is nothing for closures of ten microseconds, and a lot for those of a hundred
//! nanoseconds. (Edges cost nothing of the kind.) No thread ever waits for a permit, and the lock is never
//! held while a closure runs.
//!
//! Where that would be felt, runs of short nodes go in step or alone instead
//! ([performance](super::performance)), and keep to the order as far as they know it beforehand; not so if
//! nodes are bound to workers, or are futures.
//!
//! **Waiting.** A node that is bound to a worker waits until that worker has ended what it is doing. A node
//! that holds a permit of a shared limit, and waits for another run that wants one, waits for ever if none is
//! left. (In a graph that is a node, that is an error of `build`.) Inputs of local graphs have to be `Send`.
//!
//! # While another node is under way
//!
//! A node usually begins when what it depends on is complete. It may also begin when another node has begun
//! ([`start_of`](crate::GraphBuilder::start_of)), or has got so far as it says itself
//! ([`moment`](crate::GraphBuilder::moment)), while that goes on, and keeps its permits. Both are nodes
//! without work to come after.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder, Reach};
//! use std::sync::Barrier;
//!
//! let (called, answered) = (Barrier::new(2), Barrier::new(2));
//! let mut graph = GraphBuilder::new();
//! let (listens, moment) = graph.moment("listens");
//! graph.node("server", moment, |listens: Reach<'_>| {
//!     listens.reach(); // whoever wants to call may do so
//!     called.wait();
//!     answered.wait();
//! });
//! graph.node("client", listens, |_: &()| {
//!     called.wait();
//!     answered.wait();
//! });
//! graph.build()?.run_parallel(&Executor::builder().threads(2).build()?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On one thread, a closure ends before another one begins, so those two would wait for ever; futures let
//! each other go on.
//!
//! # Threads
//!
//! | you want | take |
//! |---|---|
//! | an executor for everybody, as rayon's global pool | [`Executor::global`](crate::Executor::global): the process's cores, threads not pinned |
//! | one worker pinned on each core, for steady times | [`Executor::new`](crate::Executor::new) |
//! | anything else: how many, which cores, names, stacks, spinning | [`Executor::builder`](crate::Executor::builder) |
//! | no threads | [`run`](crate::Graph::run) |
//!
//! The caller of `run_parallel` works too, as one of the executor's threads. The environment variable
//! `DGRAPH_NUM_THREADS` says how many there are where the program doesn't. A run wakes workers only if it has
//! more ready nodes than it is working on. A worker that has found nothing to do for 20 µs sleeps.
//!
//! Nodes may run graphs on the executor that runs them, at any depth, and any number of threads may use one
//! executor: a thread that waits for its run works for that one, so there is no deadlock, and no second pool
//! is wanted.
//!
//! **Pinned workers and what they start.** A thread or process that a node starts has the cores of the worker
//! that it was started on: on a pinned one, a single core. [`unpinned`](crate::unpinned) around the start
//! gives it all of them. On Windows pinning reaches the first 64 cores; on macOS it is a hint. A worker whose
//! core is refused runs unpinned, unless the cores were [demanded](crate::Pinning::Cores). Isolated cores
//! (`isolcpus`) are used only if they are named.
//!
//! **Fork.** A child after `fork(2)` has no workers. Using its parent's executor panics there; it may make
//! its own. Don't fork while another thread makes the process's first executor.
//!
//! Next: [seeing what runs](super::seeing).
