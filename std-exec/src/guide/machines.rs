//! Beyond one machine: one graph over the ranks of an MPI job.
//!
//! `dgraph-mpi` runs one static graph on many processes. Each of them describes the whole graph and keeps the
//! nodes that it *owns*; a value goes once to each process that needs it. Inside a process it is the typed
//! graph of this crate, and an edge between two processes is an async node of it.
//!
//! ```ignore
//! // From the documentation of `dgraph-mpi`, where it is a program that is compiled and run.
//! let words = graph.node("words", (text.node(),), |text: &String| text.split_whitespace().count());
//! let number = graph.try_node("number", (text.node(),), |text: &String| text[..1].parse::<usize>());
//! let ratio = graph.node("ratio", (words, number), |words: &usize, number: &usize| words * 100 / number);
//! graph.place(number, 1);
//! // …
//! graph.set(text, "4 words, one number".into()); // is dropped where another rank owns it
//! let results = graph.run(&mut link)?;
//! ```
//!
//! A *rank* is a process of the job. `place` says which one owns a node, and `build` is told who owns the
//! others. In tests ranks may be threads of one process.
//!
//! All ranks agree on how a run ended: none returns a result while another returns an error. An error names
//! the rank and the node.
//!
//! | you have | take |
//! |---|---|
//! | a graph that fits one machine, if need be a larger one | this crate: an edge costs tens of nanoseconds |
//! | a graph that is known before it runs, and an MPI job anyway | `dgraph-mpi`: an edge between ranks costs a microsecond and more |
//! | tasks that come up as the program runs; machines that come and go | Ray, Dask, a queue |
//! | a job that has to survive the loss of a machine | something else: when a rank dies, MPI ends the job |
//!
//! Next: [coming from other libraries](super::coming_from).
