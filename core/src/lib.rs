//! Static dependency graphs for schedulers: declared once, validated completely, run any number of times.
//!
//! This crate is the part of dgraph that needs no operating system. It is `no_std`, contains no `unsafe`,
//! never spawns, never blocks, and allocates only in the builders behind the `alloc` feature. Threads, typed
//! results and everything else that needs `std` live in `dgraph-exec`.
//!
//! # The graph
//!
//! Nodes are numbered `0..n`; an edge `(u, v)` says that *v depends on u*, so `u` runs first. The graph is
//! stored in compressed sparse rows (CSR): one array of edges, grouped by source, and for each node where its
//! group starts. Two more arrays hold each node's in-degree and a topological order. That is 12 bytes per
//! node and 4 per edge; the counters of a run add 4 bytes per node.
//!
//! | type | memory | made by |
//! |---|---|---|
//! | [`StaticDag`] | arrays inside itself, usable in a `static` | [`StaticDag::new`], checked by the compiler |
//! | [`DagView`] | borrowed from the caller | [`DagView::from_edges`] in caller's memory; [`DagView::from_parts`] from untrusted arrays |
//! | [`Dag`] (feature `alloc`) | owned | [`Dag::from_edges`] |
//!
//! Everything that reads a graph is a method of the small, copyable [`DagView`]; the other two lend one with
//! [`AsDag::view`].
//!
//! ## Examples
//!
//! ```
//! use dgraph_core::{NodeId, StaticDag};
//!
//! // 0 feeds 1 and 2, both feed 3. A cycle here would be a compile error.
//! static DIAMOND: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
//!
//! let mut seen = [0_u32; 4];
//! let mut at = 0;
//! DIAMOND.run(|node: NodeId| {
//!     seen[at] = node.get();
//!     at += 1;
//! });
//! assert_eq!(seen, [0, 1, 2, 3]);
//! ```
//!
//! # Running
//!
//! [`DagView::run`] calls a closure for each node in topological order on the calling thread, with no
//! counters and no atomics. A parallel scheduler uses a [`Countdown`]: each finished node *arrives* at its
//! successors, and the last arrival makes a successor ready.
//!
//! # Without an operating system
//!
//! A [`Run`] is a graph with the memory of its runs, in a `static` ([`StaticRun`]). Any number of cores and
//! interrupt handlers work for it; there is no lock and no allocator, and nothing has to be set up or cleared
//! between runs.
//!
//! **Interrupts.** A handler may call everything at any point of the code that it has interrupted, also of
//! another call of the same method. Nothing waits for anybody, so it never waits for what it has interrupted.
//! (The one exception says so: [`Run::work_until_over`].) A core that is stopped for ever keeps the nodes
//! that it has taken, and nothing else. Stack: no recursion; on a Cortex-M3 no call takes more than 168 bytes
//! (`take` in a run that was stopped), and a main program and two levels of interrupts, all of which take and
//! complete nodes, 312 together, as `.ci/bare` in the repository measures.
//!
//! **Waiting.** A core with nothing to do may sleep: [`Run::notify`] calls what wakes it (on Arm `dsb` and
//! `sev`) behind each insertion, and the core calls `wfe`, which returns at once if an event came since it
//! last looked. Where a core waits with `hlt` or `wfi`, it masks its interrupts, asks [`Run::has_ready`] once
//! more, and then waits.
//!
//! **Memory.** The cores share memory that is cached and coherent, with a compare-and-swap or exclusive loads
//! and stores that work there; orderings are those of Rust's atomics, which the compiler makes of the
//! instructions of the chip. Chips without compare-and-swap: feature `portable-atomic`.
//!
//! **Several graphs** are several runs; each is started, worked for and stopped by itself.
//!
//! **Futures.** A node may be a future that waits for a device: its waker inserts the node's number into a
//! [`ReadySet`], and the core that takes it from there polls it again. The futures lie in static memory,
//! whose size the compiler takes from the `async fn` (`examples/bare_async`).
//!
//! ## Examples
//!
//! ```
//! use core::sync::atomic::{AtomicU32, Ordering};
//! use dgraph_core::{NodeId, RunStatus, StaticDag, StaticRun, StaticUrgency, ready_words};
//!
//! const STEPS: usize = 4;
//! const CONVERTER: u32 = 0; // begun by whoever takes it, ended by its interrupt
//! const FILTER: u32 = 1;
//! const REGULATOR: u32 = 2;
//! const LOG: u32 = 3;
//! static LOOP: StaticDag<STEPS, 3> =
//!     StaticDag::new([(CONVERTER, FILTER), (FILTER, LOG), (FILTER, REGULATOR)]);
//! const MICROS: [u32; STEPS] = [10, 5, 20, 3];
//! static URGENCY: StaticUrgency<STEPS> = StaticUrgency::by_critical_path(&LOOP, &MICROS);
//! static RUN: StaticRun<STEPS, { ready_words(STEPS) }> =
//!     StaticRun::new(LOOP.view()).by_urgency(URGENCY.view());
//! static READING: AtomicU32 = AtomicU32::new(0);
//!
//! /// The converter's interrupt handler.
//! fn conversion_is_done() {
//!     READING.store(42, Ordering::Relaxed); // `complete` makes it visible
//!     RUN.complete(NodeId::new(CONVERTER));
//! }
//!
//! /// What every core does, and a handler that has time.
//! fn work_once() -> bool {
//!     match RUN.take().map(NodeId::get) {
//!         Some(CONVERTER) => std::thread::spawn(conversion_is_done).join().unwrap(), // start it
//!         Some(step) => {
//!             assert_eq!(READING.load(Ordering::Relaxed), 42);
//!             RUN.complete(NodeId::new(step));
//!         }
//!         None => return false, // wait for an event, then look again
//!     }
//!     true
//! }
//!
//! for _ in 0..1_000 {
//!     RUN.start().unwrap();
//!     while !matches!(RUN.status(), RunStatus::AtRest { .. }) {
//!         work_once();
//!     }
//! }
//! ```
//!
//! Nodes without devices need no such loop: [`Run::work`] and [`Run::work_until_over`] take a body.
//!
//! # Features
//!
//! - **`alloc`** (default): the owned [`Dag`], cycle errors that own their path, and the helpers that return
//!   collections ([`DagView::levels`], [`DagView::critical_path`]). Without it the crate needs no allocator.
//! - **`petgraph`**: `Dag::from_petgraph`, `Dag::from_stable_graph` and `DagView::to_petgraph`, for
//!   petgraph 0.8. Nodes keep their numbers.
//! - **`serde`**: [`Dag`] can be written and read, as the list of each node's successors. What is read is
//!   validated like any other graph.
//! - **`portable-atomic`**: the atomics of the crate of that name, for chips without compare-and-swap
//!   (thumbv6m, riscv32imc). The program says how they are made there: one of that crate's features
//!   `critical-section` and `unsafe-assume-single-core`. Only [`Countdown`], [`Run`] and [`ReadySet`] use
//!   them.
//! - `loom`, `shuttle`: for models within this project; without a `--cfg` of theirs they do nothing.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(target_pointer_width = "16")]
compile_error!("node ids are 32 bits wide: dgraph-core needs pointers of at least 32 bits");

