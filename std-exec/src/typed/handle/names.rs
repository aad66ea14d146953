//! What nodes are called in messages.

use crate::brief;
use crate::observe::NodeNames;
use dgraph_core::NodeId;
use std::borrow::Cow;
use std::fmt;

/// A node as errors name it: its name or, if it has none, `#` and its number. Of a name of more than 60 bytes
/// the middle is left out; [`name`](Self::name) has all of it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::GraphBuilder;
///
/// let mut graph = GraphBuilder::new();
/// graph.node("", (), || ());
/// graph.node("second", (), || ());
/// let mut graph = graph.build()?;
/// let names: Vec<_> = graph.results().absent_nodes().map(|(node, _)| node.to_string()).collect();
/// assert_eq!(names, ["#0", "second"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedNode {
    node: NodeId,
    name: Box<str>,
}

impl NamedNode {
    pub(crate) fn nameless(node: NodeId) -> Self {
        Self { node, name: Box::default() }
    }

    /// As displayed, but all of it.
    fn full_name(&self) -> Cow<'_, str> {
        match &*self.name {
            "" => format!("#{}", self.node).into(),
            name => name.into(),
        }
    }

    /// The node's number: nodes are numbered in the order in which they were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphError, GraphBuilder};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("same", (), || ());
    /// let later = graph.declare::<u8>("same"); // names need not differ
    /// let Err(GraphError::Undefined(nodes)) = graph.build() else { panic!("one isn't defined") };
    /// assert_eq!(nodes[0].id(), later.node().id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.node
    }

    /// The name. Empty if the node is anonymous.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let (named, anonymous) = (graph.node("load", (), || ()), graph.node("", (), || ()));
    /// let graph = graph.build()?;
    /// assert_eq!(graph.name(named.id()).name(), "load");
    /// assert_eq!(graph.name(anonymous.id()).name(), "");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for NamedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        brief::name(&self.full_name()).fmt(f)
    }
}

/// A node with its name, borrowed.
pub(crate) struct Label<'a> {
    node: u32,
    name: &'a str,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            "" => write!(f, "#{}", self.node),
            name => f.write_str(name),
        }
    }
}

impl fmt::Debug for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All names, one after the other in one text.
#[derive(Default)]
pub(crate) struct Names {
    text: String,
    /// Where the name of node `i` ends; empty as long as all are anonymous.
    ends: Vec<usize>,
    nodes: usize,
}

impl Names {
    pub(crate) fn push(&mut self, name: &str) {
        if !(name.is_empty() && self.text.is_empty()) {
            self.ends.resize(self.nodes, 0); // those before the first name
            self.text.push_str(name);
            self.ends.push(self.text.len());
        }
        self.nodes += 1;
    }

    /// Gives back memory that isn't used: all names are there.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// The name of `node`, empty if it is anonymous.
    #[track_caller]
    pub(crate) fn get(&self, node: u32) -> &str {
        let node = node as usize;
        assert!(node < self.nodes, "node {node} of a graph of {}", Count(self.nodes));
        if self.ends.is_empty() {
            return "";
        }
        let start = if node == 0 { 0 } else { self.ends[node - 1] };
        &self.text[start..self.ends[node]]
    }

    pub(crate) fn label(&self, node: u32) -> Label<'_> {
        Label { node, name: self.get(node) }
    }

    #[track_caller]
    pub(crate) fn named(&self, node: u32) -> NamedNode {
        NamedNode { node: NodeId::new(node), name: self.get(node).into() }
    }

    /// A node of the graph that is `node`.
    pub(crate) fn inside(&self, node: u32, inner: &NamedNode) -> NamedNode {
        let outer = self.named(node);
        NamedNode { name: format!("{}/{}", outer.full_name(), inner.full_name()).into(), ..outer }
    }

    pub(crate) fn all_named(&self, nodes: impl IntoIterator<Item = u32>) -> Vec<NamedNode> {
        nodes.into_iter().map(|node| self.named(node)).collect()
    }
}

impl NodeNames for Names {
    fn name_of(&self, node: NodeId) -> &str {
        self.get(node.get())
    }
}

/// A number of nodes in words.
pub(crate) struct Count(pub(crate) usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 node"),
            many => write!(f, "{many} nodes"),
        }
    }
}
