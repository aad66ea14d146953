//! Seeing what runs: traces, reports, progress, predictions, spans.
//!
//! Everything on this page is an [`Observer`](crate::Observer): something that a run tells of each node that
//! begins, waits, ends or is skipped. It is given among the options of a run. Without one, a run pays
//! nothing.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder, Recorder, RunOptions};
//! use std::sync::Arc;
//!
//! let mut graph = GraphBuilder::new();
//! let parse = graph.node("parse", (), || "1 2 3".split(' ').count());
//! graph.node("print", (parse,), |words: &usize| format!("{words} words"));
//! let mut graph = graph.build()?;
//!
//! let recorder = Arc::new(Recorder::new());
//! graph.with(&RunOptions::new().observer(recorder.clone())).run_parallel(Executor::global())?;
//!
//! let trace = recorder.trace();
//! for span in trace.spans() {
//!     println!("{} took {:?}", span.path(), span.end() - span.begin());
//! }
//! let page = trace.to_html().to_string(); // one file: zoom, search, click a node to see what it waited for
//! assert!(page.contains("parse"));
//! let picture = trace.to_svg(1000).to_string(); // as below
//! let events = trace.to_chrome().to_string(); // for Perfetto, or speedscope
//! # assert!(picture.contains("svg") && events.contains("traceEvents"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A frame of the example `frame` on two threads, as `to_svg` draws it (`-- frame.svg` behind its command).
//! The orange line is the critical path: making anything else faster doesn't make the frame faster. (Times
//! are those of one machine and one frame.)
//!
#![doc = include_str!("pictures/frame.svg")]
//!
//! # How far it has come
//!
//! ```
//! use dgraph_exec::{GraphBuilder, Progress, RunOptions};
//! use std::sync::Arc;
//!
//! let mut graph = GraphBuilder::new();
//! let load = graph.node("load", (), || ());
//! graph.node("save", (load,), |_: &()| ());
//! let progress = Arc::new(Progress::new());
//! graph.build()?.with(&RunOptions::new().observer(progress.clone())).run()?;
//! let now = progress.now(); // from any thread, while it runs
//! let under_way: Vec<_> = now.running.iter().map(|node| &*node.path).collect();
//! println!("{} of {} nodes, under way: {}", now.done, now.total, under_way.join(", "));
//! # assert_eq!((now.done, now.total), (2, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What would make it faster
//!
//! A trace knows how long each node took, so it can predict: how long the run would take with more threads,
//! and which node it would help most to make twice as fast.
//!
//! ```
//! use dgraph_exec::{Dag, SchedulingPolicy, WhatIf};
//! use std::time::Duration;
//!
//! // From a run: `recorder.trace().what_if(0)`. Here with durations of our own: 0 before 1, 2 and 3.
//! let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (0, 3)])?;
//! let what_if = WhatIf::new(&dag, |node| Duration::from_millis(if node.get() == 0 { 6 } else { 2 }));
//! let policy = SchedulingPolicy::LongestPathFirst;
//! assert_eq!(what_if.makespan(1, policy), Duration::from_millis(12));
//! assert_eq!(what_if.makespan(3, policy), Duration::from_millis(8));
//! let (node, makespan) = what_if.most_effective(2.0, 3, policy).expect("there are nodes");
//! assert_eq!((node.get(), makespan), (0, Duration::from_millis(5))); // twice as fast, this one helps most
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From one run to the next
//!
//! [`measure`](crate::RunOptions::measure) keeps how long nodes took, without an observer. Then
//! [`prioritize_by_measured`](crate::Graph::prioritize_by_measured) has the longest path go first, and
//! [`durations`](crate::Graph::durations) are a text that the next process can read.
//!
//! # The graph itself
//!
//! [`dot`](crate::Graph::dot) draws the graph for Graphviz, with a mark for what each edge and node is for:
//! order alone, moves, states (dotted arrows follow from these alone), conditions, limits, threads, graphs
//! that are nodes. [`GraphDot`](crate::GraphDot) has a list of all marks. With the durations of a measured
//! run, the graph is colored by what its nodes took.
//!
//! ```
//! use dgraph_exec::{GraphBuilder, RunOptions};
//!
//! let mut graph = GraphBuilder::new();
//! let load = graph.node("load", (), || 1);
//! graph.node("save", (load,), |_: &i32| ());
//! let mut graph = graph.build()?;
//! graph.with(&RunOptions::new().measure()).run()?;
//! let text = graph.dot().durations(&graph.durations()).to_string(); // for `dot -Tsvg`
//! assert!(text.contains("load"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In your logs
//!
//! With the feature `tracing`, `TracingSpans` makes a span of each run and each node, so whatever a node logs
//! says where it was logged.
//!
//! # What it costs
//!
//! On a grid of 512 × 512 nodes, in ns per node, of which some 85 are the closure's own. (Two calls of the
//! program on two cores. The difference to the first column is what counts.)
//!
//! | | no observer | `measure` | one that does nothing | `Recorder` | `Progress` |
//! |---|---|---|---|---|---|
//! | one thread | 88, 82 | 121, 115 | 120, 111 | 130, 119 | 185, 171 |
//! | two threads | 46, 43 | 65, 60 | 62, 58 | 66, 61 | 635, 642 |
//!
//! `Progress` takes a lock: it is for nodes of microseconds and more. The program is
//! `bench/examples/observing.rs` in the repository.
//!
//! Next: [testing](super::testing).
