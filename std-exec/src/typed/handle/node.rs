//! Handles: what a node is called by in the program. They are checked numbers that carry a type.

use super::markers::{Anywhere, Local};
use crate::sync::next_number;
use dgraph_core::NodeId;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// The number of a builder, and of the graph that it builds: no two have the same, ever. A `Node<T>` is proof
/// of the type of what lies in its slot only because of that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct GraphId(u64);

impl GraphId {
    pub(crate) fn unique() -> Self {
        Self(next_number())
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// No graph's number.
    pub(crate) const fn none() -> Self {
        Self(0)
    }
}

/// A node of a typed graph that gives a `T`.
///
/// Made by [`GraphBuilder`](crate::GraphBuilder); says which node a dependency, or a result, is. It is a
/// number that knows its graph, so it may be copied and kept, and a graph notices the handle of another one.
///
/// (`T` is invariant: through a handle of a node that gives a `&'short str` nobody may define one that gives
/// a `&'static str`.)
///
/// `P` says where the result may be used: [`Anywhere`], or on the graph's thread only, [`Local`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node};
///
/// /// What another part of the program has to know of the graph: where the results will be.
/// struct Outputs {
///     width: Node<u32>,
///     title: Node<String>,
/// }
///
/// let mut graph = GraphBuilder::new();
/// let title = graph.node("title", (), || String::from("dgraph"));
/// let width = graph.node("width", (title,), |title: &String| title.len() as u32 * 8);
/// let outputs = Outputs { width, title };
/// let mut graph = graph.build()?;
/// let results = graph.run()?;
/// assert_eq!((results[outputs.width], results[outputs.title].as_str()), (48, "dgraph"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Node<T, P = Anywhere> {
    id: AnyNode,
    output: PhantomData<fn(T) -> T>,
    place: PhantomData<P>,
}

/// An input node of a typed graph: its value comes from the caller, by [`Graph::set`](crate::Graph::set).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Input};
///
/// let mut graph = GraphBuilder::new();
/// let width: Input<u32> = graph.input("width");
/// let height: Input<u32> = graph.input("height");
/// let area = graph.node("area", (width, height), |width: &u32, height: &u32| width * height);
/// let mut graph = graph.build()?;
/// graph.set(width, 4);
/// graph.set(height, 3);
/// assert_eq!(graph.run()?[area], 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Input<T> {
    node: Node<T>,
}

/// A dependency whose result is moved into its dependent. Made by [`Node::moved`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Moved, Node};
///
/// /// Adds a node that reverses a list in place: whoever calls this gives the list away.
/// fn reversed(graph: &mut GraphBuilder<'_>, list: Moved<Vec<u8>>) -> Node<Vec<u8>> {
///     graph.node("reversed", (list,), |mut list: Vec<u8>| {
///         list.reverse();
///         list
///     })
/// }
///
/// let mut graph = GraphBuilder::new();
/// let list = graph.node("list", (), || vec![1, 2, 3]);
/// let list = reversed(&mut graph, list.moved());
/// assert_eq!(graph.build()?.run()?[list], [3, 2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Moved<T, P = Anywhere> {
    pub(crate) node: Node<T, P>,
}

/// A node of a typed graph, whatever it gives.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{AnyNode, GraphBuilder, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// let number = graph.node("number", (), || 7);
/// let text = graph.node("text", (), || "seven");
/// let wanted: Vec<AnyNode> = vec![number.into(), text.into()]; // of different types
/// let mut graph = graph.build()?;
/// let results = graph.with(&RunOptions::new().only(wanted)).run()?;
/// assert_eq!((results[number], results[text]), (7, "seven"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnyNode {
    pub(crate) graph: GraphId,
    pub(crate) index: u32,
}

impl AnyNode {
    /// The node's number: nodes are numbered in the order in which they were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let first = graph.node("first", (), || ());
    /// let second = graph.node("second", (first,), |_: &()| ());
    /// let graph = graph.build()?;
    /// assert_eq!(graph.dag().in_degree(second.any().id()), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(self) -> NodeId {
        NodeId::new(self.index)
    }
}

impl<T> Node<T> {
    /// The caller vouches for the type: only the store does, when it makes a slot for a `T`.
    pub(crate) fn new(graph: GraphId, index: u32) -> Self {
        Self { id: AnyNode { graph, index }, output: PhantomData, place: PhantomData }
    }

    /// A handle that belongs to no graph.
    pub(crate) fn stranger() -> Self {
        Self::new(GraphId::none(), 0)
    }
}

impl<T, P> Node<T, P> {
    /// The handle with another mark, for the graph's own use, which doesn't rest on it; and for whoever
    /// vouches for the mark.
    pub(crate) fn marked<Q>(self) -> Node<T, Q> {
        Node { id: self.id, output: PhantomData, place: PhantomData }
    }

    /// The handle without a mark that says anything, for the graph's own use.
    pub(crate) fn plain(self) -> Node<T> {
        self.marked()
    }

