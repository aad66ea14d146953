//! Branches, loops, and graphs as nodes.
//!
//! A graph's shape doesn't change while it runs. What may change is which of its nodes run, and how often a
//! part of it does.
//!
//! # Branches
//!
//! A condition is a node that gives a `bool`. What isn't chosen doesn't run, and neither does what depends on
//! it; that is no failure. Branches join in a node that asks for their [outcomes](crate::Node::outcome).
//!
//! ```
//! use dgraph_exec::{GraphBuilder, NoResult};
//!
//! let mut graph = GraphBuilder::new();
//! let size = graph.input::<u64>("size");
//! let is_large = graph.node("is large", size, |size: &u64| *size > 1000);
//! let exact = graph.node("exact", size, |size: &u64| (1..=*size).sum::<u64>());
//! let formula = graph.node("formula", size, |size: &u64| size * (size + 1) / 2);
//! graph.unless(exact, is_large);
//! graph.only_if(formula, is_large);
//! let join = |exact: Result<&u64, NoResult>, formula: Result<&u64, NoResult>| exact.or(formula).copied();
//! let sum = graph.try_node("sum", (exact.outcome(), formula.outcome()), join);
//! let mut graph = graph.build()?;
//! graph.set(size, 10_000);
//! assert_eq!(graph.run()?[sum], 50_005_000);
//! assert_eq!(graph.result(exact).unwrap_err().to_string(), "was not chosen because of is large");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A fallible node can also end its own branch: it gives [`EndBranch`](crate::EndBranch) as its error, "done,
//! don't go on from here", and the run is a success.
//!
//! # A graph as a node
//!
//! A graph that is built can be a node of another one. It runs on the same threads; limits, cancels,
//! deadlines and observers reach into it, and its failures come out with their path.
//!
//! ```
//! use dgraph_exec::{Graph, GraphBuilder};
//!
//! let mut inner = GraphBuilder::new();
//! let x = inner.input::<i32>("x");
//! let square = inner.node("square", (x,), |x: &i32| x * x);
//! let inner = inner.build()?;
//!
//! let mut graph = GraphBuilder::new();
//! let five = graph.node("five", (), || 5);
//! let squared = graph.graph(
//!     "squared",
//!     (five,),
//!     inner,
//!     move |inner: &mut Graph<'_>, five: &i32| { inner.set(x, *five); },
//!     move |inner| inner.results()[square],
//! );
//! assert_eq!(graph.build()?.run()?[squared], 25);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Until it is good enough
//!
//! [`repeat`](crate::GraphBuilder::repeat) runs the inner graph until its last closure says `Break`. What
//! passes from one round to the next is a [state](super::state) of the inner graph.
//!
//! ```
//! use dgraph_exec::{Graph, GraphBuilder};
//! use std::ops::ControlFlow::{Break, Continue};
//!
//! let mut round = GraphBuilder::new();
//! let x = round.state("x", 1.0_f64);
//! let step = round.node("step", x.write(), |x: &mut f64| {
//!     let before = *x;
//!     *x = (before + 2.0 / before) / 2.0; // Newton, for the root of 2
//!     (*x - before).abs()
//! });
//! let round = round.build()?;
//!
//! let mut graph = GraphBuilder::new();
//! let root = graph.repeat("root", (), round, |_: &mut Graph<'_>| (), move |round| {
//!     if round.results()[step] > 1e-12 { Continue(()) } else { Break(*round.state(x)) }
//! });
//! assert!((graph.build()?.run()?[root] - 2.0_f64.sqrt()).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many threads in one node
//!
//! A node that names [`threads()`](crate::threads()) is handed the threads of its run, for loops over slices
//! and for graphs whose shape is known only then. There is no second pool, and in a serial run the loops are
//! serial.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder, Stopped, Threads, threads};
//!
//! let mut graph = GraphBuilder::new();
//! let image = graph.node("image", (), || vec![1_u8; 100_000]);
//! let brighten = |mut image: Vec<u8>, threads: Threads<'_>| {
//!     threads.for_each(&mut image, |_at, pixel| *pixel *= 2)?; // an error if the run is called off
//!     Ok::<_, Stopped>(image)
//! };
//! let bright = graph.try_node("bright", (image.moved(), threads()), brighten);
//! let sum = graph.try_node("sum", (bright, threads()), |image: &Vec<u8>, threads: Threads<'_>| {
//!     threads.fold(image, 1_000, || 0_u64, |sum, pixel| sum + u64::from(*pixel), |a, b| a + b)
//! });
//! assert_eq!(graph.build()?.run_parallel(Executor::global())?[sum], 200_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! What calls the run off stops its loops. No loop takes memory but a fold. `fold` combines pieces of a fixed
//! size in their order, so floats give the same sum on any number of threads.
//!
//! Next: [async](super::futures).
