//! Dictionaries of tasks under keys that come from data.

use crate::dictionaries::builder::DictionaryBuilder;
use crate::dictionaries::dictionary::Dictionary;
use crate::typed::{Args, Declared, GraphBuilder, Input, Node, NodeError, Shareable, Values};
#[cfg(feature = "async")]
use crate::typed::{AsyncNodeFn, Given, TaskNodes, TryGiven};
use std::borrow::Borrow;
use std::fmt::Debug;
use std::hash::Hash;

/// A dependency graph whose tasks are named by keys of any type `K` and give values of one type `T`: a typed
/// [`Graph`](crate::Graph) whose nodes are found by keys.
///
/// Each task gets the values of its dependencies in the order in which they are listed. A task may give
/// `None`: then nothing is fed to its dependents, which still run. A dependency that is listed twice is run
/// once and fed twice. A task that fails is another matter: what depends on it is skipped.
///
/// The tasks may be declared in any order, and may borrow from the caller's scope (`'f`). A graph is checked
/// once, when it is built, and runs any number of times; each run drops the results of the one before.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, KeyedGraph};
///
/// let mut graph = KeyedGraph::builder()
///     .task("c", ["a", "b"], |args| args[0] + args[1] + 20)
///     .task("b", ["a"], |args| args[0] + 10)
///     .task("a", [], |_| 5)
///     .build()?;
///
/// assert_eq!(graph.run()?["c"], 40);
/// assert_eq!(graph.run_parallel(&Executor::new()?)?["c"], 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type KeyedGraph<'f, K, T> = Dictionary<'f, K, Node<Option<T>>>;

/// Collects the tasks of a [`KeyedGraph`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{KeyedBuilder, KeyedGraph};
///
/// /// A counter for each of these.
/// fn counters(names: &[&'static str]) -> KeyedBuilder<'static, &'static str, u32> {
///     names.iter().fold(KeyedGraph::builder(), |builder, name| {
///         let mut calls = 0; // kept between runs
///         builder.task(*name, [], move |_| { calls += 1; calls })
///     })
/// }
/// let mut graph = counters(&["a", "b"]).build()?;
/// graph.run()?;
/// assert_eq!(graph.run()?["b"], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type KeyedBuilder<'f, K, T> = DictionaryBuilder<'f, K, Node<Option<T>>>;

