//! Node numbers, and edges as the CSR stores them.

use core::fmt;

/// A node of a graph: its position, `0..n`, in the order in which the nodes were declared.
///
/// A `NodeId` is a plain number; it doesn't know its graph.
///
/// ```
/// use dgraph_core::NodeId;
/// let node = NodeId::new(7);
/// assert_eq!(node.index(), 7);
/// assert_eq!(node.to_string(), "7");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct NodeId(u32);

impl NodeId {
    /// How many nodes a graph can have: 2³¹, since one bit of each [`Edge`] is a mark.
    pub const MAX_NODES: usize = 1 << 31;

    /// The node with this number.
    #[inline]
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number, as an index into arrays that have one slot a node.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<u32> for NodeId {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl From<NodeId> for u32 {
    fn from(node: NodeId) -> Self {
        node.0
    }
}

impl From<NodeId> for usize {
    fn from(node: NodeId) -> Self {
        node.index()
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// An edge in its source's row of the CSR: the node it leads to, and whether it is that node's only incoming edge.
///
/// A node with a single incoming edge is ready as soon as the source of that edge is done, so a run needs no
/// counter for it. The mark saves a run from looking that up: chains and trees run without touching a counter.
///
/// In memory an edge is a `u32`: the target in the low 31 bits, the mark in the highest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Edge(u32);

impl Edge {
    const SOLE: u32 = 1 << 31;

    /// An edge to `target`, one of several that lead there. Of `target`'s number the low 31 bits count.
    #[inline]
    #[must_use]
    pub const fn to(target: NodeId) -> Self {
        Self(target.0 & !Self::SOLE)
    }

    /// The same edge, marked as its target's only incoming one.
    #[inline]
    #[must_use]
    pub const fn marked_sole(self) -> Self {
        Self(self.0 | Self::SOLE)
    }

    /// The node that the edge leads to.
    #[inline]
    #[must_use]
    pub const fn target(self) -> NodeId {
        NodeId(self.0 & !Self::SOLE)
    }

    /// Whether this is its target's only incoming edge.
    #[inline]
    #[must_use]
    pub const fn is_sole(self) -> bool {
        self.0 & Self::SOLE != 0
    }

    /// The edge that these bits stand for. Any value is an edge; whether it fits a graph is checked by
    /// [`DagView::from_parts`](crate::DagView::from_parts).
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits to store.
    #[inline]
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.target(), if self.is_sole() { " (sole)" } else { "" })
    }
}
