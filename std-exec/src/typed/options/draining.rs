//! Runs that let what is under way end, and runs in which a panic is a failure.

use super::reasons::Draining;
use super::run_options::RunOptions;
use crate::typed::error::stop_reason::StopReason;

impl RunOptions {
    /// Drains the run if it has to stop for one of these reasons: nothing new begins, but what is under way
    /// goes on to its end. Futures are polled until they are done, loops over [`Threads`](crate::Threads) go
    /// through all elements, and graphs that are nodes are drained in turn. Without it, futures are dropped
    /// where they wait, and loops break off. (A closure always runs to its end.) Called twice, it adds to the
    /// reasons.
    ///
    /// What was under way has its result afterwards. The run gives the same error as without: it lists what
    /// did not run. If nothing was left to begin, a cancel or a deadline is no error.
    ///
    /// A second reason that isn't among these ends a run that is being drained, and what is cut off then is
    /// [interrupted](crate::NoResult::Interrupted). So a deadline bounds how long a cancelled run is drained.
    /// Nor is a run drained whose future or [`Spawned`](crate::Graph::spawn) is dropped, or whose executor is
    /// [shut down](crate::Executor::shutdown): cancel, and wait for the run first.
    ///
    /// While a spawned run is drained, it takes its turns on the workers like any other. So if it has not
    /// begun yet, it ends when a worker has come by.
    ///
    /// To drain on a panic, each call of a node is made by itself, and its panic caught: some nanoseconds per
    /// node. The panic goes on, or becomes an error, when the run is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions, StopReason};
    /// use std::future::poll_fn;
    /// use std::task::Poll;
    ///
    /// let token = &CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// let upload = graph.async_node("upload", (), move || {
    ///     let mut parts = 0;
    ///     poll_fn(move |context| {
    ///         token.cancel(); // the service is to end while this is under way
    ///         parts += 1;
    ///         context.waker().wake_by_ref();
    ///         if parts == 3 { Poll::Ready(parts) } else { Poll::Pending }
    ///     })
    /// });
    /// graph.node("the next one", (upload,), |_: &i32| unreachable!("nothing new begins"));
    /// let mut graph = graph.build()?;
    /// let options = RunOptions::new().cancel_token(token).drain([StopReason::Cancel]);
    /// let error = graph.with(&options).run().unwrap_err();
    /// assert_eq!(error.to_string(), "cancelled, 1 node did not run: the next one");
    /// assert_eq!(graph.results()[upload], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(mut self, reasons: impl IntoIterator<Item = StopReason>) -> Self {
        self.draining = reasons.into_iter().fold(self.draining, Draining::with);
        self
    }

    /// Makes a panic of a node its failure, with a [`Panicked`](crate::Panicked) as the error: what the
    /// [policy](Self::policy) says of failures holds for it. Under
    /// [`KeepGoing`](crate::FailurePolicy::KeepGoing) only what depends on the node is skipped, and under
    /// either policy, what [runs in any case](crate::Node::outcome) does. It reaches into graphs that are
    /// nodes.
    ///
    /// Each call of a node is made by itself then, and its panic caught: some nanoseconds per node. What the
    /// node has changed half way, in a [state](crate::State) or through a lock, stays as it was left:
    /// [`Graph::half_written`](crate::Graph::half_written) names the states. A panic outside of nodes, in the
    /// destructor of an earlier result, say, remains one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FailurePolicy, GraphBuilder, Panicked, RunError, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let words = ["1", "x", "3"].map(|text| {
    ///     graph.node(format!("parse {text}"), (), move || text.parse::<i32>().expect("a number"))
    /// });
    /// let mut graph = graph.build()?;
    /// let options = RunOptions::new().policy(FailurePolicy::KeepGoing).panics_are_failures();
    /// let error = graph.with(&options).run().unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: parse x");
    /// let panic = error.failures()[0].error().downcast_ref::<Panicked>().unwrap();
    /// assert!(panic.message().unwrap().starts_with("a number"));
    /// assert_eq!(graph.results()[words[2]], 3); // the others went on
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn panics_are_failures(mut self) -> Self {
        self.panics_fail = true;
        self
    }

    /// Whether the run belongs to a node of one that is drained on a failure or panic.
    pub(crate) fn drains_within(&self) -> bool {
        let drained =
            [StopReason::Failure, StopReason::Panic].into_iter().any(|reason| self.draining.on(reason));
        self.outer.is_some() && drained
    }

    /// Whether panics are caught node by node.
    pub(crate) fn guards(&self) -> bool {
        self.panics_fail || self.draining.on(StopReason::Panic)
    }
}
