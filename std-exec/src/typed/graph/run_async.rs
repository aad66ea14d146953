//! The future of a run, on the thread that polls it or on the workers of an executor.

use super::built::Graph;
use super::runnable::Runnable;
use super::runnable::sealed::OURS;
use super::running::Running;
use super::with_options::WithOptions;
use crate::executor::Executor;
use crate::typed::error::run_error::RunError;
use crate::typed::options::run_options::RunOptions;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a graph, on whatever thread polls it ([`Graph::run_async`]) or on the workers of an executor
/// ([`Graph::run_parallel_async`]).
///
/// Nothing happens before it is first polled. Dropping it ends the run: futures of nodes are dropped then and
/// there, and the graph can be used again at once. (If it is leaked, by [`std::mem::forget`] for example, so
/// is what the graph holds, and using the graph panics.)
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Graph, GraphBuilder, RunAsync};
/// use std::future::{pending, poll_fn};
/// use std::{pin::Pin, task::Poll};
///
/// let mut graph = GraphBuilder::new();
/// let wait = graph.input::<bool>("wait");
/// let answer = graph.async_node("answer", (wait,), async |wait: &bool| if *wait { pending().await } else { 42 });
/// let mut graph = graph.build()?;
/// pollster::block_on(async {
///     graph.set(wait, true);
///     let mut run: RunAsync<'_, Graph<'_>> = graph.run_async();
///     poll_fn(|context| Poll::Ready(assert!(Pin::new(&mut run).poll(context).is_pending()))).await;
///     drop(run); // enough waited
///     graph.set(wait, false);
///     assert_eq!(graph.run_async().await?[answer], 42);
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct RunAsync<'g, G: Runnable> {
    /// `None` when the run is over.
    graph: Option<&'g mut G>,
    run: Running,
}

#[cfg(feature = "async")]
impl<'g, G: Runnable> WithOptions<'_, &'g mut G> {
    /// Runs nodes on the thread that polls the future, as [`Graph::run_async`] does.
    ///
    /// # Errors
    ///
    /// See [`RunError`]. What results there are can be had from the graph all the same:
    /// [`Graph::results`].
    ///
    /// # Panics
    ///
    /// As [`Graph::run_async`], unless the options [catch panics](RunOptions::catch_panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions};
    /// use std::{future::pending, thread};
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.async_node("answer", (), async || pending::<u32>().await); // from a server that is gone
    /// let mut graph = graph.build()?;
    /// let token = CancelToken::new();
    /// let options = RunOptions::new().cancel_token(&token);
    /// let user = thread::spawn(move || token.cancel());
    /// let error = pollster::block_on(graph.with(&options).run_async()).unwrap_err();
    /// assert!(error.is_cancelled());
    /// # user.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_async(self) -> RunAsync<'g, G> {
        RunAsync { graph: Some(self.graph), run: Running::here(self.options.clone()) }
    }
}

#[cfg(feature = "async")]
impl<'g, G: Runnable + Send + 'static> WithOptions<'_, &'g mut G> {
    /// Runs nodes on the workers of `executor`, as [`Graph::run_parallel_async`] does.
    ///
    /// # Errors
    ///
    /// As [`run_async`](WithOptions::run_async).
    ///
    /// # Panics
    ///
    /// As [`Graph::run_parallel_async`], unless the options [catch panics](RunOptions::catch_panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, FailurePolicy, GraphBuilder, RunOptions};
    ///
    /// async fn parse(text: &&str) -> Result<i32, std::num::ParseIntError> { text.parse() }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let texts = ["5", "x"].map(|text| graph.node(text, (), move || text));
    /// let numbers = texts.map(|text| graph.try_async_node("number", (text,), parse));
    /// let mut graph = graph.build()?;
    /// let executor = Executor::new()?;
    /// let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    /// let error = pollster::block_on(graph.with(&options).run_parallel_async(&executor)).unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: number");
    /// assert_eq!(graph.results()[numbers[0]], 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_parallel_async(self, executor: &Executor) -> RunAsync<'g, G> {
        RunAsync { graph: Some(self.graph), run: Running::on_workers(executor, self.options.clone()) }
    }
}

