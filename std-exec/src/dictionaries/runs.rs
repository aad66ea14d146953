//! The verbs that run a dictionary: those of the typed graph that it is, with results by key.

use crate::dictionaries::dictionary::{Dictionary, DictionaryResults};
use crate::executor::Executor;
#[cfg(feature = "async")]
use crate::typed::{RunAsync, Spawned};
use crate::typed::{RunError, RunOptions, WithOptions};

impl<K, N> Dictionary<'_, K, N> {
    /// Runs every node once on this thread, as [`Graph::run`](crate::Graph::run) does.
    ///
    /// # Errors
    ///
    /// See [`RunError`]; its nodes have the [key](Self::key) of their number. Functions of `create_graph!`
    /// can't fail.
    ///
    /// # Panics
    ///
    /// With the panic of a node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{KeyedGraph, create_graph};
    ///
    /// fn celsius() -> f64 { 20.0 }
    /// fn fahrenheit(celsius: &f64) -> f64 { celsius * 1.8 + 32.0 }
    /// let mut graph = create_graph! { fahrenheit: [celsius], celsius: [] }?;
    /// assert_eq!(graph.run()?.get(fahrenheit), Some(&68.0));
    ///
    /// let mut graph = KeyedGraph::builder()
    ///     .task("sum", ["x", "y"], |args| args[0] + args[1])
    ///     .task("x", [], |_| 20)
    ///     .task("y", [], |_| 22)
    ///     .build()?;
    /// assert_eq!(graph.run()?["sum"], 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run(&mut self) -> Result<DictionaryResults<'_, K, N>, RunError> {
        self.with(&RunOptions::new()).run()
    }

    /// Runs every node once on the threads of `executor`, this one included, as
    /// [`Graph::run_parallel`](crate::Graph::run_parallel) does.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// With the first panic of a node, after the plain ones under way have ended; nothing that depends on it
    /// has started.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, KeyedGraph};
    /// let mut builder = KeyedGraph::builder().task(100, 0..100, |args| args.iter().sum::<u32>());
    /// for key in 0..100 {
    ///     builder = builder.task(key, [], move |_| key * key);
    /// }
    /// assert_eq!(builder.build()?.run_parallel(&Executor::new()?)?[&100], 328_350);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_parallel(&mut self, executor: &Executor) -> Result<DictionaryResults<'_, K, N>, RunError> {
        self.with(&RunOptions::new()).run_parallel(executor)
    }

    /// The graph with [options](RunOptions) for its next run, as [`Graph::with`](crate::Graph::with).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FailurePolicy, KeyedGraph, RunOptions};
    ///
    /// let mut graph = KeyedGraph::builder()
    ///     .try_task("port", [], |_| "x".parse::<u32>())
    ///     .task("address", ["port"], |args| args[0] + 1)
    ///     .task("workers", [], |_| 4)
    ///     .try_task("docs", [], |_| Err::<u32, _>("nobody wants them"))
    ///     .build()?;
    /// let wanted = ["address", "workers"].map(|key| graph.node(key).expect("a key"));
    /// let options = RunOptions::new().policy(FailurePolicy::KeepGoing).only(wanted);
    /// let error = graph.with(&options).run().unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: port");
    /// assert_eq!(graph.results()["workers"], 4);
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
impl<K, N> Dictionary<'_, K, N> {
    /// Runs every node once on the thread that polls the future: all that are ready, one after the other,
    /// those that are `async` side by side. As [`Graph::run_async`](crate::Graph::run_async).
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
}

#[cfg(feature = "async")]
impl<K: Send + 'static, N: Send + 'static> Dictionary<'static, K, N> {
    /// Runs every node once on the workers of `executor`, while the future that this gives waits; `async`
    /// ones are polled by whichever worker is free. As
    /// [`Graph::run_parallel_async`](crate::Graph::run_parallel_async), which says what happens when the
    /// future is dropped, or the executor.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// When it is polled: with the first panic of a node; the graph can be used again at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Args, Executor, KeyedGraph};
    ///
    /// async fn fetch(args: Args<'_, String>) -> String { format!("page of {}", args[0]) }
    ///
    /// let mut graph = KeyedGraph::builder()
    ///     .async_task("page", ["url"], fetch)
    ///     .task("url", [], |_| "https://...".to_string())
    ///     .build()?;
    /// let executor = Executor::new()?;
    /// pollster::block_on(async {
    ///     assert_eq!(graph.run_parallel_async(&executor).await?["page"], "page of https://...");
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
