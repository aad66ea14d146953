//! How a typed graph is put together.

use super::check::Defined;
use super::collected::Collected;
use super::node_name::NodeName;
use crate::typed::data::uses::Kind;
use crate::typed::error::graph_error::GraphError;
use crate::typed::graph::built::Graph;
use crate::typed::graph::env::Env;
use crate::typed::handle::bounds::{NodeError, Predecessors, Shareable};
use crate::typed::handle::declared::Declared;
use crate::typed::handle::markers::Anywhere;
use crate::typed::handle::node::{AnyNode, Input, Node};
use crate::typed::node::dependencies::{Dependencies, NodeFn};
use std::fmt;
use std::marker::PhantomData;

/// Collects the nodes of a typed [`Graph`], in any order.
///
/// Each method that adds a node returns its handle, by which others depend on it and by which its result is
/// read. Names are for messages, and need not differ; a node with the name `""` is anonymous.
///
/// Closures are `FnMut`: what they keep between runs is theirs. They may borrow from the caller's scope
/// (`'env`); what they borrow has to be declared before the builder, so that it is still there when closures
/// are dropped.
///
/// # Examples
///
/// ```
/// use dgraph_exec::GraphBuilder;
///
/// let words = ["so", "it", "goes"]; // borrowed by the closures
/// let mut graph = GraphBuilder::new();
/// let lengths: Vec<_> = words.iter().map(|word| graph.node(word, (), || word.len())).collect();
/// let mut runs = 0; // kept between runs
/// let total = graph.node("total", (lengths[0], lengths[1], lengths[2]), move |a: &usize, b: &usize, c: &usize| {
///     runs += 1;
///     (a + b + c, runs)
/// });
/// let mut graph = graph.build()?;
/// assert_eq!(graph.run()?[total], (8, 1));
/// assert_eq!(graph.run()?[total], (8, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GraphBuilder<'env, P = Anywhere> {
    pub(crate) nodes: Collected,
    env: Env<'env>,
    place: PhantomData<P>,
}

impl Default for GraphBuilder<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'env> GraphBuilder<'env> {
    /// Starts with no nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let only = graph.node("only", (), || "node");
    /// assert_eq!(graph.build()?.run()?[only], "node");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::empty()
    }
}

impl<'env, P> GraphBuilder<'env, P> {
    pub(crate) fn empty() -> Self {
        Self { nodes: Collected::new(), env: Env::new(), place: PhantomData }
    }

