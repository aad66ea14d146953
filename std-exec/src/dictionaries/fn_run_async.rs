//! The future of a run of a dictionary graph.

use crate::dictionaries::fn_graph::{FnGraph, FnResults};
use crate::dictionaries::function::Index;
use crate::executor::Executor;
use crate::typed::RunError;
use crate::typed::{RunAsync, RunOptions};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a dictionary graph, on whatever thread polls it ([`FnGraph::run_async`]) or on the workers of an
/// executor ([`FnGraph::run_parallel_async`]): a [`RunAsync`] that gives results by function.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FnRunAsync, create_graph};
///
/// async fn fetch() -> String { "page".into() }
/// fn length(page: &String) -> usize { page.len() }
///
/// let mut graph = create_graph! { length: [fetch], fetch: [] }?;
/// let run: FnRunAsync<'_> = graph.run_async(); // nothing has happened yet
/// drop(run); // nor will it
/// assert_eq!(pollster::block_on(graph.run_async())?.get(length), Some(&4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct FnRunAsync<'g> {
    run: RunAsync<'g, 'static>,
    index: &'g Index,
}

impl FnGraph {
    /// Runs every function once on the thread that polls the future: all that are ready, one after the other,
    /// those that are `async` side by side. As [`Graph::run_async`](crate::Graph::run_async).
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`run_async_with`](Self::run_async_with).
    ///
    /// # Panics
    ///
    /// When it is polled: with the panic of a function; the graph can be used again at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    ///
    /// fn number() -> u32 { 7 }
    /// async fn fetch(page: &u32) -> String { format!("page {page}") }
    /// fn length(page: &String) -> usize { page.len() }
    ///
    /// let mut graph = create_graph! { number: [], fetch: [number], length: [fetch] }?;
    /// pollster::block_on(async {
    ///     let results = graph.run_async().await?;
    ///     assert_eq!((results.get(fetch), results.get(length)), (Some(&"page 7".to_string()), Some(&6)));
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_async(&mut self) -> FnRunAsync<'_> {
        self.run_async_with(RunOptions::new())
    }

    /// Runs every function once on the thread that polls the future, as [options](RunOptions) say; otherwise
    /// like [`run_async`](Self::run_async).
    ///
    /// # Errors
    ///
    /// As [`run_with`](Self::run_with).
    ///
    /// # Panics
    ///
    /// As [`run_async`](Self::run_async), unless the options [catch panics](RunOptions::catch_panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, RunOptions, create_graph};
    /// use std::{future::pending, thread};
    ///
    /// async fn answer() -> u32 { pending().await } // from a server that is gone
    ///
    /// let token = CancelToken::new();
    /// let options = RunOptions::new().cancel_token(&token);
    /// let mut graph = create_graph! { answer: [] }?;
    /// let user = thread::spawn(move || token.cancel());
    /// let error = pollster::block_on(graph.run_async_with(options)).unwrap_err();
    /// assert!(error.is_cancelled(), "{error}");
    /// # user.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_async_with(&mut self, options: RunOptions) -> FnRunAsync<'_> {
        FnRunAsync { run: self.graph.run_async_with(options), index: &self.index }
    }

    /// Runs every function once on the workers of `executor`, while the future that this gives waits; `async`
    /// ones are polled by whichever worker is free. As
    /// [`Graph::run_parallel_async`](crate::Graph::run_parallel_async), which says what happens when the
    /// future is dropped, or the executor.
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See
    /// [`run_parallel_async_with`](Self::run_parallel_async_with).
    ///
    /// # Panics
    ///
    /// When it is polled: with the first panic of a function; the graph can be used again at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, create_graph};
    ///
    /// async fn one() -> u32 { 1 }
    /// async fn two(one: &u32) -> u32 { one + one }
    ///
    /// let mut graph = create_graph! { two: [one], one: [] }?;
    /// let executor = Executor::new()?;
    /// pollster::block_on(async {
    ///     assert_eq!(graph.run_parallel_async(&executor).await?.get(two), Some(&2));
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_parallel_async(&mut self, executor: &Executor) -> FnRunAsync<'_> {
        self.run_parallel_async_with(executor, RunOptions::new())
    }

    /// Runs every function once on the workers of `executor`, as [options](RunOptions) say; otherwise like
    /// [`run_parallel_async`](Self::run_parallel_async).
    ///
    /// # Errors
    ///
    /// As [`run_with`](Self::run_with), and [`RunError::Cancelled`] if the executor is dropped.
    ///
    /// # Panics
    ///
    /// As [`run_parallel_async`](Self::run_parallel_async), unless the options
    /// [catch panics](RunOptions::catch_panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, RunError, RunOptions, create_graph};
    ///
    /// async fn text() -> &'static str { "4x" }
    /// fn number(text: &&'static str) -> u32 { text.parse().expect("a number") }
    ///
    /// let mut graph = create_graph! { number: [text], text: [] }?;
    /// let executor = Executor::new()?;
    /// let run = graph.run_parallel_async_with(&executor, RunOptions::new().catch_panics());
    /// let error = pollster::block_on(run).unwrap_err();
    /// assert!(matches!(error, RunError::Panicked(panic) if panic.nodes()[0].name() == "number"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_parallel_async_with(&mut self, executor: &Executor, options: RunOptions) -> FnRunAsync<'_> {
        FnRunAsync { run: self.graph.run_parallel_async_with(executor, options), index: &self.index }
    }
}

impl<'g> Future for FnRunAsync<'g> {
    type Output = Result<FnResults<'g>, RunError>;

    /// # Panics
    ///
    /// If it has been [`Ready`](Poll::Ready), or has panicked, before.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let index = self.index;
        let run = Pin::new(&mut self.run);
        run.poll(context).map_ok(|results| FnResults::new(results, index))
    }
}

impl fmt::Debug for FnRunAsync<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