mod construct;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod countdown;
#[cfg(all(test, dgraph_loom))]
mod countdown_model;
mod critical_path;
mod cycle;
#[cfg(feature = "alloc")]
mod dag;
#[cfg(feature = "alloc")]
mod depth_first;
mod dot;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod each;
mod error;
mod levels;
#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
mod model;
mod node;
mod parts;
#[cfg(feature = "petgraph")]
mod petgraph;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod ready_set;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
mod reversed;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
mod run;
#[cfg(feature = "serde")]
mod serde;
mod static_dag;
#[cfg(feature = "alloc")]
mod supersteps;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub mod sync;
mod urgency;
mod view;
#[cfg(feature = "alloc")]
mod what_if;

pub use construct::Storage;
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use countdown::Countdown;
#[cfg(feature = "alloc")]
pub use critical_path::CriticalPath;
pub use cycle::Cycle;
#[cfg(feature = "alloc")]
pub use cycle::CycleBuf;
#[cfg(feature = "alloc")]
pub use dag::Dag;
#[cfg(all(feature = "alloc", target_has_atomic = "32"))]
pub use dag::LentCountdown;
pub use dot::{Dot, DotString};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use each::Before;
pub use error::DagError;
#[cfg(feature = "alloc")]
pub use levels::{Levels, LevelsIter};
pub use node::{Edge, NodeId};
pub use parts::{Parts, PartsError};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use ready_set::{ReadySet, ready_words};
#[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
pub use run::{Run, RunMemoryError, RunStatus, StaticRun, StillRunning, WorkEnd};
pub use static_dag::StaticDag;
#[cfg(feature = "alloc")]
pub use supersteps::{Supersteps, SyncPoint};
pub use urgency::{StaticUrgency, Urgency};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use view::MakeSupersteps;
pub use view::{AsDag, DagView};
#[cfg(feature = "alloc")]
pub use what_if::{SchedulingPolicy, WhatIf};

/// Compiles and runs the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
