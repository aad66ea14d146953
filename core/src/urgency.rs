//! The order in which ready nodes are taken.

use crate::{DagView, NodeId, StaticDag};

/// An order of urgency of a graph's nodes, in borrowed memory: the position of each node, 0 the most urgent,
/// and the node in each position.
///
/// # Examples
///
/// ```
/// use dgraph_core::{NodeId, Urgency};
///
/// let order = [2, 0, 1].map(NodeId::new); // the most urgent first
/// let mut positions = [0; 3];
/// let urgency = Urgency::from_order(&order, &mut positions).unwrap();
/// assert_eq!(urgency.position(NodeId::new(2)), 0);
/// assert_eq!(urgency.node(1), NodeId::new(0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Urgency<'a> {
    positions: &'a [u32],
    nodes: &'a [NodeId],
}

impl<'a> Urgency<'a> {
    /// The order in which `order` lists the nodes, the most urgent first. `positions` needs an entry per
    /// node. `None` if it is of another length, or `order` doesn't hold each of `0..order.len()` once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, Urgency};
    /// let twice = [1, 1].map(NodeId::new);
    /// assert!(Urgency::from_order(&twice, &mut [0; 2]).is_none());
    /// ```
    #[must_use]
    pub fn from_order(order: &'a [NodeId], positions: &'a mut [u32]) -> Option<Self> {
        if order.len() != positions.len() || order.len() > NodeId::MAX_NODES {
            return None;
        }
        positions.fill(u32::MAX);
        for (position, node) in (0..).zip(order) {
            let slot = positions.get_mut(node.index()).filter(|slot| **slot == u32::MAX)?;
            *slot = position;
        }
        Some(Self { positions, nodes: order })
    }

    /// The number of nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticUrgency;
    /// static URGENCY: StaticUrgency<3> = StaticUrgency::from_order([2, 0, 1]);
    /// assert_eq!(URGENCY.view().node_count(), 3);
    /// ```
    #[must_use]
    pub const fn node_count(self) -> usize {
        self.nodes.len()
    }

    /// The position of `node`: the lower, the more urgent.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticUrgency};
    /// static URGENCY: StaticUrgency<3> = StaticUrgency::from_order([2, 0, 1]);
    /// assert_eq!(URGENCY.view().position(NodeId::new(1)), 2);
    /// ```
    #[inline]
    #[must_use]
    pub const fn position(self, node: NodeId) -> u32 {
        self.positions[node.index()]
    }

    /// The node in this position.
    ///
    /// # Panics
    ///
    /// If there are not that many nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticUrgency};
    /// static URGENCY: StaticUrgency<3> = StaticUrgency::from_order([2, 0, 1]);
    /// assert_eq!(URGENCY.view().node(0), NodeId::new(2));
    /// ```
    #[inline]
    #[must_use]
    pub const fn node(self, position: u32) -> NodeId {
        self.nodes[position as usize]
    }
}

/// An order of urgency whose arrays lie inside it, made by the compiler: 8 bytes per node, in read-only
/// memory.
///
/// # Examples
///
/// ```
/// use dgraph_core::{NodeId, StaticDag, StaticUrgency};
///
/// static DAG: StaticDag<4, 2> = StaticDag::new([(0, 1), (2, 3)]);
/// const MICROS: [u32; 4] = [10, 10, 10, 50];
/// static URGENCY: StaticUrgency<4> = StaticUrgency::by_critical_path(&DAG, &MICROS);
/// assert_eq!(URGENCY.view().node(0), NodeId::new(2)); // 60 microseconds depend on it
/// ```
#[derive(Clone, Debug)]
pub struct StaticUrgency<const N: usize> {
    positions: [u32; N],
    nodes: [NodeId; N],
}

impl<const N: usize> StaticUrgency<N> {
    /// The order in which `order` lists the nodes, the most urgent first.
    ///
    /// # Panics
    ///
    /// If it doesn't hold each of `0..N` once; in a `static` this is a compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticUrgency};
    /// static URGENCY: StaticUrgency<3> = StaticUrgency::from_order([2, 0, 1]);
    /// assert_eq!(URGENCY.view().node(2), NodeId::new(1));
    /// ```
    #[must_use]
    pub const fn from_order(order: [u32; N]) -> Self {
        let mut nodes = [NodeId::new(0); N];
        let mut at = 0;
        while at < N {
            nodes[at] = NodeId::new(order[at]);
            at += 1;
        }
        Self::from_nodes(nodes)
    }

    /// By the weight of the heaviest path that begins at a node, its own weight included: what delays the end
    /// of the run comes first. (List scheduling by upward rank.) Of equal ones the order is the topological
    /// one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag, StaticUrgency};
    /// static DAG: StaticDag<3, 1> = StaticDag::new([(1, 2)]);
    /// static URGENCY: StaticUrgency<3> = StaticUrgency::by_critical_path(&DAG, &[1; 3]);
    /// assert_eq!([0, 1, 2].map(|position| URGENCY.view().node(position).get()), [1, 0, 2]);
    /// ```
    #[must_use]
    pub const fn by_critical_path<const E: usize>(dag: &StaticDag<N, E>, weights: &[u32; N]) -> Self {
        let ranks = ranks(dag.view(), weights);
        // A merge sort from the bottom up, which keeps the order of equals.
        let mut nodes = [NodeId::new(0); N];
        let mut at = 0;
        while at < N {
            nodes[at] = dag.view().order()[at];
            at += 1;
        }
        let mut width = 1;
        while width < N {
            let before = nodes;
            let mut start = 0;
            while start < N {
                let middle = if start + width < N { start + width } else { N };
                let end = if middle + width < N { middle + width } else { N };
                let (mut left, mut right, mut at) = (start, middle, start);
                while at < end {
                    let from_right = left == middle
                        || (right < end && ranks[before[right].index()] > ranks[before[left].index()]);
                    let from = if from_right { &mut right } else { &mut left };
                    nodes[at] = before[*from];
                    *from += 1;
                    at += 1;
                }
                start = end;
            }
            width *= 2;
        }
        Self::from_nodes(nodes)
    }

    #[allow(clippy::cast_possible_truncation, reason = "a graph has 2^31 nodes at most")]
    const fn from_nodes(nodes: [NodeId; N]) -> Self {
        let mut positions = [u32::MAX; N];
        let mut at = 0;
        while at < N {
            let node = nodes[at].index();
            assert!(node < N && positions[node] == u32::MAX, "an order of urgency has each node once");
            positions[node] = at as u32;
            at += 1;
        }
        Self { positions, nodes }
    }

    /// The order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticUrgency, Urgency};
    /// static LAST_FIRST: StaticUrgency<2> = StaticUrgency::from_order([1, 0]);
    /// static URGENCY: Urgency<'static> = LAST_FIRST.view();
    /// assert_eq!(URGENCY.node_count(), 2);
    /// ```
    #[must_use]
    pub const fn view(&self) -> Urgency<'_> {
        Urgency { positions: &self.positions, nodes: &self.nodes }
    }
}

/// [`DagView::ranks_into`] for constants.
const fn ranks<const N: usize>(dag: DagView<'_>, weights: &[u32; N]) -> [u64; N] {
    let mut ranks = [0_u64; N];
    let mut at = N;
    while at > 0 {
        at -= 1;
        let node = dag.order()[at].index();
        let (mut edge, end) = dag.row(node);
        let mut below = 0;
        while edge < end {
            let rank = ranks[dag.target(edge).index()];
            below = if rank > below { rank } else { below };
            edge += 1;
        }
        ranks[node] = below.saturating_add(weights[node] as u64);
    }
    ranks
}
