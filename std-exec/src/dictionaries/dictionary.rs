//! What all dictionaries are: a typed graph whose nodes are found by keys.

use crate::dictionaries::keys::Keys;
use crate::typed::{Graph, Held, Ours, Results, Runnable, Sealed};
use dgraph_core::NodeId;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A typed [`Graph`] whose nodes are found by keys: a [`FnGraph`](crate::FnGraph) by functions, a
/// [`KeyedGraph`](crate::KeyedGraph) by keys of any type `K`. `N` is what is known of the node of a key.
///
/// It derefs to the graph, so whatever that can do is here. Node `i` of the graph is the `i`-th key, unless
/// the [typed builder](crate::DictionaryBuilder::graph) has added others. In messages, a node is called as
/// `Debug` writes its key, without the quotes of a text.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dictionary, Executor, RunError, RunOptions, create_graph};
/// use std::time::Duration;
///
/// /// Runs any dictionary, the nodes on the longest path first, and says by which key it went wrong.
/// fn culprit<K: Clone, N>(graph: &mut Dictionary<'_, K, N>, executor: &Executor) -> Option<K> {
///     graph.prioritize_by(|_| Duration::from_secs(1)); // a method of the typed graph
///     match graph.with(&RunOptions::new().catch_panics()).run_parallel(executor) {
///         Err(RunError::Panicked(panic)) => graph.key(panic.nodes()[0].id()).cloned(),
///         _ => None,
///     }
/// }
///
/// fn first() -> u8 { 0 }
/// fn second(first: &u8) -> u8 { 1 / first }
/// let culprit = culprit(&mut create_graph! { second: [first], first: [] }?, Executor::global());
/// assert_eq!(culprit.unwrap().name(), "second");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Dictionary<'f, K, N> {
    pub(super) graph: Graph<'f>,
    pub(super) keys: Keys<K, N>,
}

impl<K, N> Dictionary<'_, K, N> {
    /// The keys in the order in which they were listed.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{KeyedGraph, create_graph};
    ///
    /// fn page() -> String { "text".into() }
    /// fn words(page: &String) -> usize { page.split(' ').count() }
    /// let graph = create_graph! { words: [page], page: [] }?;
    /// let names: Vec<_> = graph.keys().iter().map(|key| key.name()).collect();
    /// assert_eq!(names, ["words", "page"]);
    ///
    /// let graph = KeyedGraph::builder().task("b", ["a"], |_| 2).task("a", [], |_| 1).build()?;
    /// let order: Vec<_> = graph.dag().order().iter().map(|node| graph.keys()[node.index()]).collect();
    /// assert_eq!((graph.keys(), order), (&["b", "a"][..], vec!["a", "b"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keys(&self) -> &[K] {
        &self.keys.keys
    }

    /// The key of a node, such as one that an error names. `None` if the node has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{KeyedGraph, RunError};
    /// let mut graph = KeyedGraph::builder().try_task((2, 7), [], |_| "x".parse::<u8>()).build()?;
    /// let Err(RunError::Failed(failures)) = graph.run() else { panic!("`x` is no number") };
    /// assert_eq!(graph.key(failures[0].node().id()), Some(&(2, 7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn key(&self, node: impl Into<NodeId>) -> Option<&K> {
        self.keys.key(node.into())
    }

    /// The results of the last run, however it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn number() -> u32 { 7 }
    /// let mut graph = create_graph! { number: [] }?;
    /// graph.run()?;
    /// assert_eq!(graph.results().get(number), Some(&7)); // later, somewhere else
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn results(&self) -> DictionaryResults<'_, K, N> {
        DictionaryResults { results: self.graph.results(), keys: &self.keys }
    }
}

impl<'f, K, N> Deref for Dictionary<'f, K, N> {
    type Target = Graph<'f>;

    fn deref(&self) -> &Graph<'f> {
        &self.graph
    }
}

impl<K, N> DerefMut for Dictionary<'_, K, N> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.graph
    }
}

impl<K, N> Sealed for Dictionary<'_, K, N> {}

impl<K, N> Runnable for Dictionary<'_, K, N> {
    type Results<'g>
        = DictionaryResults<'g, K, N>
    where
        Self: 'g;

    fn held(&mut self, ours: Ours) -> &mut Held {
        self.graph.held(ours)
    }

    #[track_caller]
    fn last_results(&self) -> Self::Results<'_> {
        self.results()
    }
}

impl<K, N> fmt::Debug for Dictionary<'_, K, N> {
    /// A map from each key to the keys that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.graph.fmt(f)
    }
}

/// The results of a run of a [`Dictionary`] by key: [`FnResults`](crate::FnResults),
/// [`KeyedResults`](crate::KeyedResults). They stay in the graph, and the next run drops them.
///
/// It derefs to the typed graph's [`Results`], which are by handle.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DictionaryResults, create_graph};
///
/// /// How many nodes of any dictionary have no result.
/// fn missing<K, N>(results: DictionaryResults<'_, K, N>) -> usize {
///     results.absent_nodes().count()
/// }
///
/// fn number() -> u32 { 7 }
/// let mut graph = create_graph! { number: [] }?;
/// assert_eq!(missing(graph.results()), 1);
/// assert_eq!(missing(graph.run()?), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DictionaryResults<'g, K, N> {
    pub(super) results: Results<'g>,
    pub(super) keys: &'g Keys<K, N>,
}

impl<'g, K, N> Deref for DictionaryResults<'g, K, N> {
    type Target = Results<'g>;

    fn deref(&self) -> &Results<'g> {
        &self.results
    }
}

impl<K, N> Clone for DictionaryResults<'_, K, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, N> Copy for DictionaryResults<'_, K, N> {}

impl<K, N> fmt::Debug for DictionaryResults<'_, K, N> {
    /// A map from each key to `result`, or to why it has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.results.fmt(f)
    }
}
