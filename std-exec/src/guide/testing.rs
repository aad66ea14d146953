//! Testing: your graph in other orders, and dependencies that were forgotten.
//!
//! A graph that lacks an edge may run well for years, because one thread goes through it in the order in
//! which it was written down, and several happen to do so too. [`shuffle`](crate::RunOptions::shuffle) runs
//! it in another order that its edges permit, drawn by a seed, so that a failure can be had again:
//!
//! ```
//! use dgraph_exec::{GraphBuilder, RunOptions};
//!
//! let mut graph = GraphBuilder::new();
//! let one = graph.node("one", (), || 1);
//! let two = graph.node("two", (), || 2);
//! let sum = graph.node("sum", (one, two), |one: &i32, two: &i32| one + two);
//! let mut graph = graph.build()?;
//! for seed in 0..20 {
//!     assert_eq!(graph.with(&RunOptions::new().shuffle(seed)).run()?[sum], 3);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`find_missing_edge`](crate::find_missing_edge) tries many orders, and if one fails, narrows it down to
//! the two nodes whose order matters and that no edge connects:
//!
//! ```
//! use dgraph_exec::{GraphBuilder, RunOptions, find_missing_edge};
//! use std::sync::Mutex;
//!
//! fn site_is_right(options: &RunOptions) -> bool {
//!     let files = Mutex::new(vec![]); // what is on the disk, say
//!     let mut graph = GraphBuilder::new();
//!     graph.node("compile style", (), || files.lock().unwrap().push("style.css"));
//!     let pages = graph.node("render pages", (), || files.lock().unwrap().push("index.html"));
//!     let pack = graph.node("pack", (pages,), |_: &()| files.lock().unwrap().len());
//!     let mut graph = graph.build().unwrap();
//!     graph.with(options).run().is_ok_and(|results| results[pack] == 2)
//! }
//!
//! assert!(site_is_right(&RunOptions::new())); // as declared, it works
//! let edge = find_missing_edge(0..200, site_is_right)?.expect("one is missing");
//! assert_eq!([edge.from().name(), edge.to().name()], ["compile style", "pack"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! As a test: `assert_eq!(find_missing_edge(0..200, site_is_right), Ok(None))`.
//!
//! # More
//!
//! - [`Graph::run`](crate::Graph::run) is a run without threads. A test that passes with it and fails with
//!   `run_parallel` has found something that your closures share behind the graph's back. ThreadSanitizer
//!   sees through this crate, so it will name the place.
//! - In your own tests wait for what has to happen (by a barrier or a channel), and never for time to pass.
//! - [`Graph::dag`](crate::Graph::dag) is the bare graph: `graph.dag().levels().len()`, or its
//!   [`critical_path`](crate::DagView::critical_path), so a test can say what shape it should have.
//! - [`ambiguities`](crate::Graph::ambiguities) lists pairs whose order at a [state](super::state) follows
//!   from their order in your source alone: a snapshot of that list is a good test.
//!
//! Next: [performance](super::performance).
