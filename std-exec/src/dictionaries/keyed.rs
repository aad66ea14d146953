//! Dictionary graphs: tasks named by keys, built at run time from data.

use crate::dictionaries::args::Args;
use crate::dictionaries::error::{DictionaryError, MissingKey};
use crate::dictionaries::results::KeyedResults;
use crate::executor::Executor;
use crate::typed::RunError;
use dgraph_core::{Dag, DagError, DagView, NodeId};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::sync::OnceLock;

type Task<'f, T> = Box<dyn Fn(Args<'_, T>) -> Option<T> + Send + Sync + 'f>;

/// A dependency graph whose tasks are named by keys of any type `K` and give values of one type `T`.
///
/// Each task gets the values of its dependencies in the order in which they are listed. A task may give
/// `None`: then nothing is fed to its dependents, which still run. A dependency that is listed twice is run
/// once and fed twice.
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
pub struct KeyedGraph<'f, K, T> {
    dag: Dag,
    keys: Vec<K>,
    index: HashMap<K, u32>,
    tasks: Vec<Task<'f, T>>,
    /// The dependencies of node `i` are `dependencies[starts[i]..starts[i + 1]]`, as listed.
    starts: Vec<usize>,
    dependencies: Vec<u32>,
    /// What each task gave in the last run; unset if it didn't run.
    values: Vec<OnceLock<Option<T>>>,
}

/// Collects the tasks of a [`KeyedGraph`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::KeyedGraph;
///
/// // From data: the name of each task, what it needs, and what it adds.
/// let lines = ["base: 1", "left base: 10", "right base: 100", "all left right: 0"];
/// let mut builder = KeyedGraph::builder();
/// for line in lines {
///     let (names, adds) = line.split_once(": ").expect("well-formed");
///     let (mut names, adds) = (names.split(' '), adds.parse::<u32>()?);
///     let key = names.next().expect("a name");
///     builder = builder.task(key, names, move |args| args.iter().sum::<u32>() + adds);
/// }
/// assert_eq!(builder.build()?.run()?["all"], 112);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct KeyedBuilder<'f, K, T> {
    declared: Vec<(K, Vec<K>, Task<'f, T>)>,
}

impl<'f, K, T> KeyedGraph<'f, K, T>
where
    K: Eq + Hash + Clone,
{
    /// Starts with no tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::builder().task(1, [], |_| "one").build()?;
    /// assert_eq!(graph.run()?[&1], "one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> KeyedBuilder<'f, K, T> {
        KeyedBuilder { declared: Vec::new() }
    }

    /// The graph without its tasks, for levels, the critical path and DOT. Node `i` is the task declared as
    /// the `i`-th.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let graph = KeyedGraph::builder()
    ///     .task("wash", [], |_| 30)
    ///     .task("dry", ["wash"], |_| 60)
    ///     .task("shop", [], |_| 45)
    ///     .build()?;
    /// let minutes = [30, 60, 45];
    /// assert_eq!(graph.dag().critical_path(|node| minutes[node.index()]).length, 90);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn dag(&self) -> DagView<'_> {
        self.dag.view()
    }

    /// The keys in the order in which they were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let graph = KeyedGraph::builder().task("b", ["a"], |_| 2).task("a", [], |_| 1).build()?;
    /// let order: Vec<_> = graph.dag().order().iter().map(|node| graph.keys()[node.index()]).collect();
    /// assert_eq!((graph.keys(), order), (&["b", "a"][..], vec!["a", "b"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keys(&self) -> &[K] {
        &self.keys
    }

    /// The position of a key among [`keys`](Self::keys), which is its node in [`dag`](Self::dag).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let graph = KeyedGraph::builder().task("b".to_string(), ["a".to_string()], |_| 2).task("a".into(), [], |_| 1).build()?;
    /// let node = graph.node("b").expect("declared");
    /// assert_eq!(graph.dag().in_degree(node), 1);
    /// assert_eq!(graph.node("c"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<Q>(&self, key: &Q) -> Option<NodeId>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.index.get(key).copied().map(NodeId::new)
    }

    fn results(&mut self) -> KeyedResults<'_, K, T> {
        KeyedResults { keys: &self.keys, index: &self.index, values: &mut self.values }
    }

    /// Runs every task once on this thread, in topological order.
    ///
    /// # Errors
    ///
    /// None at present, see [`RunError`].
    ///
    /// # Panics
    ///
    /// With the panic of a task.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::builder()
    ///     .task("sum", ["x", "y"], |args| args[0] + args[1])
    ///     .task("x", [], |_| 20)
    ///     .task("y", [], |_| 22)
    ///     .build()?;
    /// assert_eq!(graph.run()?["sum"], 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&mut self) -> Result<KeyedResults<'_, K, T>, RunError> {
        self.clear();
        self.dag.run(|node| self.run_task(node));
        Ok(self.results())
    }

    /// Runs every task once on the threads of `executor`, this one included.
    ///
    /// # Errors
    ///
    /// None at present, see [`RunError`].
    ///
    /// # Panics
    ///
    /// With the first panic of a task, after the ones under way have ended; nothing that depends on it has
    /// started.
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
    pub fn run_parallel(&mut self, executor: &Executor) -> Result<KeyedResults<'_, K, T>, RunError>
    where
        K: Sync,
        T: Send + Sync,
    {
        self.clear();
        let graph = &*self;
        executor.run(&graph.dag, |node| graph.run_task(node));
        Ok(self.results())
    }

    fn clear(&mut self) {
        for value in &mut self.values {
            value.take();
        }
    }

    fn run_task(&self, node: NodeId) {
        let row = self.starts[node.index()]..self.starts[node.index() + 1];
        let args = Args::new(&self.dependencies[row], &self.values);
        let fresh = self.values[node.index()].set((self.tasks[node.index()])(args));
        debug_assert!(fresh.is_ok(), "a node runs once a run");
    }
}