impl<'f, K, T> KeyedBuilder<'f, K, T>
where
    K: Eq + Hash + Clone + Debug,
    T: Shareable + 'f,
{
    /// Declares the task `key`, which runs after `dependencies` and is given their values. Its dependencies
    /// may be declared before or after it. The task gives a `T`, or an `Option<T>` where there may be nothing
    /// to feed on.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, f64>::builder()
    ///     .task("mean", ["first", "second"], |args| args.iter().sum::<f64>() / args.len() as f64)
    ///     .task("first", [], |_| 5.0)
    ///     .task("second", [], |_| "n/a".parse().ok()) // nothing to feed on
    ///     .build()?;
    /// assert_eq!(graph.run()?["mean"], 5.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn task<R: Into<Option<T>>>(
        self,
        key: K,
        dependencies: impl IntoIterator<Item = K>,
        mut task: impl FnMut(Args<'_, T>) -> R + Send + 'f,
    ) -> Self {
        self.list(key, dependencies, move |graph, node, fed| {
            graph.node(node, fed, move |values: Values<'_, Option<T>>| task(Args::new(values)).into());
        })
    }

    /// Declares a [task](Self::task) that may fail. Those that depend on it, directly or not, are then
    /// skipped, and the run gives a [`RunError::Failed`](crate::RunError::Failed) with the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{KeyedGraph, NoResult};
    /// let mut graph = KeyedGraph::<_, i32>::builder()
    ///     .try_task("number", [], |_| "4x".parse::<i32>())
    ///     .task("double", ["number"], |args| args[0] * 2)
    ///     .build()?;
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: number");
    /// let why = graph.results().why_absent("double").expect("it has no value");
    /// assert_eq!(why.to_string(), "was skipped because of number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_task<R: Into<Option<T>>, E: NodeError>(
        self,
        key: K,
        dependencies: impl IntoIterator<Item = K>,
        mut task: impl FnMut(Args<'_, T>) -> Result<R, E> + Send + 'f,
    ) -> Self {
        self.list(key, dependencies, move |graph, node, fed| {
            graph.try_node(node, fed, move |values: Values<'_, Option<T>>| {
                task(Args::new(values)).map(Into::into)
            });
        })
    }

    /// Declares a [task](Self::task) that is an `async fn` or an async closure: what its future gives is its
    /// value. The type of a closure's parameter has to be written out. What it may own:
    /// [`GraphBuilder::async_node`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Args, KeyedGraph};
    /// let mut graph = KeyedGraph::<_, u32>::builder()
    ///     .async_task("sum", ["one", "two"], async |args: Args<'_, u32>| args.iter().sum::<u32>())
    ///     .async_task("one", [], async |_: Args<'_, u32>| 1)
    ///     .task("two", [], |_| 2)
    ///     .build()?;
    /// assert_eq!(pollster::block_on(graph.run_async())?["sum"], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn async_task<F, R>(self, key: K, dependencies: impl IntoIterator<Item = K>, task: F) -> Self
    where
        F: for<'a> AsyncNodeFn<'a, TaskNodes<T>, &'a T, Output = R> + Send + 'f,
        <F as AsyncNodeFn<'f, TaskNodes<T>>>::Future: Send,
        R: Into<Option<T>>,
    {
        self.list(key, dependencies, move |graph, node, fed| {
            graph.settled_by::<Given<T>, _, _, _, _>(node, TaskNodes(fed), task);
        })
    }

    /// Declares an [async task](Self::async_task) that may [fail](Self::try_task).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Args, KeyedGraph};
    /// async fn fetch(_: Args<'_, u32>) -> Result<u32, String> { Err("no route to host".to_string()) }
    /// let mut graph = KeyedGraph::builder().try_async_task("page", [], fetch).build()?;
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: page");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn try_async_task<F, R, E>(self, key: K, dependencies: impl IntoIterator<Item = K>, task: F) -> Self
    where
        F: for<'a> AsyncNodeFn<'a, TaskNodes<T>, &'a T, Output = Result<R, E>> + Send + 'f,
        <F as AsyncNodeFn<'f, TaskNodes<T>>>::Future: Send,
        R: Into<Option<T>>,
        E: NodeError,
    {
        self.list(key, dependencies, move |graph, node, fed| {
            graph.settled_by::<TryGiven<T>, _, _, _, _>(node, TaskNodes(fed), task);
        })
    }

    /// Declares an input: a value under `key` that comes from the caller, by [`set`](KeyedGraph::set). An
    /// [update](crate::RunOptions::update) runs only what depends on inputs that were set.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{KeyedGraph, RunOptions};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let compiled = AtomicU32::new(0);
    /// let compile = |source: &String| { compiled.fetch_add(1, Relaxed); source.to_uppercase() };
    /// let mut graph = KeyedGraph::<_, String>::builder()
    ///     .input("a.c")
    ///     .input("b.c")
    ///     .task("a.o", ["a.c"], |args| compile(&args[0]))
    ///     .task("b.o", ["b.c"], |args| compile(&args[0]))
    ///     .task("tool", ["a.o", "b.o"], |args| args[0].clone() + &args[1])
    ///     .build()?;
    /// graph.set("a.c", "main ".to_string());
    /// graph.set("b.c", "draft".to_string());
    /// let update = RunOptions::new().update();
    /// assert_eq!(graph.with(&update).run()?["tool"], "MAIN DRAFT");
    /// graph.set("b.c", "final".to_string());
    /// assert_eq!(graph.with(&update).run()?["tool"], "MAIN FINAL");
    /// assert_eq!(compiled.load(Relaxed), 3); // `a.c` only once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "as for the other keys")]
    pub fn input(mut self, key: K) -> Self {
        let node = self.graph.input::<Option<T>>(name_of(&key)).node();
        self.enter(&key, node.id(), node);
        self
    }

    fn list(
        mut self,
        key: K,
        dependencies: impl IntoIterator<Item = K>,
        define: impl FnOnce(&mut GraphBuilder<'f>, Declared<Option<T>>, Vec<Node<Option<T>>>) + Send + 'f,
    ) -> Self {
        let declared = self.graph.declare::<Option<T>>(name_of(&key));
        self.enter(&key, declared.node().id(), declared.node());
        self.define_later(key, dependencies.into_iter().collect(), move |graph, uses, keys| {
            let node = |used| *keys.node(used).expect("no key is missing");
            let fed = uses.iter().map(node).collect();
            define(graph, declared, fed);
        });
        self
    }
}

/// What a key is called in messages: as `Debug` writes it, but a text without quotes.
fn name_of(key: &impl Debug) -> String {
    let text = format!("{key:?}");
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => text.to_string(),
        None => text,
    }
}

