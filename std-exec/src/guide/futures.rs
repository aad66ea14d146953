//! Async: nodes that wait, next to nodes that compute, under any runtime or none.
//!
//! An [async node](crate::GraphBuilder::async_node) is an `async fn`, or an async closure. It borrows its
//! arguments, as plain nodes do, across its `await`s. While it waits it occupies no thread, and only futures
//! that were woken are polled again.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//!
//! async fn fetch(page: &u32) -> String { format!("page {page}") } // stands for a request
//!
//! let mut graph = GraphBuilder::new();
//! let number = graph.node("number", (), || 7_u32);
//! let page = graph.async_node("page", (number,), fetch);
//! let length = graph.node("length", (page,), |page: &String| page.len());
//! let mut graph = graph.build()?;
//!
//! assert_eq!(graph.run()?[length], 6); // blocks this thread
//! let (graph, outcome) = graph.spawn(Executor::global()).join(); // on the executor's threads
//! outcome?;
//! assert_eq!(graph.results()[length], 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Five ways to run
//!
//! | verb | who runs the nodes | meanwhile the caller |
//! |---|---|---|
//! | [`run()`](crate::Graph::run) | this thread | blocks |
//! | [`run_parallel(&executor)`](crate::Graph::run_parallel) | the executor's threads, this one among them | works, and blocks |
//! | [`run_async().await`](crate::Graph::run_async) | the task that awaits it, on whatever thread polls it | waits as a task |
//! | [`run_parallel_async(&executor).await`](crate::Graph::run_parallel_async) | the executor's workers | waits as a task |
//! | [`spawn(&executor)`](crate::Graph::spawn) | the executor's workers | does something else; then `.join()` or `.await` |
//!
//! Each of them runs graphs with async nodes and without, and gives the same results.
//!
//! # Under tokio
//!
//! `run_async` needs nothing: it runs on tokio's own threads. Nodes that compute for long would keep one of
//! these busy, so give them to an executor by `run_parallel_async`. Its workers are not tokio's, and tokio's
//! timers and sockets want to know their runtime; so the executor is told to enter it:
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//! use std::time::Duration;
//!
//! let runtime = tokio::runtime::Runtime::new()?;
//! let handle = runtime.handle().clone();
//! let executor = Executor::builder()
//!     .around(move |_worker, life| {
//!         let _context = handle.enter();
//!         life();
//!     })
//!     .build()?;
//!
//! let mut graph = GraphBuilder::new();
//! let waited = graph.async_node("wait", (), async || {
//!     tokio::time::sleep(Duration::from_millis(1)).await;
//!     20
//! });
//! let computed = graph.node("compute", (waited,), |waited: &u64| (1..=*waited).product::<u64>());
//! let mut graph = graph.build()?;
//!
//! runtime.block_on(async {
//!     let results = graph.run_parallel_async(&executor).await?;
//!     assert_eq!(results[computed], 2_432_902_008_176_640_000);
//!     Ok::<_, dgraph_exec::RunError>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Futures as tasks of a runtime
//!
//! The futures of a run are polled by whoever runs the graph. What is to be polled by the runtime instead, on
//! its threads, with its budget and its tools, is spawned in a node, which awaits it:
//!
//! ```
//! use dgraph_exec::GraphBuilder;
//! use tokio::task::JoinSet;
//!
//! async fn fetch(url: String) -> usize { url.len() } // stands for a request
//!
//! let mut graph = GraphBuilder::new();
//! let url = graph.input::<String>("url");
//! let page = graph.try_async_node("page", url, |url: &String| {
//!     let url = url.clone(); // a task owns what it uses
//!     async move {
//!         let mut task = JoinSet::new(); // is aborted if this future is dropped
//!         task.spawn(fetch(url));
//!         task.join_next().await.expect("one was spawned")
//!     }
//! });
//! let mut graph = graph.build()?;
//! graph.set(url, "example.org".into());
//! let runtime = tokio::runtime::Runtime::new()?;
//! assert_eq!(runtime.block_on(graph.run_async())?[page], 11);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! If the task panics, or the runtime is shut down and drops it unpolled, that is an error of the node. A
//! permit that the node holds is held while the task runs, and a cancel, a deadline and a drop of the run
//! reach it by way of the `JoinSet`. What they can't do is wait until it is gone.
//!
//! That is why graphs have no spawner of their own. The future of a node borrows what it is fed, and its
//! closure, from the memory of the run; so whoever ends the run has to see each future dropped before that
//! memory is used again. A runtime drops an aborted task when it comes to it: waiting for that would block
//! the very thread that has to do so if the runtime has one thread, and not waiting would need memory that
//! outlives the run, for each node, and copies of what it is fed. That is what the lines above do, where they
//! are wanted.
//!
//! # Dropping a run
//!
//! A future of a run may be dropped, as any future: in a `select!`, by a timeout. Its nodes' futures are
//! dropped, no new node begins, and those under way on workers are waited for, since they use what would be
//! dropped. The graph can then be run again. Wakers may be used at any time, also when everything is gone.
//! For an orderly end, [cancel and drain](super::failure) instead.
//!
//! # What doesn't work
//!
//! - An async closure of a graph that may go to other threads can't own what its future borrows. (Rust can't
//!   yet say that such a future is `Send`.) Let it borrow from outside, or give the future a clone.
//! - `run_parallel_async` and `spawn` want graphs that own their data, since a future can be leaked.
//! - Without the feature `async`, which is on by default, none of this is there.
//!
//! Next: [many runs](super::many_runs).
