//! The verbs that run a dictionary of functions: those of the typed graph that it is.

use crate::dictionaries::fn_graph::FnGraph;
use crate::dictionaries::fn_results::FnResults;
use crate::executor::Executor;
use crate::typed::{Held, RunError, RunOptions, Runnable, Sealed, WithOptions};
#[cfg(feature = "async")]
use crate::typed::{RunAsync, Spawned};

impl Sealed for FnGraph {}

impl Runnable for FnGraph {
    type Results<'g> = FnResults<'g>;

    fn held(&mut self) -> &mut Held {
        self.graph.held()
    }

    #[track_caller]
    fn last_results(&self) -> FnResults<'_> {
        self.results()
    }
}

impl FnGraph {
    /// Runs every function once on this thread, which is blocked while all that is left is `async` and waits.
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`with`](Self::with).
    ///
    /// # Panics
    ///
    /// With the panic of a function.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn celsius() -> f64 { 20.0 }
    /// fn fahrenheit(celsius: &f64) -> f64 { celsius * 1.8 + 32.0 }
    /// let mut graph = create_graph! { fahrenheit: [celsius], celsius: [] }?;
    /// assert_eq!(graph.run()?.get(fahrenheit), Some(&68.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run(&mut self) -> Result<FnResults<'_>, RunError> {
        self.with(&RunOptions::new()).run()
    }

    /// Runs every function once on the threads of `executor`, this one included, which is blocked until all
    /// is done.
    ///
    /// What `async fn`s need of a runtime, such as the context for Tokio's timers, has to be on each of these
    /// threads: see [`ExecutorBuilder::around`](crate::ExecutorBuilder::around).
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`with`](Self::with).
    ///
    /// # Panics
    ///
    /// With the first panic of a function, after the plain ones under way have ended; nothing that depends on
    /// it has started.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, create_graph};
    /// fn left() -> u64 { (1..=10).product() }
    /// fn right() -> u64 { (1..=9).product() }
    /// fn ratio(left: &u64, right: &u64) -> u64 { left / right }
    /// let mut graph = create_graph! { ratio: [left, right], left: [], right: [] }?;
    /// assert_eq!(graph.run_parallel(&Executor::new()?)?.get(ratio), Some(&10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_parallel(&mut self, executor: &Executor) -> Result<FnResults<'_>, RunError> {
        self.with(&RunOptions::new()).run_parallel(executor)
    }

    /// The graph with [options](RunOptions) for its next run, as [`Graph::with`](crate::Graph::with).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{RunError, RunOptions, create_graph};
    /// fn config() -> String { "port=x".into() }
    /// fn port(config: &String) -> u16 { config[5..].parse().expect("a number") }
    /// let mut graph = create_graph! { port: [config], config: [] }?;
    /// let error = graph.with(&RunOptions::new().catch_panics()).run().unwrap_err();
    /// let RunError::Panicked(panic) = error else { panic!("{error}") };
    /// assert_eq!(panic.nodes()[0].name(), "port");
    /// assert_eq!(graph.results().get(config).map(String::as_str), Some("port=x"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with<'o>(&mut self, options: &'o RunOptions) -> WithOptions<'o, &mut Self> {
        WithOptions { graph: self, options }
    }

    /// The graph with [options](RunOptions), for the verb that needs the graph itself, as
    /// [`Graph::into_with`](crate::Graph::into_with).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, Executor, RunError, RunOptions, create_graph};
    /// fn slow() -> u8 { 1 }
    /// let token = CancelToken::new();
    /// token.cancel(); // somebody has changed their mind
    /// let options = RunOptions::new().cancel_token(&token);
    /// let executor = Executor::new()?;
    /// let (_graph, outcome) = create_graph! { slow: [] }?.into_with(&options).spawn(&executor).join();
    /// assert!(matches!(outcome, Err(RunError::Cancelled { not_run, .. }) if not_run[0].name() == "slow"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_with(self, options: &RunOptions) -> WithOptions<'_, Self> {
        WithOptions { graph: self, options }
    }
}

#[cfg(feature = "async")]
impl FnGraph {
    /// Runs every function once on the thread that polls the future: all that are ready, one after the other,
    /// those that are `async` side by side. As [`Graph::run_async`](crate::Graph::run_async).
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`with`](Self::with).
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
    pub fn run_async(&mut self) -> RunAsync<'_, Self> {
        self.with(&RunOptions::new()).run_async()
    }

    /// Runs every function once on the workers of `executor`, while the future that this gives waits; `async`
    /// ones are polled by whichever worker is free. As
    /// [`Graph::run_parallel_async`](crate::Graph::run_parallel_async), which says what happens when the
    /// future is dropped, or the executor.
    ///
    /// # Errors
    ///
    /// None: functions of a dictionary can't fail. See [`with`](Self::with).
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
    pub fn run_parallel_async(&mut self, executor: &Executor) -> RunAsync<'_, Self> {
        self.with(&RunOptions::new()).run_parallel_async(executor)
    }

    /// Hands the graph to the workers of `executor`, which begin at once. As
    /// [`Graph::spawn`](crate::Graph::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, create_graph};
    /// async fn fetch() -> String { "page".into() }
    /// fn length(page: &String) -> usize { page.len() }
    /// let executor = Executor::new()?;
    /// let spawned = create_graph! { length: [fetch], fetch: [] }?.spawn(&executor);
    /// // ... something else, and at last:
    /// let (graph, outcome) = spawned.join();
    /// outcome?;
    /// assert_eq!(graph.results().get(length), Some(&4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn(self, executor: &Executor) -> Spawned<Self> {
        self.into_with(&RunOptions::new()).spawn(executor)
    }
}