impl<K: Eq + Hash, T> KeyedBuilder<'_, K, T> {
    /// The node of a key that is listed, by which [`graph`](DictionaryBuilder::graph) says more of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut builder = KeyedGraph::builder().task("later", [], |_| 1).task("now", [], |_| 2);
    /// let urgent = builder.node("now").expect("it is listed");
    /// builder.graph().priority(urgent, 1);
    /// assert_eq!(builder.build()?.run()?["now"], 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<Q>(&self, key: &Q) -> Option<Node<Option<T>>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.keys.node(key).copied()
    }
}

impl<K: Eq + Hash, T> KeyedGraph<'_, K, T> {
    /// The node of a key, for what the typed graph wants to be told by handle: nodes that
    /// [only](crate::RunOptions::only) are to run, for example. What it gives is an `Option<T>`, since a task
    /// may give nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let builder = KeyedGraph::builder().task("b".to_string(), ["a".to_string()], |_| 2);
    /// let graph = builder.task("a".to_string(), [], |_| 1).build()?;
    /// let node = graph.node("b").expect("declared");
    /// assert_eq!(graph.dag().in_degree(node.id()), 1);
    /// assert_eq!(graph.node("c"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<Q>(&self, key: &Q) -> Option<Node<Option<T>>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.keys.node(key).copied()
    }

    /// Moves the value of the task `key` out.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::builder().task("log", [], |_| vec!["started", "ended"]).build()?;
    /// graph.run()?;
    /// let log: Option<Vec<_>> = graph.take("log"); // no copy
    /// assert_eq!(log.map(|log| log.len()), Some(2));
    /// assert_eq!(graph.take("log"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take<Q>(&mut self, key: &Q) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let node = self.node(key)?;
        self.graph.take(node).ok()?
    }

    /// Sets an [input](KeyedBuilder::input), for all runs until it is set again: a `T`, or an `Option<T>`.
    /// Gives back the value that it had.
    ///
    /// # Panics
    ///
    /// If `key` is no input.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, u32>::builder()
    ///     .input("side")
    ///     .task("area", ["side"], |args| args[0] * args[0])
    ///     .build()?;
    /// assert_eq!(graph.run().unwrap_err().to_string(), "inputs not set: side");
    /// assert_eq!(graph.set("side", 3), None);
    /// assert_eq!(graph.run()?["area"], 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn set<Q>(&mut self, key: &Q, value: impl Into<Option<T>>) -> Option<T>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + Debug + ?Sized,
    {
        let node = self.node(key);
        match node.filter(|node| self.graph.data().store.tasks.described.inputs.contains(&node.id().get())) {
            Some(node) => self.graph.set(Input::new(node), value.into()).flatten(),
            None => panic!("{key:?} is no input"),
        }
    }
}
