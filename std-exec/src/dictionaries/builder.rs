//! How a dictionary is put together and checked.

use crate::dictionaries::dictionary::Dictionary;
use crate::dictionaries::error::{DictionaryError, MissingKey};
use crate::dictionaries::keys::Keys;
use crate::typed::{GraphBuilder, GraphError, NamedNode};
use dgraph_core::NodeId;
use std::fmt;
use std::hash::Hash;

/// Collects the entries of a [`Dictionary`], in any order: a [`KeyedBuilder`](crate::KeyedBuilder) tasks, a
/// [`FnGraphBuilder`](crate::FnGraphBuilder) functions.
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
pub struct DictionaryBuilder<'f, K, N> {
    pub(super) graph: GraphBuilder<'f>,
    pub(super) keys: Keys<K, N>,
    duplicates: Vec<K>,
    entries: Vec<Entry<'f, K, N>>,
}

/// A key, with what it depends on, and what defines its node once all nodes are known.
struct Entry<'f, K, N> {
    key: K,
    uses: Vec<K>,
    define: Define<'f, K, N>,
}

/// Defines a node, which uses these keys.
type Define<'f, K, N> = Box<dyn FnOnce(&mut GraphBuilder<'f>, &[K], &Keys<K, N>) + Send + 'f>;

impl<'f, K: Eq + Hash + Clone, N> Dictionary<'f, K, N> {
    /// Starts with nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FnGraph, KeyedGraph};
    /// let mut graph = KeyedGraph::builder().task(1, [], |_| "one").build()?;
    /// assert_eq!(graph.run()?[&1], "one");
    /// fn one() -> i32 { 1 }
    /// let mut graph = FnGraph::builder().function("one", one, &[], ()).build()?;
    /// assert_eq!(graph.run()?.get(one), Some(&1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> DictionaryBuilder<'f, K, N> {
        DictionaryBuilder {
            graph: GraphBuilder::new(),
            keys: Keys::new(),
            duplicates: Vec::new(),
            entries: Vec::new(),
        }
    }
}

impl<'f, K: Eq + Hash + Clone, N> DictionaryBuilder<'f, K, N> {
    /// Enters a node that is declared, which may be no key's yet.
    pub(super) fn enter(&mut self, key: &K, id: NodeId, node: N) {
        if !self.keys.enter(key, id, node) {
            self.duplicates.push(key.clone());
        }
    }

    /// `define` is called only if the dictionary has all that is used.
    pub(super) fn define_later(
        &mut self,
        key: K,
        uses: Vec<K>,
        define: impl FnOnce(&mut GraphBuilder<'f>, &[K], &Keys<K, N>) + Send + 'f,
    ) {
        self.entries.push(Entry { key, uses, define: Box::new(define) });
    }

    /// The typed builder beneath: for [priorities](GraphBuilder::priority), [limits](GraphBuilder::limit),
    /// [threads](GraphBuilder::on_caller) and [orders](GraphBuilder::after) of the nodes that are listed by
    /// now, and for further nodes, which have no keys. Keys have their nodes by `node(key)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    ///
    /// let mut builder = KeyedGraph::builder();
    /// for file in ["a.rs", "b.rs", "c.rs"] {
    ///     builder = builder.task(file, [], |_| 1);
    /// }
    /// let linkers = builder.graph().limit(1);
    /// for target in ["tool", "server"] {
    ///     builder = builder.task(target, ["a.rs", "b.rs"], |args| args.iter().sum::<i32>());
    ///     let node = builder.node(target).expect("it is listed");
    ///     builder.graph().limited(node, linkers); // one at a time
    /// }
    /// assert_eq!(builder.build()?.run()?["tool"], 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias(
        "limit",
        "limited",
        "priority",
        "after",
        "always_after",
        "on_caller",
        "on_worker",
        "only_if"
    ))]
    pub fn graph(&mut self) -> &mut GraphBuilder<'f> {
        &mut self.graph
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// [`DictionaryError::DuplicateKeys`] and [`MissingKeys`](DictionaryError::MissingKeys), which list all
    /// of them; [`Cycle`](DictionaryError::Cycle) with a path of keys;
    /// [`Mismatched`](DictionaryError::Mismatched) if the types of [`function`](Self::function) were written
    /// out and don't fit; [`Refused`](DictionaryError::Refused), what else a typed graph may have against it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DictionaryError, KeyedGraph, create_graph};
    ///
    /// let built = KeyedGraph::<_, ()>::builder().task("a", ["b"], |_| ()).task("b", ["a"], |_| ()).build();
    /// assert_eq!(built.unwrap_err().to_string(), r#"dependency cycle: "a" -> "b" -> "a""#);
    ///
    /// fn base() -> u8 { 1 }
    /// fn next(base: &u8) -> u8 { base + 1 }
    /// let error = create_graph! { next: [base] }.unwrap_err();
    /// assert_eq!(error.to_string(), "missing keys: base (needed by next)");
    /// let error = create_graph! { base: [], next: [base], base: [] }.unwrap_err();
    /// assert!(matches!(error, DictionaryError::DuplicateKeys(keys) if keys[0].name() == "base"));
    /// ```
    pub fn build(self) -> Result<Dictionary<'f, K, N>, DictionaryError<K>> {
        let Self { mut graph, keys, duplicates, entries } = self;
        if !duplicates.is_empty() {
            return Err(DictionaryError::DuplicateKeys(duplicates));
        }
        let uses = entries.iter().flat_map(|entry| entry.uses.iter().map(|used| (used, &entry.key)));
        let missing: Vec<_> = uses
            .filter(|(used, _)| keys.node(*used).is_none())
            .map(|(used, key)| MissingKey { key: used.clone(), needed_by: key.clone() })
            .collect();
        if !missing.is_empty() {
            return Err(DictionaryError::MissingKeys(missing));
        }
        for Entry { uses, define, .. } in entries {
            define(&mut graph, &uses, &keys);
        }
        let key = |node: &NamedNode| keys.key(node.id()).cloned();
        let by_key = |nodes: &[NamedNode]| nodes.iter().map(key).collect::<Option<Vec<K>>>();
        match graph.build() {
            Ok(graph) => Ok(Dictionary { graph, keys }),
            Err(error) => Err(match &error {
                GraphError::Cycle(path) => by_key(path).map(DictionaryError::Cycle),
                GraphError::Undefined(nodes) => by_key(nodes).map(DictionaryError::Mismatched),
                _ => None,
            }
            .unwrap_or(DictionaryError::Refused(error))),
        }
    }
}

impl<K: fmt::Debug, N> fmt::Debug for DictionaryBuilder<'_, K, N> {
    /// A map from each key to those that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|entry| (&entry.key, &entry.uses))).finish()
    }
}
