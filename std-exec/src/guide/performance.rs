//! Performance: what a node costs, when threads pay, and how the executor chooses.
//!
//! # What a node costs
//!
//! Of a graph that is run again, per node, beside what your closure does (two cores of a Xeon, virtual):
//!
//! | what | how long |
//! |---|---|
//! | a number of a bare graph, a closure of a typed graph | 0.4 to 2 ns on one thread |
//! | a future that is ready at once | 20 to 60 ns |
//! | a node that goes from one thread to another | tens to a hundred nanoseconds, as far as two cores are from each other |
//! | a node of a graph with priorities, limits or bound nodes | some 250 ns on two threads |
//! | a run of four nodes, threads awake | 80 ns bare, 140 ns typed |
//! | waking a sleeping thread | microseconds: the system's part |
//!
//! A second run on an executor, and each later one, allocates nothing. The first run of a graph allocates,
//! and learns. `bench/README.md` in the repository has the tables, the method, and fifteen other systems in
//! the same process.
//!
//! # When threads pay
//!
//! If there is much to do side by side: from some three nanoseconds of work per node on in a grid, and from
//! some twenty in layers of a hundred nodes that are joined at random. At a microsecond per node two threads
//! are 1.9 times as fast as one. For smaller nodes than these `run_parallel` is as fast as `run`, since the
//! executor notices: you needn't choose by size.
//!
//! What no scheduler can change: a run takes at least as long as its longest path, and as all work divided by
//! the threads. [`DagView::critical_path`](crate::DagView::critical_path) and
//! [`Trace::what_if`](crate::Trace::what_if) tell how far you are from that.
//!
//! # How the executor chooses
//!
//! In the first run of a graph its caller goes alone for some eight microseconds, and so learns what nodes
//! take in sequence. If they are tiny it goes on; otherwise the rest is shared, and nodes are timed. Then
//! there are three ways; results never depend on which one is taken.
//!
#![doc = include_str!("pictures/ways.svg")]
//!
//! - *Alone.* For tiny nodes. The caller goes through the graph in a known order, without counters. If that
//!   takes longer than expected, another thread may break in at any moment, and the rest is shared: at once
//!   if a thread is awake, otherwise within about a millisecond.
//! - *In step.* For short nodes in wide levels. Each thread has its part of the graph, and waits for the
//!   others only at points that were found beforehand.
//! - *Shared.* For longer nodes: work stealing. A finished node makes others ready, and a thread without work
//!   takes some.
//!
//! Now and then a way that promises as much is tried again. You decide *where* a graph runs, by the verb, and
//! whether order matters; the rest is not yours to tune. `ARCHITECTURE.md` in the repository has each way in
//! a table.
//!
//! # What you can do
//!
//! - *Make nodes of a microsecond and more* if you can: group what is always done together.
//! - *Build once, run often.* Building costs some hundred nanoseconds per node.
//! - *Loops over data* belong into one node, with [`threads()`](crate::threads()): an edge per element costs
//!   more than an index.
//! - *One long path beside much else?* Threads take the newest ready node first; give the graph
//!   [priorities](super::order) if its end comes late for that.
//! - *Large results:* [`moved`](crate::Node::moved), [`drop_early`](crate::GraphBuilder::drop_early),
//!   [`depth_first`](crate::GraphBuilder::depth_first). *Large data that stays:* a [state](super::state).
//! - *Steady times:* [`Executor::new`](crate::Executor::new) pins its workers. On a machine that others use
//!   too, don't.
//! - *Threads that wait up to 20 µs before they sleep* are on by default, and the
//!   [builder](crate::ExecutorBuilder::spin) changes it: longer for short runs in quick succession, none for
//!   a laptop's battery.
//! - *No system call at all,* for audio callbacks and control loops: [`ExecutorBuilder::real_time`]. It takes
//!   a core for each thread.
//!
//! [`ExecutorBuilder::real_time`]: crate::ExecutorBuilder::real_time
//!
//! ```
//! use dgraph_exec::{Dag, Executor};
//! use std::hint::black_box;
//!
//! let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
//! let executor = Executor::new()?;
//! for _ in 0..100 {
//!     executor.run(&dag, |node| { black_box(node); });
//! }
//! let statistics = executor.run_with_statistics(&dag, |node| { black_box(node); });
//! println!("{statistics:?}"); // who ran how many, and how often a thread was woken
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Next: [without an operating system](super::bare_metal).
