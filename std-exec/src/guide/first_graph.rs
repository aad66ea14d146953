//! Your first graph: nodes, handles, inputs, and what happens when something is wrong.
//!
//! A *graph* is a set of closures, its *nodes*, and of who needs whose result. You build it once and run it
//! as often as you like.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//!
//! let mut graph = GraphBuilder::new();
//! let text = graph.input::<String>("text"); // you set it before a run
//! let words = graph.node("words", (text,), |text: &String| text.split_whitespace().count());
//! let longest = graph.node("longest", (text,), |text: &String| {
//!     text.split_whitespace().map(str::len).max().unwrap_or(0)
//! });
//! let line = graph.node("line", (words, longest), |words: &usize, longest: &usize| {
//!     format!("{words} words, the longest has {longest} letters")
//! });
//! let mut graph = graph.build()?;
//!
//! graph.set(text, "say once what depends on what".into());
//! let results = graph.run()?; // on this thread
//! assert_eq!(results[line], "6 words, the longest has 7 letters");
//!
//! graph.set(text, "then run it again".into());
//! graph.run_parallel(Executor::global())?; // on all cores
//! assert_eq!(graph.results()[words], 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`node`](crate::GraphBuilder::node) takes a name (for messages), what the node depends on, and a
//!   closure. It gives a *handle*: a small, copyable number that knows the type of the result.
//! - What a node depends on is a handle, a tuple of up to twelve, a slice, or a tuple with slices in it. The
//!   closure gets one argument for each, by reference, in this order. Types of arguments have to be written
//!   out. (Where one is missing, the compiler says that an "implementation of `FnOnce` is not general enough".)
//! - `words` and `longest` need nothing of each other, so they may run at the same time. `line` runs after
//!   both.
//! - Closures may be `FnMut`, so a node can keep something for itself from run to run. They may borrow from
//!   whoever owns the graph. What one node leaves for *another* is a [state](super::state).
//! - Any thread may run a node. So closures are `Send`, and results `Send` and `Sync`;
//!   [there are ways around both](super::order).
//!
//! The handle is also how you get at results: `results[line]`, `graph.result(line)`, which says why if there
//! is none, or `graph.take(line)`, which hands the value over. A result stays until the next run. What `run`
//! gives borrows the graph, so that nothing can be set as long as you hold it; `graph.results()` is the same
//! once more.
//!
//! # In a struct
//!
//! A graph whose closures borrow nothing is a `Graph<'static>`. Handles are `Node<T>`, `Input<T>` and
//! [`State<T>`](crate::State); keep those that you will need beside it.
//!
//! ```
//! use dgraph_exec::{Graph, GraphBuilder, GraphError, Input, Node, RunError};
//!
//! struct Doubler {
//!     graph: Graph<'static>,
//!     x: Input<i32>,
//!     twice: Node<i32>,
//! }
//!
//! impl Doubler {
//!     fn new() -> Result<Self, GraphError> {
//!         let mut graph = GraphBuilder::new();
//!         let x = graph.input("x");
//!         let twice = graph.node("twice", x, |x: &i32| x * 2);
//!         Ok(Self { graph: graph.build()?, x, twice })
//!     }
//!
//!     fn of(&mut self, x: i32) -> Result<i32, RunError> {
//!         self.graph.set(self.x, x);
//!         Ok(self.graph.run()?[self.twice])
//!     }
//! }
//!
//! assert_eq!(Doubler::new()?.of(21)?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused
//!
//! [`build`](crate::GraphBuilder::build) checks everything; [`run`](crate::Graph::run) then can't find a
//! cycle. Errors name the nodes.
//!
//! ```
//! use dgraph_exec::GraphBuilder;
//!
//! let mut graph = GraphBuilder::new();
//! let egg = graph.declare::<u32>("egg"); // it is needed before it can be defined
//! let hen = graph.node("hen", (egg.node(),), |egg: &u32| egg + 1);
//! graph.node(egg, (hen,), |hen: &u32| hen + 1);
//! assert_eq!(graph.build().unwrap_err().to_string(), "dependency cycle: egg -> hen -> egg");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An argument of the wrong type, or one too many, doesn't compile. A handle of another graph is an error of
//! `build`; where there is nothing that could return one, as in `set` and `results[…]`, it is a panic. An
//! input that was never set is an error of the run.
//!
//! # Values that move, lists, and large results
//!
//! Results are lent, so many nodes can read one. A node that is the only user may take it over; then nothing
//! is copied:
//!
//! ```
//! use dgraph_exec::{GraphBuilder, Values};
//!
//! let mut graph = GraphBuilder::new();
//! let numbers = graph.node("numbers", (), || vec![3, 1, 2]);
//! let sorted = graph.node("sorted", (numbers.moved(),), |mut numbers: Vec<i32>| {
//!     numbers.sort();
//!     numbers
//! });
//! let parts: Vec<_> = (0..3)
//!     .map(|part| graph.node(format!("part {part}"), (sorted,), move |sorted: &Vec<i32>| sorted[part] * 10))
//!     .collect();
//! let sum = graph.node("sum", &parts[..], |parts: Values<'_, i32>| parts.iter().sum::<i32>());
//! graph.drop_early(sorted); // as soon as the three parts have ended
//! assert_eq!(graph.build()?.run()?[sum], 60);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`drop_early`](crate::GraphBuilder::drop_early) gives a lent result's memory back after its last user, and
//! [`depth_first`](crate::GraphBuilder::depth_first) chooses an order in which few results are alive at once.
//!
//! # Only a part, only what has changed
//!
//! ```
//! use dgraph_exec::{GraphBuilder, RunOptions};
//! use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
//!
//! let slow = AtomicU32::new(0);
//! let mut graph = GraphBuilder::new();
//! let width = graph.input::<u32>("width");
//! let color = graph.input::<u32>("color");
//! let shape = graph.node("shape", (width,), |width: &u32| {
//!     slow.fetch_add(1, Relaxed);
//!     width * 2
//! });
//! let picture = graph.node("picture", (shape, color), |shape: &u32, color: &u32| shape + color);
//! let mut graph = graph.build()?;
//! graph.set(width, 10);
//! graph.set(color, 1);
//! graph.with(&RunOptions::new().only([shape.any()])).run()?; // the picture isn't made
//! graph.run()?;
//! graph.set(color, 2);
//! let results = graph.with(&RunOptions::new().update()).run()?; // the shape is still right
//! assert_eq!(results[picture], 22);
//! # drop(graph);
//! assert_eq!(slow.into_inner(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An update goes on from a node that has run again, whatever that gives. If it often gives the same, it may
//! stop there (*early cutoff*): what depends on it keeps its result.
//!
//! ```
//! use dgraph_exec::{GraphBuilder, RunOptions};
//! use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
//!
//! let typeset = AtomicU32::new(0);
//! let mut graph = GraphBuilder::new();
//! let source = graph.input::<String>("source");
//! let title = graph.node("title", source, |source: &String| source.lines().next().map(String::from));
//! let cover = graph.node("cover", title, |title: &Option<String>| {
//!     typeset.fetch_add(1, Relaxed);
//!     title.as_ref().map_or(0, String::len)
//! });
//! graph.cutoff(title);
//! let mut graph = graph.build()?;
//! for text in ["When I", "When I wrote", "When I wrote the following pages"] {
//!     graph.set(source, format!("Walden\n{text}"));
//!     assert_eq!(graph.with(&RunOptions::new().update()).run()?[cover], 6);
//! }
//! # drop(graph);
//! assert_eq!(typeset.into_inner(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`GraphBuilder::cutoff`](crate::GraphBuilder::cutoff) says what that means where results are moved, or
//! states are changed.
//!
//! Next: [which layer](super::layers).
