//! State: data that lives in the graph, that nodes read and change, without a lock.
//!
//! A game has positions and speeds, a solver a vector, a simulation a field. They outlast a run, and many
//! nodes change them in place. A [state](crate::GraphBuilder::state) is such a value. A node that names
//! `speeds.write()` among its dependencies is fed a plain `&mut`; one that names `speeds.read()`, a `&`.
//!
//! ```
//! use dgraph_exec::{Executor, GraphBuilder};
//!
//! let mut graph = GraphBuilder::new();
//! let seconds = graph.input::<f32>("seconds");
//! let places = graph.state("places", vec![0.0_f32, 10.0]);
//! let speeds = graph.state("speeds", vec![0.0_f32; 2]);
//! graph.node("fall", (speeds.write(), seconds), |speeds: &mut Vec<f32>, seconds: &f32| {
//!     speeds.iter_mut().for_each(|speed| *speed += 10.0 * seconds);
//! });
//! graph.node(
//!     "move",
//!     (places.write(), speeds.read(), seconds),
//!     |places: &mut Vec<f32>, speeds: &Vec<f32>, seconds: &f32| {
//!         places.iter_mut().zip(speeds).for_each(|(place, speed)| *place += speed * seconds);
//!     },
//! );
//! let lowest = graph.node("lowest", places.read(), |places: &Vec<f32>| {
//!     places.iter().copied().fold(f32::INFINITY, f32::min)
//! });
//! let mut graph = graph.build()?;
//! for _frame in 0..3 {
//!     graph.set(seconds, 0.5);
//!     graph.run_parallel(Executor::global())?;
//! }
//! assert_eq!(graph.results()[lowest], 15.0);
//! graph.state_mut(places)[0] = -1.0; // between runs it is yours
//! assert_eq!(graph.state(places)[0], -1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In which order
//!
//! In the order in which the nodes are *defined*: a reader comes after the last writer before it; a writer
//! after everybody that has used the state since the last writer. Readers that follow each other run side by
//! side. These are edges like any other, found when the graph is built, so a run takes no lock.
//!
//! [`ambiguities`](crate::Graph::ambiguities) lists the pairs that only the order of definition decides. If
//! you didn't mean one of them, you find it there.
//!
//! # Writers whose order doesn't matter
//!
//! ```
//! use dgraph_exec::GraphBuilder;
//!
//! let mut graph = GraphBuilder::new();
//! let total = graph.state("total", 0_u32);
//! for part in 1..=4 {
//!     graph.node(format!("part {part}"), total.commute(), move |total: &mut u32| *total += part);
//! }
//! let report = graph.node("report", total.read(), |total: &u32| format!("{total} in all"));
//! assert_eq!(graph.build()?.run()?[report], "10 in all");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The four still exclude each other, but go first come, first served. (Each takes a [limit](super::order) of
//! one; that costs a queue. For sums of floats, whose order matters in the last bit, use `write`.)
//!
//! # When a writer fails
//!
//! The value stays as the writer left it, nodes that come after it for the state's sake are skipped, and
//! [`half_written`](crate::Graph::half_written) names the culprit. Repair the value with
//! [`state_mut`](crate::Graph::state_mut), or set it anew, and run again. If a *reader* fails, later writers
//! run.
//!
//! A run of [a part](crate::RunOptions::only) of the graph runs the writers that its targets come after, and
//! no reader for a writer's sake. An [update](crate::RunOptions::update) runs those that change a state all
//! or none. Graphs without states pay nothing for any of this.
//!
//! A node can't use one state twice if it writes it: that is an error of `build`. A reference that escapes
//! from the node doesn't compile.
//!
//! Next: [failure](super::failure).