    /// The node's number, as in [`Graph::dag`](crate::Graph::dag): nodes are numbered in the order in which
    /// they were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let first = graph.node("first", (), || ());
    /// let second = graph.node("second", (first,), |_: &()| ());
    /// let graph = graph.build()?;
    /// assert_eq!((first.id().index(), second.id().index()), (0, 1));
    /// assert_eq!(graph.dag().in_degree(second.id()), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id.id()
    }

    /// The handle without its type, where nodes of different types come together: `[a.any(), b.any()]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.node("number", (), || 7);
    /// let text = graph.node("text", (), || "seven");
    /// let last = graph.node("last", (), || ());
    /// graph.after(last, [number.any(), text.any()]); // one type for both
    /// assert_eq!(graph.build()?.dag().in_degree(last.id()), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn any(self) -> AnyNode {
        self.id
    }

    /// Moves the result into the dependent instead of lending it: the closure's parameter is a `T`. No other
    /// node may then depend on the result; that is checked when the graph is built.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let words = graph.node("words", (), || vec!["c", "a", "b"]);
    /// let sorted = graph.node("sorted", (words.moved(),), |mut words: Vec<&'static str>| {
    ///     words.sort();
    ///     words
    /// });
    /// assert_eq!(graph.build()?.run()?[sorted], ["a", "b", "c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn moved(self) -> Moved<T, P> {
        Moved { node: self }
    }
}

impl<T: Send + Sync> Node<T, Local> {
    /// The handle of this node as one whose result may be used on any thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let document = Rc::new(String::from("some words"));
    /// let mut graph = GraphBuilder::new_local();
    /// let text = graph.local().node("text", (), || document.as_bytes().to_vec()).shared(); // bytes may go anywhere
    /// let spaces = graph.node("spaces", (text,), |text: &Vec<u8>| text.iter().filter(|&&byte| byte == b' ').count());
    /// assert_eq!(graph.build()?.run()?[spaces], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shared(self) -> Node<T> {
        self.plain()
    }
}

impl<T> Input<T> {
    pub(crate) fn new(node: Node<T>) -> Self {
        Self { node }
    }

    /// The input as a node like any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Node, Values};
    /// let mut graph = GraphBuilder::new();
    /// let given = graph.input::<i32>("given");
    /// let computed = graph.node("computed", (given,), |given: &i32| given * 10);
    /// let both: [Node<i32>; 2] = [given.node(), computed]; // one type for both
    /// let sum = graph.node("sum", both, |values: Values<'_, i32>| values.iter().sum::<i32>());
    /// let mut graph = graph.build()?;
    /// graph.set(given, 2);
    /// assert_eq!(graph.run()?[sum], 22);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn node(self) -> Node<T> {
        self.node
    }

    /// The number of its node, as of [`Node::id`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let given = graph.input::<i32>("given");
    /// graph.node("double", (given,), |given: &i32| given * 2);
    /// assert_eq!(graph.build()?.dag().successors(given.id()).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(self) -> NodeId {
        self.node.id()
    }

    /// The handle without its type, where handles of different types come together, as of [`Node::any`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let given = graph.input::<i32>("given");
    /// let mut graph = graph.build()?;
    /// assert!(graph.results().why_absent(given.any()).is_some()); // not set yet
    /// graph.set(given, 1);
    /// assert!(graph.results().why_absent(given.any()).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn any(self) -> AnyNode {
        self.node.id
    }

    /// Moves the value into the dependent instead of lending it, as [`Node::moved`] does. The input is unset
    /// afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let packet = graph.input::<Vec<u8>>("packet");
    /// let text = graph.try_node("text", (packet.moved(),), String::from_utf8); // takes it as it is
    /// let mut graph = graph.build()?;
    /// graph.set(packet, b"hi".to_vec());
    /// assert_eq!(graph.run()?[text], "hi");
    /// assert_eq!(graph.run().unwrap_err().to_string(), "inputs not set: packet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn moved(self) -> Moved<T> {
        self.node.moved()
    }
}

impl<T> From<Input<T>> for Node<T> {
    fn from(input: Input<T>) -> Self {
        input.node
    }
}

impl<T, P> From<Node<T, P>> for AnyNode {
    fn from(node: Node<T, P>) -> Self {
        node.id
    }
}

impl<T> From<Input<T>> for AnyNode {
    fn from(input: Input<T>) -> Self {
        input.node.id
    }
}

impl From<AnyNode> for NodeId {
    fn from(node: AnyNode) -> Self {
        node.id()
    }
}

impl<T, P> From<Node<T, P>> for NodeId {
    fn from(node: Node<T, P>) -> Self {
        node.id()
    }
}

impl<T> From<Input<T>> for NodeId {
    fn from(input: Input<T>) -> Self {
        input.id()
    }
}

impl fmt::Debug for AnyNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyNode({})", self.index)
    }
}

// By hand: handles can be copied and compared whatever `T` is.
macro_rules! handle {
    ([$($place:ident)?] $name:ident, $handle:ident => $id:expr) => {
        impl<T $(, $place)?> Clone for $name<T $(, $place)?> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T $(, $place)?> Copy for $name<T $(, $place)?> {}

        impl<T $(, $place)?> PartialEq for $name<T $(, $place)?> {
            fn eq(&self, other: &Self) -> bool {
                let id = |$handle: &Self| $id;
                id(self) == id(other)
            }
        }

        impl<T $(, $place)?> Eq for $name<T $(, $place)?> {}

        impl<T $(, $place)?> Hash for $name<T $(, $place)?> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                let $handle = self;
                $id.hash(state);
            }
        }

        impl<T $(, $place)?> fmt::Debug for $name<T $(, $place)?> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $handle = self;
                write!(f, concat!(stringify!($name), "({})"), $id.index)
            }
        }
    };
}

handle!([P] Node, node => node.id);
handle!([] Input, input => input.node.id);
handle!([P] Moved, moved => moved.node.id);
