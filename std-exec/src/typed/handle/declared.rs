//! Nodes that were declared ahead.

use super::markers::Anywhere;
use super::node::Node;
use std::fmt;

/// A node that was declared and is still to be defined: made by
/// [`GraphBuilder::declare`](crate::GraphBuilder::declare), and handed in where a node's name is expected
/// otherwise. That can be done once, so no node is defined twice. Others depend on it by its
/// [`node`](Self::node).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Declared, GraphBuilder, Node};
///
/// /// Defines `total` as a sum, whoever depends on it already.
/// fn sum(graph: &mut GraphBuilder<'_>, total: Declared<u32>, x: Node<u32>, y: Node<u32>) {
///     graph.node(total, (x, y), |x: &u32, y: &u32| x + y);
/// }
///
/// let mut graph = GraphBuilder::new();
/// let total = graph.declare::<u32>("total");
/// let report = graph.node("report", total.node(), |total: &u32| format!("total: {total}"));
/// let (rent, food) = (graph.node("rent", (), || 500), graph.node("food", (), || 300));
/// sum(&mut graph, total, rent, food);
/// assert_eq!(graph.build()?.run()?[report], "total: 800");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a node that is never defined is an error of `build`"]
pub struct Declared<T, P = Anywhere> {
    node: Node<T, P>,
}

impl<T, P> Declared<T, P> {
    pub(crate) fn new(node: Node<T, P>) -> Self {
        Self { node }
    }

    /// The node, for whatever depends on it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let later = graph.declare::<u8>("later");
    /// let next = graph.node("next", later.node(), |later: &u8| later + 1);
    /// graph.node(later, (), || 6);
    /// assert_eq!(graph.build()?.run()?[next], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn node(&self) -> Node<T, P> {
        self.node
    }
}

impl<T, P> fmt::Debug for Declared<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Declared({})", self.node.any().index)
    }
}
