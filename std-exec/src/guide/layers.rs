//! Which layer: closures, functions, keys from data, or bare numbers.
//!
//! All layers run on the same executor, and all but the last are the same typed graph in another notation.
//!
//! | you have | use | what a node is | what it costs beyond a bare number |
//! |---|---|---|---|
//! | closures that feed each other | [`GraphBuilder`](crate::GraphBuilder) | a closure behind a typed handle | about a nanosecond |
//! | functions that feed each other | [`create_graph!`](crate::create_graph) | a function, found by its name | the same |
//! | keys and tasks that come from data | [`KeyedGraph`](crate::KeyedGraph) | a closure, fed values of one type | one to two nanoseconds |
//! | one graph for many requests at once | [`DefinitionBuilder`](crate::DefinitionBuilder) | a closure that runs share | see [many runs](super::many_runs) |
//! | a hot loop over numbered things | [`Dag`](crate::Dag) and [`Executor::run`](crate::Executor::run) | a number, given to one closure | nothing |
//! | no operating system | `StaticDag` of `dgraph-core` | a number | see [without an operating system](super::bare_metal) |
//! | several machines | `DistributedGraph` of `dgraph-mpi` | a closure, run by the machine that owns it | see [beyond one machine](super::machines) |
//!
//! When in doubt, take the first one. (A typed graph has at most 2³¹ nodes, and 16 GiB each of closures and
//! of results; a bare one takes 16 bytes per node and 4 per edge.)
//!
//! # Functions
//!
//! Each line names a function and what it is fed. The order of the lines doesn't matter.
//!
//! ```
//! use dgraph_exec::create_graph;
//!
//! fn price() -> u32 { 20 }
//! fn amount() -> u32 { 3 }
//! fn total(price: &u32, amount: &u32) -> u32 { price * amount }
//!
//! let mut graph = create_graph! { total: [price, amount], price: [], amount: [] }?;
//! assert_eq!(graph.run()?.get(total), Some(&60));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A function fails only by panicking: a `Result` that it gives is passed on as it is. Any of them may be an
//! `async fn`; then `run_async` is there too.
//!
//! # Keys from data
//!
//! For build tools, workflows, spreadsheets: what there is to do is known when the program runs. Keys are of
//! any type that can be hashed; all tasks take and give values of one type. A cycle, duplicate keys and
//! missing keys are errors that list them.
//!
//! ```
//! use dgraph_exec::KeyedGraph;
//!
//! let cells = [("C1", vec!["A1", "B1"], 0), ("A1", vec![], 3), ("B1", vec!["A1"], 4)];
//! let mut sheet = KeyedGraph::<&str, i64>::builder();
//! for (cell, needs, add) in cells {
//!     sheet = sheet.task(cell, needs, move |args| Some(args.iter().sum::<i64>() + add));
//! }
//! let mut sheet = sheet.build()?;
//! assert_eq!(sheet.run()?.get("C1"), Some(&10));
//!
//! let lost = KeyedGraph::<&str, i64>::builder().task("A1", ["Z9"], |_| None).build().unwrap_err();
//! assert_eq!(lost.to_string(), "missing keys: \"Z9\" (needed by \"A1\")");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `graph.node("C1")` is the handle of a task, for whatever typed graphs can do with one, as
//! [`only`](crate::RunOptions::only). Limits, priorities, threads and further edges are said to the typed
//! builder beneath, [`builder.graph()`](crate::DictionaryBuilder::graph), before `build`, and
//! `builder.node("C1")` has the handles there. Why a task gave nothing: `graph.results().why_absent("C1")`.
//!
//! # Numbers
//!
//! The lowest layer has no values: a [`Dag`](crate::Dag) is checked edges, and the executor passes each
//! number to one closure, which is compiled into the workers' loop. [`run_each`](crate::Executor::run_each)
//! besides gives each node an item of its own in a slice, to change, and lets it read those of the nodes
//! before it.
//!
//! ```
//! use dgraph_exec::{Dag, Executor};
//!
//! // A row of a table needs those that it refers to: (u, v) says that v comes after u.
//! let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
//! let mut paths = [0_u64; 4];
//! Executor::global().run_each(&dag, &mut paths, |_node, own, before| {
//!     *own = before.iter().sum::<u64>().max(1); // in how many ways one gets here
//! });
//! assert_eq!(paths, [1, 1, 1, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Whatever can be asked of it is a method of its [view](crate::DagView): `dag.view().levels()`,
//! `.successors(node)`, `.critical_path(|node| cost)`, `.dot(|node| label)`.
//!
//! Next: [state](super::state).
