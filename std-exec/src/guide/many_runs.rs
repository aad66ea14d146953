//! Many runs at once: one definition, and memory for each run that is used again.
//!
//! A [`Graph`](crate::Graph) has one set of results, so it runs once at a time. A server wants the same graph
//! a thousand times at once. For that there is a [`DefinitionBuilder`](crate::DefinitionBuilder): its
//! closures are `Fn + Sync`, because runs share them, and each run has an [`Instance`](crate::Instance), with
//! inputs, results and futures of its own.
//!
//! ```
//! use dgraph_exec::{DefinitionBuilder, Executor};
//!
//! let mut graph = DefinitionBuilder::new();
//! let id = graph.input::<u64>("id");
//! let user = graph.async_node("user", (id,), async |id: &u64| format!("user {id}"));
//! let page = graph.node("page", (user,), |user: &String| format!("hello, {user}"));
//! graph.at_most(1_000); // instances in use at once
//! let definition = graph.build()?;
//!
//! let runs: Vec<_> = (0..100)
//!     .map(|request| {
//!         let mut run = definition.instance(); // in async code: definition.acquire().await
//!         run.set(id, request);
//!         run.spawn(Executor::global())
//!     })
//!     .collect();
//! for (request, run) in runs.into_iter().enumerate() {
//!     let (run, outcome) = run.join();
//!     outcome?;
//!     assert_eq!(*run.result(page)?, format!("hello, user {request}"));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An instance that is dropped goes back to its definition, and the next request takes it: once warm, a
//! request allocates nothing but what its closures do. [`at_most`](crate::DefinitionBuilder::at_most) is the
//! place for back-pressure: whoever asks for one more waits, in order;
//! [`try_instance`](crate::Definition::try_instance) gives `None` instead.
//!
//! In a struct, a definition whose closures borrow nothing is a `Definition<'static>`. Clones of it are the same
//! definition, for other tasks and threads.
//!
//! An instance derefs to a graph, so everything of the other chapters holds: options, deadlines, outcomes,
//! observers.
//!
//! # Limits over all runs
//!
//! A [`limit`](crate::DefinitionBuilder::limit) of a builder counts within one run. A
//! [`SharedLimit`](crate::SharedLimit) counts over all runs, graphs and executors that use it: the
//! connections of a database, the memory of a machine.
//!
//! ```
//! use dgraph_exec::{DefinitionBuilder, SharedLimit};
//!
//! let connections = SharedLimit::new(8);
//! let mut graph = DefinitionBuilder::new();
//! let rows = graph.async_node("query", (), async || 3);
//! let migrated = graph.async_node("migrate", (rows,), async |rows: &i32| rows + 1);
//! graph.limited(rows, &connections); // one permit
//! graph.limited(migrated, connections.all()); // nobody else meanwhile
//! assert_eq!(graph.build()?.instance().run()?[migrated], 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No thread waits for a permit: the node does. (Graphs that use such a limit run as those with async nodes
//! do.) Permits may also come from outside, as those of make's jobserver: a
//! [`PermitSource`](crate::PermitSource).
//!
//! # Fairness
//!
//! Runs on an executor begin in the order in which they came. A worker leaves a run after 100 µs and a
//! closure's end if another run waits, so a long one doesn't starve the others. A thread that *waits* for a
//! run helps with that run alone, and with those inside it.
//!
//! Next: [order, limits, threads](super::order).