    /// Adds a node that runs `function` after `dependencies` and is fed their results.
    ///
    /// Dependencies are a tuple of up to 12 handles, and the function takes a reference for each, in that
    /// order; or one handle; or a slice of handles of one type, and the function takes
    /// [`Values`](crate::Values). Parameter types of closures have to be written out. For a dependency
    /// [`moved`](Node::moved) the parameter is the value itself. A dependency listed twice is run once and
    /// fed twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Values};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let three = graph.node("three", (), || 3);
    /// let text = graph.node("text", three, |three: &i32| three.to_string()); // one handle
    /// let both = graph.node("both", (text.moved(), three), |mut text: String, three: &i32| {
    ///     text += &format!(" and {three}");
    ///     text
    /// });
    /// let sum = graph.node("sum", [three, three], |values: Values<'_, i32>| values.iter().sum::<i32>());
    /// let mut graph = graph.build()?;
    /// let results = graph.run()?;
    /// assert_eq!((results[both].as_str(), results[sum]), ("3 and 3", 6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<D, F>(
        &mut self,
        name: impl NodeName<F::Output>,
        dependencies: D,
        function: F,
    ) -> Node<F::Output>
    where
        D: Dependencies + Send,
        F: NodeFn<D> + Send + 'env,
        F::Output: Shareable + 'env,
    {
        // SAFETY: the closure is `Send`, the output `Send` and `Sync`, and neither borrows for less than
        // `'env`.
        unsafe { self.nodes.plain(name, dependencies, function) }
    }

    /// Adds a node that may fail. Those that depend on it, directly or not, are then skipped, and the run
    /// gives a [`RunError::Failed`](crate::RunError::Failed) with the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let text = graph.node("text", (), || "4x");
    /// let number = graph.try_node("number", (text,), |text: &&str| text.parse::<i32>());
    /// graph.node("double", (number,), |number: &i32| number * 2);
    /// let mut graph = graph.build()?;
    /// let error = graph.run().unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_node<D, F, T, E>(&mut self, name: impl NodeName<T>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies + Send,
        F: NodeFn<D, Output = Result<T, E>> + Send + 'env,
        T: Shareable + 'env,
        E: NodeError,
    {
        // SAFETY: as above.
        unsafe { self.nodes.fallible(name, dependencies, function) }
    }

    /// Declares a node that is to be defined later, so that others can depend on it before. Whatever adds a
    /// node defines it, if it is handed in in place of a name.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let total = graph.declare::<u32>("total"); // what it is the sum of isn't known yet
    /// let report = graph.node("report", total.node(), |total: &u32| format!("total: {total}"));
    /// let (rent, food) = (graph.node("rent", (), || 500), graph.node("food", (), || 300));
    /// graph.node(total, (rent, food), |rent: &u32, food: &u32| rent + food);
    /// assert_eq!(graph.build()?.run()?[report], "total: 800");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A node that depends on itself, directly or not, is refused:
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let egg = graph.declare::<u8>("egg");
    /// let hen = graph.node("hen", egg.node(), |egg: &u8| *egg);
    /// graph.node(egg, hen, |hen: &u8| *hen);
    /// assert_eq!(graph.build().unwrap_err().to_string(), "dependency cycle: egg -> hen -> egg");
    /// ```
    pub fn declare<T>(&mut self, name: impl AsRef<str>) -> Declared<T>
    where
        T: Shareable + 'env,
    {
        // SAFETY: `T` is `Send` and `Sync`, and outlives `'env`.
        Declared::new(unsafe { self.nodes.declare(name.as_ref(), Defined::Missing) })
    }

    /// Adds a node whose value comes from the caller, by [`Graph::set`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let side = graph.input::<f64>("side");
    /// let area = graph.node("area", (side,), |side: &f64| side * side);
    /// let mut graph = graph.build()?;
    /// for (given, wanted) in [(2.0, 4.0), (3.0, 9.0)] {
    ///     graph.set(side, given);
    ///     assert_eq!(graph.run()?[area], wanted);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input<T>(&mut self, name: impl AsRef<str>) -> Input<T>
    where
        T: Shareable + 'env,
    {
        // SAFETY: `T` is `Send` and `Sync`, and outlives `'env`.
        Input::new(unsafe { self.nodes.declare(name.as_ref(), Defined::Input) })
    }

    /// Makes `node` run after `predecessors`, without being fed their results: one handle, or any number of
    /// one type; of different types, `[a.any(), b.any()]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let write = graph.node("write", (), || ());
    /// let size = graph.node("size", (), || 7);
    /// let read = graph.node("read", (), || "written");
    /// graph.after(read, [write.any(), size.any()]);
    /// assert_eq!(graph.build()?.run()?[read], "written");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(&mut self, node: impl Into<AnyNode>, predecessors: impl Predecessors) {
        if let Some(node) = self.nodes.own(node.into()) {
            predecessors.each(|predecessor| self.nodes.order(node, predecessor, Kind::Order));
        }
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// See [`GraphError`]; each names the nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphError, GraphBuilder};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let later = graph.declare::<u8>("later");
    /// graph.node("next", later.node(), |later: &u8| later + 1);
    /// let error = graph.build().unwrap_err();
    /// assert!(matches!(&error, GraphError::Undefined(nodes) if nodes[0].id() == later.node().id()));
    /// assert_eq!(error.to_string(), "declared, but not defined: later");
    /// ```
    pub fn build(self) -> Result<Graph<'env, P>, GraphError> {
        Ok(Graph::new(self.nodes.build()?, self.env))
    }
}

impl<'env> Graph<'env> {
    /// Makes a builder without nodes, as [`GraphBuilder::new`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Graph;
    /// let mut graph = Graph::builder();
    /// let one = graph.node("one", (), || 1);
    /// assert_eq!(graph.build()?.run()?[one], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> GraphBuilder<'env> {
        GraphBuilder::new()
    }
}

impl<P> fmt::Debug for GraphBuilder<'_, P> {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes.fmt(f)
    }
}
