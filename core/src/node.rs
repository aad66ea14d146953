//! Node numbers, and edges as the CSR stores them.

use core::fmt;

/// A node of a graph: its position, `0..n`, in the order in which the nodes were declared.
///
/// A `NodeId` is a plain number; it doesn't know its graph.
///
/// # Examples
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
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::NodeId;
    /// // In constants too.
    /// const SENSOR: NodeId = NodeId::new(3);
    /// assert_eq!(SENSOR, NodeId::from(3));
    /// ```
    #[inline]
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<3, 1> = StaticDag::new([(2, 0)]);
    /// let order: Vec<u32> = DAG.view().order().iter().map(|node| node.get()).collect();
    /// assert_eq!(order, [1, 2, 0]);
    /// ```
    #[inline]
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number, as an index into arrays that have one slot per node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// let (costs, mut total) = ([5, 6, 7], 0);
    /// DAG.run(|node| total += costs[node.index()]);
    /// assert_eq!(total, 18);
    /// ```
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

/// An edge in its source's row of the CSR: the node it leads to, and whether it is that node's only incoming
/// edge.
///
/// A node with a single incoming edge is ready as soon as the source of that edge is done, so a run needs no
/// counter for it. The mark saves a run from looking that up: chains and trees run without touching a
/// counter.
///
/// In memory an edge is a `u32`: the target in the low 31 bits, the mark in the highest.
///
/// # Examples
///
/// ```
/// use dgraph_core::{NodeId, StaticDag};
///
/// static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
/// let [left, right] = DAG.view().successors(NodeId::new(0)) else { panic!("two edges were given") };
/// assert_eq!((left.target().get(), right.target().get()), (1, 2));
/// assert!(left.is_sole()); // node 1 waits for node 0 only
/// assert!(!DAG.view().successors(NodeId::new(1))[0].is_sole()); // node 3 waits for 1 and 2
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Edge(u32);

impl Edge {
    const SOLE: u32 = 1 << 31;

    /// An edge to `target`, one of several that lead there. Of `target`'s number the low 31 bits count.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Edge, NodeId};
    /// // A row for `DagView::from_parts`: two edges that are not sole.
    /// let row = [1, 2].map(|target| Edge::to(NodeId::new(target)));
    /// assert!(row.iter().all(|edge| !edge.is_sole()));
    /// ```
    #[inline]
    #[must_use]
    pub const fn to(target: NodeId) -> Self {
        Self(target.0 & !Self::SOLE)
    }

    /// Marks the edge as its target's only incoming one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Edge, NodeId};
    /// let edge = Edge::to(NodeId::new(5)).marked_sole();
    /// assert!(edge.is_sole());
    /// assert_eq!(edge.target(), NodeId::new(5));
    /// ```
    #[inline]
    #[must_use]
    pub const fn marked_sole(self) -> Self {
        Self(self.0 | Self::SOLE)
    }

    /// The node that the edge leads to.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (0, 1)]);
    /// let mut targets = DAG.view().successors(NodeId::new(0)).iter().map(|edge| edge.target().get());
    /// assert!(targets.eq([2, 1]));
    /// ```
    #[inline]
    #[must_use]
    pub const fn target(self) -> NodeId {
        NodeId(self.0 & !Self::SOLE)
    }

    /// Whether this is its target's only incoming edge.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<3, 3> = StaticDag::new([(0, 1), (0, 2), (1, 2)]);
    /// let [to_1, to_2] = DAG.view().successors(NodeId::new(0)) else { panic!("two edges were given") };
    /// assert!(to_1.is_sole()); // when 0 is done, 1 is ready: nothing to count
    /// assert!(!to_2.is_sole()); // 2 waits for 1 too
    /// ```
    #[inline]
    #[must_use]
    pub const fn is_sole(self) -> bool {
        self.0 & Self::SOLE != 0
    }

    /// The edge that these bits stand for. Any value is an edge; whether it fits a graph is checked by
    /// [`DagView::from_parts`](crate::DagView::from_parts).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Edge, NodeId};
    /// // From a file, say, in which edges are stored in little-endian order.
    /// let edge = Edge::from_bits(u32::from_le_bytes([7, 0, 0, 0x80]));
    /// assert_eq!(edge, Edge::to(NodeId::new(7)).marked_sole());
    /// ```
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits to store.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Edge, NodeId};
    /// let edge = Edge::to(NodeId::new(7)).marked_sole();
    /// assert_eq!(edge.to_bits().to_le_bytes(), [7, 0, 0, 0x80]);
    /// assert_eq!(Edge::from_bits(edge.to_bits()), edge);
    /// ```
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