#[cfg(feature = "async")]
impl<'env, P> Graph<'env, P> {
    /// Runs every node once on the thread that polls the future: all that are ready, one after the other,
    /// those with futures side by side. Only futures that were woken are polled again. No runtime is needed,
    /// and any will do.
    ///
    /// Ordinary nodes run in between. After some hundred nodes the run yields to whatever else its task has
    /// to do, and a future that wakes itself for ever takes turns with the others. Limits and priorities
    /// hold; nodes that are bound to the caller or to a worker run like the others. A
    /// [deadline](RunOptions::deadline) is looked at whenever the run goes on, and wakes one that waits; to
    /// end that at any time, drop its future (as a runtime's `timeout` does) or
    /// [cancel](crate::CancelToken::cancel) its token.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// When it is polled: with the panic of a node; the graph can be used again at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// async fn fetch(page: &u32) -> String { format!("page {page}") }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.node("number", (), || 7_u32);
    /// let page = graph.async_node("page", (number,), fetch);
    /// let length = graph.node("length", (page,), |page: &String| page.len());
    /// let mut graph = graph.build()?;
    ///
    /// pollster::block_on(async {
    ///     let results = graph.run_async().await?;
    ///     assert_eq!((results[page].as_str(), results[length]), ("page 7", 6));
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_async(&mut self) -> RunAsync<'_, Self> {
        self.with(&RunOptions::new()).run_async()
    }
}

#[cfg(feature = "async")]
impl Graph<'static> {
    /// Runs every node once on the workers of `executor`, while the future that this gives waits. They begin
    /// when it is first polled.
    ///
    /// Nodes run on workers: futures that need a runtime's context, such as Tokio's timers and sockets, have
    /// to find it there, also if the task that awaits this has one. One line enters it:
    /// [`ExecutorBuilder::around`](crate::ExecutorBuilder::around). Without it they panic.
    ///
    /// Nodes run as in [`run_parallel`](Self::run_parallel), but on the thread that polls only those that are
    /// [bound to the caller](crate::GraphBuilder::on_caller). When a future of a node is woken, whichever
    /// worker is free polls it, before it starts other nodes. To wait for it on a thread, use
    /// [`run_parallel`](Self::run_parallel), in which that thread works too; a node that blocks on this
    /// future keeps a worker from running it.
    ///
    /// The graph must own its data, since a future can be leaked. Dropping the future ends the run: it blocks
    /// until the nodes that workers are in the middle of have returned, and drops the futures that are left.
    /// If the executor is dropped, the run is [cancelled](RunError::Cancelled). A deadline is looked at
    /// whenever a node starts or goes on. Dropped in a node of its own run, the future waits for nothing, and
    /// the graph can't be used afterwards.
    ///
    /// # Errors
    ///
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Panics
    ///
    /// When it is polled: with the first panic of a node; the graph can be used again at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// async fn fetch(page: &u32) -> String { format!("page {page}") }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.node("number", (), || 7_u32);
    /// let page = graph.async_node("page", (number,), fetch);
    /// let mut graph = graph.build()?;
    ///
    /// let executor = Executor::new()?;
    /// pollster::block_on(async {
    ///     assert_eq!(graph.run_parallel_async(&executor).await?[page], "page 7");
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_parallel_async(&mut self, executor: &Executor) -> RunAsync<'_, Self> {
        self.with(&RunOptions::new()).run_parallel_async(executor)
    }
}

impl<'g, G: Runnable> Future for RunAsync<'g, G> {
    type Output = Result<G::Results<'g>, RunError>;

    /// # Panics
    ///
    /// If it has been [`Ready`](Poll::Ready), or has panicked, before.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let graph = this.graph.as_mut().expect("polled after its end");
        let Poll::Ready(outcome) = this.run.poll(graph.held(OURS), context) else { return Poll::Pending };
        let graph: &'g G = this.graph.take().expect("it was there");
        Poll::Ready(outcome.map(|()| graph.last_results()))
    }
}

impl<G: Runnable> Drop for RunAsync<'_, G> {
    fn drop(&mut self) {
        if let Some(graph) = &mut self.graph {
            self.run.end(graph.held(OURS));
        }
    }
}

impl<G: Runnable> fmt::Debug for RunAsync<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunAsync").field("run", &self.run).finish_non_exhaustive()
    }
}
