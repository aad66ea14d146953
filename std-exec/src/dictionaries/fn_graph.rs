//! Dictionaries of functions: what `create_graph!` builds.

use crate::dictionaries::builder::DictionaryBuilder;
use crate::dictionaries::dictionary::{Dictionary, DictionaryResults};
use crate::dictionaries::fn_key::FnKey;
use crate::dictionaries::function::{Define, Feeds, FnNode, Function, Functions};
use crate::typed::{NoResult, Node};

/// A dictionary graph over functions, plain and `async` ones, made by [`create_graph!`](crate::create_graph):
/// a typed [`Graph`](crate::Graph) whose nodes are found by their functions.
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
pub type FnGraph = Dictionary<'static, FnKey, FnNode>;

/// Collects the functions of a [`FnGraph`]; [`create_graph!`](crate::create_graph) writes the calls.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FnGraph, FnGraphBuilder};
///
/// fn two() -> i32 { 2 }
/// fn square(x: &i32) -> i32 { x * x }
///
/// // `create_graph! { two: [], square: [two] }`, if squares are wanted only sometimes.
/// let wanted = true;
/// let mut builder: FnGraphBuilder = FnGraph::builder().function("two", two, &[], ());
/// if wanted {
///     builder = builder.function("square", square, &["two"], (two,));
/// }
/// assert_eq!(builder.build()?.run()?.get(square), Some(&4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type FnGraphBuilder = DictionaryBuilder<'static, FnKey, FnNode>;

/// The results of a finished run by function. They stay in the graph, and the next run drops them.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FnResults, create_graph};
/// fn name() -> String { "dgraph".into() }
/// fn length(name: &String) -> usize { name.len() }
/// let mut graph = create_graph! { name: [], length: [name] }?;
/// let results: FnResults<'_> = graph.run()?;
/// let name: &String = results.get(name).expect("it has run"); // borrowed from the graph, so it may be kept
/// assert_eq!((name.as_str(), results.get(length)), ("dgraph", Some(&6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type FnResults<'g> = DictionaryResults<'g, FnKey, FnNode>;

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
        let uses = dependencies.keys(dependency_names);
        let declared = self.graph.declare::<F::Output>(name);
        self.enter(&key, declared.node().id(), FnNode::new(declared.node()));
        self.define_later(key, uses, move |graph, uses, keys| function.define(graph, declared, uses, keys));
        self
    }

    /// The node of a function that is listed, by which [`graph`](Self::graph) says more of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::FnGraph;
    /// fn draw() -> &'static str { "drawn" }
    /// let mut builder = FnGraph::builder().function("draw", draw, &[], ());
    /// let node = builder.node(draw).expect("it is listed");
    /// builder.graph().on_caller(node);
    /// assert_eq!(builder.build()?.run()?.get(draw), Some(&"drawn"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<F: Function<M, K>, M, K>(&self, function: F) -> Option<Node<F::Output>> {
        FnNode::of(&self.keys, &function)
    }
}

impl FnGraph {
    /// The node of `function`, for what the typed graph wants to be told by handle, such as
    /// [`only`](crate::RunOptions::only). `None` if it is no key of the graph.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{RunOptions, create_graph};
    /// fn parse() -> u32 { 3 }
    /// fn check(number: &u32) -> bool { *number > 0 }
    /// fn install(_: &bool) { panic!("not today") }
    /// let mut graph = create_graph! { install: [check], check: [parse], parse: [] }?;
    /// let options = RunOptions::new().only(graph.node(check));
    /// assert_eq!(graph.with(&options).run()?.get(check), Some(&true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<F: Function<M, K>, M, K>(&self, function: F) -> Option<Node<F::Output>> {
        FnNode::of(&self.keys, &function)
    }

    /// Moves out what `function`, or its future, gave.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn pixels() -> Vec<u8> { vec![0; 1 << 20] }
    /// let mut graph = create_graph! { pixels: [] }?;
    /// graph.run()?;
    /// let image: Vec<u8> = graph.take(pixels).expect("it has run"); // no copy
    /// assert_eq!(image.len(), 1 << 20);
    /// assert_eq!(graph.take(pixels), None); // once a run
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take<F: Function<M, K>, M, K>(&mut self, function: F) -> Option<F::Output> {
        let node = self.node(function)?;
        self.graph.take(node).ok()
    }
}

impl<'g> FnResults<'g> {
    /// What `function`, or its future, gave. `None` if it is no key of the graph, or has no result: see
    /// [`why_absent`](Self::why_absent).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// fn listed() -> i32 { 5 }
    /// fn other() -> i32 { 6 }
    /// let mut graph = create_graph! { listed: [] }?;
    /// let results = graph.run()?;
    /// assert_eq!((results.get(listed), results.get(other)), (Some(&5), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn get<F: Function<M, K>, M, K>(&self, function: F) -> Option<&'g F::Output> {
        self.results.get(FnNode::of(self.keys, &function)?).ok()
    }

    /// Why `function` has no result. `None` if it has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NoResult, create_graph};
    /// fn number() -> u32 { 7 }
    /// let mut graph = create_graph! { number: [] }?;
    /// assert_eq!(graph.results().why_absent(number), Some(NoResult::NotRun));
    /// assert_eq!(graph.run()?.why_absent(number), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "function items have no size")]
    pub fn why_absent<F: Function<M, K>, M, K>(&self, function: F) -> Option<NoResult> {
        let node = FnNode::of::<F, M, K>(self.keys, &function);
        node.map_or(Some(NoResult::ForeignHandle), |node| self.results.why_absent(node))
    }
}
