//! Coming from rayon, tokio, bevy, Taskflow, oneTBB or dask: one program twice.
//!
//! The program: `b` and `c` need `a`, and `d` needs both. Here it is in this crate; below, as others have it,
//! with what is different. (Programs in Rust are compiled with this page; `.ci/guide` in the repository runs
//! those in C++ and Python, and bevy's.)
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//!
//! let mut graph = GraphBuilder::new();
//! let a = graph.node("a", (), || 1);
//! let b = graph.node("b", (a,), |a: &i32| a + 1);
//! let c = graph.node("c", (a,), |a: &i32| a + 2);
//! let d = graph.node("d", (b, c), |b: &i32, c: &i32| b * c);
//! let mut graph = graph.build()?; // keep it, and run it again
//! assert_eq!(graph.run_parallel(Executor::global())?[d], 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # rayon
//!
//! ```
//! let a = 1;
//! let (b, c) = rayon::join(|| a + 1, || a + 2);
//! assert_eq!(b * c, 6);
//! ```
//!
//! For a tree of tasks, and for iterators over data, rayon is the right tool. A graph that is no tree (two
//! nodes with a predecessor each, and one in common) needs counters or cells of your own there, and each run
//! starts from nothing.
//!
//! - `par_iter_mut().for_each(…)` within a graph: [`threads()`](crate::threads()) and
//!   [`Threads::for_each`](crate::Threads::for_each), on the same threads; `par_chunks_mut` is
//!   [`for_each_chunk_mut`](crate::Threads::for_each_chunk_mut), which tells where a chunk begins, not which one
//!   it is; `fold(…).reduce(…)` is
//!   [`fold`](crate::Threads::fold).
//! - `scope` is what any graph is: its closures may borrow, since `run` returns when all of them have ended.
//! - The global pool is [`Executor::global`](crate::Executor::global); `ThreadPoolBuilder` is
//!   [`Executor::builder`](crate::Executor::builder). There is no `install`: each run says where it runs.
//! - rayon *in* a node works: `pool.install(|| items.par_sort())`. The thread that runs the node waits
//!   meanwhile. Make the pool outside of nodes, or within [`unpinned`](crate::unpinned), or run the graph on
//!   [`Executor::global`](crate::Executor::global), so that it has all cores. Cancels don't reach it.
//! - `RAYON_NUM_THREADS` is `DGRAPH_NUM_THREADS`.
//!
//! # tokio
//!
//! ```
//! async fn get(number: i32) -> i32 { number } // stands for a request
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let a = get(1).await;
//! let b = tokio::spawn(async move { get(a + 1).await });
//! let c = tokio::spawn(async move { get(a + 2).await });
//! assert_eq!(b.await? * c.await?, 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Tasks own what they use, and you find the order of the `await`s; in a graph they borrow, and the order
//! follows. See [async](super::futures). tokio stays: as the runtime that polls the run.
//!
//! - `Semaphore` is [`SharedLimit`](crate::SharedLimit); `timeout` is
//!   [`deadline`](crate::RunOptions::deadline); `CancellationToken` is [`CancelToken`](crate::CancelToken).
//! - `spawn_blocking` for work that takes long: plain nodes, and
//!   [`run_parallel_async`](crate::Graph::run_parallel_async), which keeps none of tokio's threads.
//! - A plain node may wait for a future, since an executor's worker is no thread of tokio's. (On one of
//!   tokio's, as with `run_async`, that panics.)
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
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
//! let sum = graph.node("sum", (fetched,), |data: &Vec<f64>| data.iter().sum::<f64>());
//! assert_eq!(graph.build()?.run_parallel(Executor::global())?[sum], 10_000.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # bevy's schedules
//!
//! ```ignore
//! use bevy_ecs::prelude::*;
//!
//! #[derive(Resource)] struct A(i32);
//! #[derive(Resource)] struct B(i32);
//! #[derive(Resource)] struct C(i32);
//! #[derive(Resource)] struct D(i32);
//!
//! fn b(a: Res<A>, mut b: ResMut<B>) { b.0 = a.0 + 1; }
//! fn c(a: Res<A>, mut c: ResMut<C>) { c.0 = a.0 + 2; }
//! fn d(b: Res<B>, c: Res<C>, mut d: ResMut<D>) { d.0 = b.0 * c.0; }
//!
//! fn main() {
//!     let mut world = World::new();
//!     world.insert_resource(A(1));
//!     world.insert_resource(B(0));
//!     world.insert_resource(C(0));
//!     world.insert_resource(D(0));
//!     let mut schedule = Schedule::default();
//!     schedule.add_systems((b, c, d.after(b).after(c)));
//!     schedule.run(&mut world);
//!     assert_eq!(world.resource::<D>().0, 6);
//! }
//! ```
//!
//! A resource is a [state](super::state), `Res` is `read()`, `ResMut` is `write()`. Systems that are in
//! conflict without an order run in either one with bevy; here the order of definition decides, and
//! [`ambiguities`](crate::Graph::ambiguities) lists them as bevy's detection does. There are no queries over
//! components.
//!
//! # Taskflow (C++)
//!
//! ```cpp
//! #include <cassert>
//! #include <taskflow/taskflow.hpp>
//!
//! int main() {
//!     int a, b, c, d;
//!     tf::Executor executor;
//!     tf::Taskflow graph;
//!     auto [ta, tb, tc, td] = graph.emplace(
//!         [&] { a = 1; }, [&] { b = a + 1; }, [&] { c = a + 2; }, [&] { d = b * c; });
//!     ta.precede(tb, tc);
//!     td.succeed(tb, tc);
//!     executor.run(graph).wait();
//!     assert(d == 6);
//! }
//! ```
//!
//! There edges and data are two things, and the compiler doesn't know whether they fit. Condition tasks are
//! [`only_if`](crate::GraphBuilder::only_if), or [`repeat`](crate::GraphBuilder::repeat) for loops; a subflow
//! is a graph that a node runs by [`Threads::run_graph`](crate::Threads::run_graph); `tf::Semaphore` is a
//! [limit](super::order).
//!
//! # oneTBB (C++)
//!
//! ```cpp
//! #include <cassert>
//! #include <tbb/flow_graph.h>
//!
//! int main() {
//!     using namespace tbb::flow;
//!     using Node = continue_node<continue_msg>;
//!     int a, b, c, d;
//!     graph g;
//!     Node na(g, [&](const continue_msg &) { a = 1; });
//!     Node nb(g, [&](const continue_msg &) { b = a + 1; });
//!     Node nc(g, [&](const continue_msg &) { c = a + 2; });
//!     Node nd(g, [&](const continue_msg &) { d = b * c; });
//!     make_edge(na, nb);
//!     make_edge(na, nc);
//!     make_edge(nb, nd);
//!     make_edge(nc, nd);
//!     na.try_put(continue_msg());
//!     g.wait_for_all();
//!     assert(d == 6);
//! }
//! ```
//!
//! What is described here is its *dependence graph*. Its *data flow* graphs, in which many messages stream
//! through the nodes, are something else; for many runs at once see [many runs](super::many_runs). A task
//! arena is an [`Executor`](crate::Executor).
//!
//! # dask (Python)
//!
//! ```python
//! from dask.threaded import get
//!
//! graph = {
//!     "a": 1,
//!     "b": (lambda a: a + 1, "a"),
//!     "c": (lambda a: a + 2, "a"),
//!     "d": (lambda b, c: b * c, "b", "c"),
//! }
//! assert get(graph, "d") == 6
//! ```
//!
//! The same as a dictionary here, by functions or by keys from data ([layers](super::layers)):
//!
//! ```
//! use dgraph_exec::create_graph;
//!
//! fn a() -> i32 { 1 }
//! fn b(a: &i32) -> i32 { a + 1 }
//! fn c(a: &i32) -> i32 { a + 2 }
//! fn d(b: &i32, c: &i32) -> i32 { b * c }
//!
//! let mut graph = create_graph! { d: [b, c], c: [a], b: [a], a: [] }?;
//! assert_eq!(graph.run()?.get(d), Some(&6));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! dask also spreads arrays and data frames over a cluster, and its graphs may grow as they run. Graphs of
//! this crate are static and stay in the process; for that a node costs nanoseconds.
