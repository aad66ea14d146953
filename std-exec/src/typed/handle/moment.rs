//! Handles of moments within nodes.

use super::node::AnyNode;

/// A moment within a node, which that node gets as one of its dependencies, to say when it is there. Made by
/// [`GraphBuilder::moment`](crate::GraphBuilder::moment). It isn't `Clone`, since one node reaches it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Moment, Node, Reach};
/// let mut graph = GraphBuilder::new();
/// let (half, moment): (Node<()>, Moment) = graph.moment("half");
/// graph.node("work", moment, |half: Reach<'_>| half.reach());
/// graph.node("next", half, |_: &()| ());
/// graph.build()?.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a moment that no node reaches is an error of `build`"]
pub struct Moment {
    pub(crate) node: AnyNode,
}