impl<'f, K, T> KeyedBuilder<'f, K, T>
where
    K: Eq + Hash + Clone,
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
        mut self,
        key: K,
        dependencies: impl IntoIterator<Item = K>,
        task: impl Fn(Args<'_, T>) -> R + Send + Sync + 'f,
    ) -> Self {
        let task = Box::new(move |args: Args<'_, T>| task(args).into());
        self.declared.push((key, dependencies.into_iter().collect(), task));
        self
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// [`DictionaryError::DuplicateKeys`] and [`MissingKeys`](DictionaryError::MissingKeys), which list all of them,
    /// [`Cycle`](DictionaryError::Cycle) with a path of keys, [`TooLarge`](DictionaryError::TooLarge).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let built = KeyedGraph::<_, ()>::builder().task("a", ["b"], |_| ()).task("b", ["a"], |_| ()).build();
    /// assert_eq!(built.unwrap_err().to_string(), r#"dependency cycle: "a" -> "b" -> "a""#);
    /// ```
    pub fn build(self) -> Result<KeyedGraph<'f, K, T>, DictionaryError<K>> {
        let mut index = HashMap::with_capacity(self.declared.len());
        let mut duplicates = Vec::new();
        for (node, (key, ..)) in (0_u32..).zip(&self.declared) {
            match index.entry(key.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(node);
                }
                Entry::Occupied(_) => duplicates.push(key.clone()),
            }
        }
        if !duplicates.is_empty() {
            return Err(DictionaryError::DuplicateKeys(duplicates));
        }

        let nodes = self.declared.len();
        let (mut keys, mut tasks) = (Vec::with_capacity(nodes), Vec::with_capacity(nodes));
        let (mut starts, mut dependencies) = (Vec::with_capacity(nodes + 1), Vec::new());
        let (mut edges, mut missing) = (Vec::new(), Vec::new());
        starts.push(0);
        for (node, (key, listed, task)) in (0_u32..).zip(self.declared) {
            for dependency in listed {
                match index.get(&dependency) {
                    Some(&before) => {
                        dependencies.push(before);
                        edges.push((before, node));
                    }
                    None => missing.push(MissingKey { key: dependency, needed_by: key.clone() }),
                }
            }
            starts.push(dependencies.len());
            keys.push(key);
            tasks.push(task);
        }
        if !missing.is_empty() {
            return Err(DictionaryError::MissingKeys(missing));
        }

        let dag = Dag::from_edges(nodes, &edges).map_err(|error| match error {
            DagError::Cycle(cycle) => {
                DictionaryError::Cycle(cycle.path().map(|node| keys[node.index()].clone()).collect())
            }
            other => DictionaryError::TooLarge(other),
        })?;
        let values = std::iter::repeat_with(OnceLock::new).take(nodes).collect();
        Ok(KeyedGraph { dag, keys, index, tasks, starts, dependencies, values })
    }
}

impl<K: fmt::Debug, T> fmt::Debug for KeyedGraph<'_, K, T> {
    /// A map from each key to the keys that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |node: usize| {
            let row = &self.dependencies[self.starts[node]..self.starts[node + 1]];
            row.iter().map(|&dependency| &self.keys[dependency as usize]).collect::<Vec<_>>()
        };
        f.debug_map().entries(self.keys.iter().enumerate().map(|(node, key)| (key, listed(node)))).finish()
    }
}

impl<K: fmt::Debug, T> fmt::Debug for KeyedBuilder<'_, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.declared.iter().map(|(key, listed, _)| (key, listed))).finish()
    }
}
