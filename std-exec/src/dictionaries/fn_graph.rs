//! Dictionary graphs over functions: what `create_graph!` builds.

use crate::dictionaries::error::{DictionaryError, MissingKey};
use crate::dictionaries::fn_key::FnKey;
use crate::dictionaries::function::{Define, Feeds, Function, Functions, Index};
use crate::typed::{Graph, GraphBuilder, GraphError, NamedNode};
use dgraph_core::DagView;
use std::collections::HashSet;
use std::fmt;

/// A dictionary graph over functions, plain and `async` ones, made by [`create_graph!`](crate::create_graph):
/// a typed [`Graph`] whose nodes are found by their functions.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FnGraph, create_graph};
///
/// fn price() -> u32 { 40 }
/// fn tax(price: &u32) -> u32 { price / 5 }
/// fn total(price: &u32, tax: &u32) -> u32 { price + tax }
///
/// let mut invoice: FnGraph = create_graph! { total: [price, tax], tax: [price], price: [] }?;
/// for _ in 0..2 {
///     assert_eq!(invoice.run()?.get(total), Some(&48)); // as often as one likes
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FnGraph {
    pub(crate) graph: Graph<'static>,
    keys: Vec<FnKey>,
    pub(crate) index: Index,
}

/// Collects the functions of a [`FnGraph`]; [`create_graph!`](crate::create_graph) writes the calls.
///
/// # Examples
///
/// ```
/// use dgraph_exec::FnGraph;
///
/// fn two() -> i32 { 2 }
/// fn square(x: &i32) -> i32 { x * x }
///
/// // `create_graph! { two: [], square: [two] }`, if squares are wanted only sometimes.
/// let wanted = true;
/// let mut builder = FnGraph::builder().function("two", two, &[], ());
/// if wanted {
///     builder = builder.function("square", square, &["two"], (two,));
/// }
/// assert_eq!(builder.build()?.run()?.get(square), Some(&4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct FnGraphBuilder {
    graph: GraphBuilder<'static>,
    /// Each function with what it depends on, and what defines it once all nodes are known.
    listed: Vec<(FnKey, Vec<FnKey>, DefineLater)>,
    index: Index,
}

type DefineLater = Box<dyn FnOnce(&mut GraphBuilder<'static>, &[FnKey], &Index) + Send + Sync>;

impl FnGraph {
    /// Starts with no functions.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::FnGraph;
    /// fn one() -> i32 { 1 }
    /// let mut graph = FnGraph::builder().function("one", one, &[], ()).build()?;
    /// assert_eq!(graph.run()?.get(one), Some(&1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> FnGraphBuilder {
        FnGraphBuilder { graph: GraphBuilder::new(), listed: Vec::new(), index: Index::new() }
    }

    /// The graph without its functions. Node `i` is the function listed as the `i`-th key.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn a() -> u8 { 1 }
    /// fn b(a: &u8) -> u8 { *a }
    /// fn c(a: &u8) -> u8 { *a }
    /// let graph = create_graph! { a: [], b: [a], c: [a] }?;
    /// assert_eq!(graph.dag().levels().len(), 2);
    /// let dot = graph.dag().dot(|node| graph.keys()[node.index()]).to_string();
    /// assert!(dot.contains("0 [label=\"a\"];"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dag(&self) -> DagView<'_> {
        self.graph.dag()
    }

    /// The functions in the order in which they were listed.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn page() -> String { "text".into() }
    /// fn words(page: &String) -> usize { page.split(' ').count() }
    /// let graph = create_graph! { words: [page], page: [] }?;
    /// let names: Vec<_> = graph.keys().iter().map(|key| key.name()).collect();
    /// assert_eq!(names, ["words", "page"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn keys(&self) -> &[FnKey] {
        &self.keys
    }
}

