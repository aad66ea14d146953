//! Failure: errors, panics, cancelling, deadlines, and what is left of a run afterwards.
//!
//! # A node fails
//!
//! [`try_node`](crate::GraphBuilder::try_node) takes a closure that gives a `Result`. Its dependents are fed
//! the `T`; if it is an `Err`, they don't run, and say because of whom.
//!
//! ```
//! use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
//!
//! let mut graph = GraphBuilder::new();
//! let port = graph.try_node("port", (), || "80a".parse::<u16>());
//! let listen = graph.node("listen", (port,), |port: &u16| format!("on {port}"));
//! let log = graph.node("log", (), || "opened");
//! let mut graph = graph.build()?;
//!
//! let go_on = RunOptions::new().policy(FailurePolicy::KeepGoing);
//! let error = graph.with(&go_on).run().unwrap_err();
//! assert_eq!(error.to_string(), "1 node failed: port");
//! let failure = &error.failures()[0]; // as text: "node port failed: invalid digit found in string"
//! assert_eq!(failure.node().name(), "port");
//! assert!(failure.error().is::<std::num::ParseIntError>());
//! assert_eq!(graph.result(listen).unwrap_err().to_string(), "was skipped because of port");
//! assert_eq!(*graph.result(log)?, "opened");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without the option, the first failure ends the run: no node begins any more (`FailFast`). With `KeepGoing`
//! everything runs that doesn't depend on what has failed. Either way *all* failures are in the error.
//!
//! # Clean up, fall back
//!
//! A node that depends on an [`outcome`](crate::Node::outcome) runs in any case, and is told what became of
//! the other one:
//!
//! ```
//! use dgraph_exec::{GraphBuilder, NoResult};
//!
//! let mut graph = GraphBuilder::new();
//! let fresh = graph.try_node("fresh", (), || Err::<u32, _>("connection refused"));
//! let price = graph.node("price", fresh.outcome(), |fresh: Result<&u32, NoResult>| match fresh {
//!     Ok(price) => *price,
//!     Err(_) => 100, // yesterday's
//! });
//! let mut graph = graph.build()?;
//! assert!(graph.run().is_err()); // the failure is still one, and reported
//! assert_eq!(graph.results()[price], 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! So who can do without `fresh` asks for the result of `price`, whatever the run gave. If it is nothing to
//! report at all, let `fresh` be no fallible node: with [`node`](crate::GraphBuilder::node) its `Result` is a
//! value like any other, and `price` is fed a `&Result<u32, _>`.
//!
//! [`always_after`](crate::GraphBuilder::always_after) is the same for order alone: "unlock after all of
//! these, whatever became of them". What is no failure at all is a [branch](super::branches).
//!
//! # A node panics
//!
//! Nothing that depends on it starts. The other threads end the closures that they are in, and the panic goes
//! on in whoever called `run`. Graph and executor can be used again at once. Two options change that:
//! [`catch_panics`](crate::RunOptions::catch_panics) makes it the run's error;
//! [`panics_are_failures`](crate::RunOptions::panics_are_failures) makes it the failure of its node, and with
//! `KeepGoing` the others go on.
//!
//! # Cancel, be late
//!
//! ```
//! use dgraph_exec::{CancelToken, GraphBuilder, RunOptions, Stopped, Threads, threads};
//! use std::time::{Duration, Instant};
//!
//! let token = CancelToken::new(); // clones of it may be in other threads
//! let until = Instant::now() + Duration::from_secs(60);
//! let mut graph = GraphBuilder::new();
//! let stop = token.clone();
//! graph.try_node("long", threads(), move |threads: Threads<'_>| {
//!     stop.cancel(); // somebody does
//!     loop {
//!         threads.check()?; // a closure that takes long asks now and then
//!     }
//!     # #[allow(unreachable_code)]
//!     # Ok::<(), Stopped>(())
//! });
//! let mut graph = graph.build()?;
//! let options = RunOptions::new().cancel_token(&token).deadline(until);
//! assert!(graph.with(&options).run().unwrap_err().is_cancelled());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A run that has not begun, or of which all futures wait, ends at once. Closures that are under way run to
//! their end, unless they ask as this one does. A future that waits is dropped half way; its node was
//! *interrupted*.
//!
//! [`drain`](crate::RunOptions::drain) is the gentle way: nothing new begins, what is under way ends, futures
//! included. `drain([StopReason::Cancel])` with a deadline says: at Ctrl-C end what you are at, for so long
//! at the most. The example `build` does that.
//!
//! # What is left
//!
//! When failures, panics and a cancel come together, none hides another: [`RunError`](crate::RunError) has
//! methods for each. For each node, [`Graph::result`](crate::Graph::result) gives the value or a
//! [`NoResult`](crate::NoResult) that says why there is none. If a panic was resumed,
//! [`take_failures`](crate::Graph::take_failures) has what else went wrong.
//!
//! Next: [branches and loops](super::branches).
