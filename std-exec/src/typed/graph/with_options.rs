//! The verbs that run a graph while the caller waits; and options, which combine with each verb.

use super::built::Graph;
use super::results::Results;
use super::runnable::Runnable;
use super::runnable::sealed::OURS;
use crate::executor::Executor;
use crate::typed::error::run_error::RunError;
use crate::typed::options::run_options::RunOptions;
use crate::typed::run::execute::execute;
use std::fmt;

/// A graph, and the [options](RunOptions) of the run that is asked of it next. Made by [`Graph::with`] and
/// [`Graph::into_with`], and the like of [`FnGraph`](crate::FnGraph) and [`KeyedGraph`](crate::KeyedGraph).
///
/// The verbs are those of the graph: [`run`](Self::run), [`run_parallel`](Self::run_parallel),
/// [`run_async`](Self::run_async), [`run_parallel_async`](Self::run_parallel_async), and
/// [`spawn`](Self::spawn), which needs the graph itself.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, Graph, GraphBuilder, RunOptions, WithOptions};
///
/// let executor = Executor::new()?;
/// let mut graph = GraphBuilder::new();
/// let answer = graph.node("answer", (), || 42);
/// let mut graph = graph.build()?;
/// let options = RunOptions::new().catch_panics();
/// assert_eq!(graph.with(&options).run()?[answer], 42);
/// let asked: WithOptions<'_, &mut Graph<'_>> = graph.with(&options); // nothing has run yet
/// assert_eq!(asked.run_parallel(&executor)?[answer], 42);
/// let (graph, outcome) = graph.into_with(&options).spawn(&executor).join();
/// outcome?;
/// assert_eq!(graph.result(answer), Ok(&42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing has run yet"]
pub struct WithOptions<'o, G> {
    pub(crate) graph: G,
    pub(crate) options: &'o RunOptions,
}

impl<'g, G: Runnable> WithOptions<'_, &'g mut G> {
    /// Runs nodes on the calling thread, as [`Graph::run`] does.
    ///
    /// # Errors
    ///
    /// See [`RunError`]. What results there are can be had from the graph all the same:
    /// [`Graph::results`].
    ///
    /// # Panics
    ///
    /// As [`Graph::run`], unless the options [catch panics](RunOptions::catch_panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NoResult, GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// let cheap = graph.node("cheap", (), || 1);
    /// let dear = graph.node("dear", (cheap,), |cheap: &i32| cheap + 1);
    /// let mut graph = graph.build()?;
    /// let results = graph.with(&RunOptions::new().only([cheap])).run()?;
    /// assert_eq!((results.get(cheap), results.get(dear)), (Ok(&1), Err(NoResult::NotNeeded)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run(self) -> Result<G::Results<'g>, RunError> {
        self.execute(None)
    }

    /// Runs nodes on the threads of `executor`, this one included, as [`Graph::run_parallel`] does.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// As [`Graph::run_parallel`], unless the options [catch panics](RunOptions::catch_panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, FailurePolicy, GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// let bad = graph.try_node("bad", (), || "x".parse::<i32>());
    /// let good = graph.try_node("good", (), || "5".parse::<i32>());
    /// let mut graph = graph.build()?;
    /// let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    /// let error = graph.with(&options).run_parallel(&Executor::new()?).unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: bad");
    /// assert_eq!(graph.results()[good], 5); // it has run all the same
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_parallel(self, executor: &Executor) -> Result<G::Results<'g>, RunError> {
        self.execute(Some(executor))
    }

    #[track_caller]
    fn execute(self, executor: Option<&Executor>) -> Result<G::Results<'g>, RunError> {
        let Self { graph, options } = self;
        execute(graph.held(OURS).data_mut(), executor.map(Executor::handle), options)?;
        let graph: &'g G = graph;
        Ok(graph.last_results())
    }
}

impl<'env, P> Graph<'env, P> {
    /// Runs every node once on this thread: in the order of declaration, as far as dependencies permit, or
    /// [depth first](crate::GraphBuilder::depth_first).
    ///
    /// # Errors
    ///
    /// [`RunError::UnsetInputs`] before anything has run; [`RunError::Failed`] with all nodes that failed.
    ///
    /// # Panics
    ///
    /// With the panic of a node. The graph can be used again at once, and the results of other nodes are
    /// there. What else went wrong: [`take_failures`](Self::take_failures).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let mut calls = 0;
    /// let calls = graph.node("calls", (), move || { calls += 1; calls });
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run()?[calls], 1);
    /// assert_eq!(graph.run()?[calls], 2); // anew, each time
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run(&mut self) -> Result<Results<'_, P>, RunError> {
        self.with(&RunOptions::new()).run()
    }

    /// Runs every node once on the threads of `executor`, this one included.
    ///
    /// Futures that need a runtime's context, such as Tokio's timers and sockets, have to find it on each of
    /// these threads: on the workers by one line at the executor,
    /// [`ExecutorBuilder::around`](crate::ExecutorBuilder::around), and on this one as ever. Without it they
    /// panic where they are polled by a thread that has none, so now and then.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// With the first panic of a node, after the closures under way have ended; nothing that depends on it
    /// has started. What else went wrong: [`take_failures`](Self::take_failures).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Values};
    /// let numbers: Vec<u64> = (1..=1000).collect();
    /// let mut graph = GraphBuilder::new();
    /// let sums: Vec<_> = numbers.chunks(100).map(|part| graph.node("part", (), || part.iter().sum::<u64>())).collect();
    /// let total = graph.node("total", &sums, |sums: Values<'_, u64>| sums.iter().sum::<u64>());
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[total], 500_500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_parallel(&mut self, executor: &Executor) -> Result<Results<'_, P>, RunError> {
        self.with(&RunOptions::new()).run_parallel(executor)
    }

    /// The graph with [options](RunOptions) for its next run: which nodes, until when, and what else. On it,
    /// call the verb that says where to run, [`run`](WithOptions::run) for example.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let page = graph.async_node("page", (), async || "a page");
    /// let mut graph = graph.build()?;
    /// let token = CancelToken::new();
    /// let options = RunOptions::new().cancel_token(&token);
    /// assert_eq!(graph.with(&options).run()?[page], "a page");
    /// pollster::block_on(async {
    ///     assert_eq!(graph.with(&options).run_async().await?[page], "a page");
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with<'o>(&mut self, options: &'o RunOptions) -> WithOptions<'o, &mut Self> {
        WithOptions { graph: self, options }
    }

    /// The graph with [options](RunOptions), for the verb that needs the graph itself:
    /// [`spawn`](WithOptions::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, RunOptions};
    ///
    /// let executor = Executor::new()?;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let spawned = graph.build()?.into_with(&RunOptions::new().catch_panics()).spawn(&executor);
    /// let (_graph, outcome) = spawned.join();
    /// assert_eq!(outcome.unwrap_err().to_string(), "panicked: bad (no)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_with(self, options: &RunOptions) -> WithOptions<'_, Self> {
        WithOptions { graph: self, options }
    }
}

impl<G: fmt::Debug> fmt::Debug for WithOptions<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graph, options } = self;
        f.debug_struct("WithOptions").field("graph", graph).field("options", options).finish()
    }
}