impl FnGraphBuilder {
    /// Adds `function`, to be fed the results of `dependencies`. The names are for messages; one that isn't
    /// given is that of the type. The types `I`, `K`, `M` follow from the functions, and are not to be
    /// written out.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::FnGraph;
    /// fn width() -> u32 { 3 }
    /// fn height() -> u32 { 4 }
    /// fn area(width: &u32, height: &u32) -> u32 { width * height }
    /// let mut graph = FnGraph::builder()
    ///     .function("area", area, &["width", "height"], (width, height))
    ///     .function("width", width, &[], ())
    ///     .function("height", height, &[], ())
    ///     .build()?;
    /// assert_eq!(graph.run()?.get(area), Some(&12));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn function<F, D, I, K, M>(
        mut self,
        name: &'static str,
        function: F,
        dependency_names: &[&'static str],
        dependencies: D,
    ) -> Self
    where
        F: Function<I, K> + Define<I, K>,
        D: Functions<M, Outputs: Feeds<F, I>>,
    {
        let key = FnKey::of(&function, name);
        let keys = dependencies.keys(dependency_names);
        let declared = self.graph.declare::<F::Output>(name);
        self.index.entry(key.id()).or_insert_with(|| Box::new(declared.node()));
        let define: DefineLater =
            Box::new(move |graph, uses, index| function.define(graph, declared, uses, index));
        self.listed.push((key, keys, define));
        self
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// [`DictionaryError::DuplicateKeys`] and [`MissingKeys`](DictionaryError::MissingKeys), which list all of them,
    /// [`Cycle`](DictionaryError::Cycle) with a path of functions, [`Mismatched`](DictionaryError::Mismatched) if the
    /// types of [`function`](Self::function) were written out and don't fit,
    /// [`TooLarge`](DictionaryError::TooLarge).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DictionaryError, create_graph};
    /// fn base() -> u8 { 1 }
    /// fn next(base: &u8) -> u8 { base + 1 }
    /// let error = create_graph! { next: [base] }.unwrap_err();
    /// assert_eq!(error.to_string(), "missing keys: base (needed by next)");
    /// let error = create_graph! { base: [], next: [base], base: [] }.unwrap_err();
    /// assert!(matches!(error, DictionaryError::DuplicateKeys(keys) if keys[0].name() == "base"));
    /// ```
    pub fn build(self) -> Result<FnGraph, DictionaryError<FnKey>> {
        let Self { mut graph, listed, index } = self;
        let mut seen = HashSet::with_capacity(listed.len());
        let duplicates: Vec<_> =
            listed.iter().map(|(key, ..)| *key).filter(|key| !seen.insert(*key)).collect();
        if !duplicates.is_empty() {
            return Err(DictionaryError::DuplicateKeys(duplicates));
        }
        let uses = listed.iter().flat_map(|(key, uses, _)| uses.iter().map(move |used| (*used, *key)));
        let missing = uses.filter(|(used, _)| !seen.contains(used));
        let missing: Vec<_> = missing.map(|(key, needed_by)| MissingKey { key, needed_by }).collect();
        if !missing.is_empty() {
            return Err(DictionaryError::MissingKeys(missing));
        }
        let mut keys = Vec::with_capacity(listed.len());
        for (key, uses, define) in listed {
            keys.push(key);
            define(&mut graph, &uses, &index);
        }
        let keys_of = |nodes: &[NamedNode]| nodes.iter().map(|node| keys[node.id().index()]).collect();
        match graph.build() {
            Ok(graph) => Ok(FnGraph { graph, keys, index }),
            Err(GraphError::Cycle(path)) => Err(DictionaryError::Cycle(keys_of(&path))),
            Err(GraphError::Undefined(nodes)) => Err(DictionaryError::Mismatched(keys_of(&nodes))),
            Err(GraphError::TooLarge(error)) => Err(DictionaryError::TooLarge(error)),
            Err(error) => unreachable!("handles, moves, limits and threads are none of the user's: {error}"),
        }
    }
}

impl fmt::Debug for FnGraphBuilder {
    /// A map from each function to those that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.listed.iter().map(|(key, uses, _)| (key, uses))).finish()
    }
}
