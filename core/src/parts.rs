//! Graphs out of untrusted arrays: a file, flash memory, another program.

use crate::{DagView, Edge, NodeId};
use core::fmt;

/// The arrays of a graph, not yet believed. See [`DagView::from_parts`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{DagView, Edge, NodeId, Parts};
///
/// // 0 -> 2, 1 -> 2: node 0 has the first edge, node 1 the second, node 2 none.
/// let edges = [Edge::to(NodeId::new(2)); 2];
/// let order = [0, 1, 2].map(NodeId::new);
/// let parts = Parts { offsets: &[0, 1, 2, 2], edges: &edges, in_degrees: &[0, 0, 2], order: &order };
/// let dag = DagView::from_parts(parts, &mut [0; 3])?;
/// assert_eq!(dag.roots(), [0, 1].map(NodeId::new));
/// # Ok::<(), dgraph_core::PartsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<'a> {
    /// Node `i`'s edges are `edges[offsets[i]..offsets[i + 1]]`: one entry more than there are nodes.
    pub offsets: &'a [u32],
    /// The edges, grouped by source, with the sole ones marked.
    pub edges: &'a [Edge],
    /// How many edges lead to each node.
    pub in_degrees: &'a [u32],
    /// Every node once, the roots first, each other one after all that it depends on.
    pub order: &'a [NodeId],
}

/// What is wrong with [`Parts`]: the array, the place in it, and what stands there.
///
/// # Examples
///
/// ```
/// use dgraph_core::{DagView, Edge, NodeId, Parts, PartsError};
///
/// let edges = [Edge::to(NodeId::new(9)).marked_sole()];
/// let order = [0, 1].map(NodeId::new);
/// let parts = Parts { offsets: &[0, 1, 1], edges: &edges, in_degrees: &[0, 1], order: &order };
/// let error = DagView::from_parts(parts, &mut [0; 2]).unwrap_err();
/// assert_eq!(error, PartsError::Target { at: 0, target: NodeId::new(9) });
/// assert_eq!(error.to_string(), "edges[0] leads to node 9, which doesn't exist");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartsError {
    /// An array or the scratch memory has the wrong length for the number of entries in `order`.
    WrongLength {
        /// The array.
        array: &'static str,
        /// The length that it must have (`scratch`: at least).
        needed: usize,
        /// The length that it has.
        given: usize,
    },
    /// More nodes than [`NodeId::MAX_NODES`], or more than 2³² − 1 edges.
    TooLarge {
        /// The number of nodes.
        nodes: usize,
        /// The number of edges.
        edges: usize,
    },
    /// `offsets` doesn't start at 0, falls, or doesn't end at the number of edges.
    Offset {
        /// Position in `offsets`.
        at: usize,
        /// The value there.
        value: u32,
    },
    /// An edge leads to a node that doesn't exist.
    Target {
        /// Position in `edges`.
        at: usize,
        /// The node that it names.
        target: NodeId,
    },
    /// An in-degree isn't the number of edges that lead to the node.
    InDegree {
        /// The node.
        node: NodeId,
        /// What `in_degrees` says.
        stated: u32,
        /// How many edges lead there.
        actual: u32,
    },
    /// An edge is marked as sole and isn't, or is and isn't marked.
    SoleMark {
        /// Position in `edges`.
        at: usize,
        /// The edge.
        edge: Edge,
    },
    /// `order` names a node that doesn't exist, names one twice, puts one before something that it depends
    /// on, or puts a root behind a node that isn't one. A graph with a cycle has no right order, so it always
    /// ends here.
    Order {
        /// Position in `order`.
        at: usize,
        /// The node there.
        node: NodeId,
    },
}

impl fmt::Display for PartsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongLength { array, needed, given } => {
                write!(f, "`{array}` has {given} entries, {needed} are needed")
            }
            Self::TooLarge { nodes, edges } => {
                write!(f, "{nodes} nodes and {edges} edges are more than a graph can hold")
            }
            Self::Offset { at, value } => {
                write!(f, "offsets[{at}] = {value} is out of range or out of order")
            }
            Self::Target { at, target } => {
                write!(f, "edges[{at}] leads to node {target}, which doesn't exist")
            }
            Self::InDegree { node, stated, actual } => {
                write!(f, "in_degrees[{node}] = {stated}, but {actual} edges lead there")
            }
            Self::SoleMark { at, edge } => {
                let not = if edge.is_sole() { "not " } else { "" };
                let marked = if edge.is_sole() { "marked" } else { "not marked" };
                write!(f, "edges[{at}] is {marked}, but it is {not}the only edge to node {}", edge.target())
            }
            Self::Order { at, node } => write!(
                f,
                "order[{at}] = {node} doesn't exist, comes twice, comes before something that it depends on, or is a \
                 root behind another node"
            ),
        }
    }
}

impl fmt::Debug for PartsError {
    /// The message: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for PartsError {}

impl<'a> DagView<'a> {
    /// Checks untrusted arrays completely and makes a graph of them, without copying.
    ///
    /// `scratch` needs one entry per node and is free again afterwards. O(V + E), no allocation.
    ///
    /// # Errors
    ///
    /// The first fault found, with its place. Whatever the arrays hold, the check neither panics nor reads
    /// out of bounds, and what it accepts has all the properties that [`DagView`] promises.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagView, Edge, NodeId, Parts, PartsError};
    ///
    /// let edges = [Edge::to(NodeId::new(1)).marked_sole()];
    /// let order = [0, 1].map(NodeId::new);
    /// let parts = Parts { offsets: &[0, 1, 1], edges: &edges, in_degrees: &[0, 1], order: &order };
    /// assert_eq!(DagView::from_parts(parts, &mut [0; 2]).unwrap().edge_count(), 1);
    ///
    /// let parts = Parts { offsets: &[0, 9, 1], ..parts };
    /// let error = DagView::from_parts(parts, &mut [0; 2]).unwrap_err();
    /// assert_eq!(error, PartsError::Offset { at: 1, value: 9 });
    /// ```
    pub fn from_parts(parts: Parts<'a>, scratch: &mut [u32]) -> Result<Self, PartsError> {
        let scratch = check_lengths(&parts, scratch)?;
        let starts = check_offsets(&parts)?;
        check_edges(&parts, scratch)?;
        let dag = DagView::new_unchecked(starts, parts.edges, parts.in_degrees, parts.order);
        check_order(dag, scratch)?;
        Ok(dag)
    }
}

fn check_lengths<'s>(parts: &Parts<'_>, scratch: &'s mut [u32]) -> Result<&'s mut [u32], PartsError> {
    let (nodes, edges) = (parts.order.len(), parts.edges.len());
    if nodes > NodeId::MAX_NODES || u32::try_from(edges).is_err() {
        return Err(PartsError::TooLarge { nodes, edges });
    }
    let lengths =
        [("offsets", nodes + 1, parts.offsets.len()), ("in_degrees", nodes, parts.in_degrees.len())];
    for (array, needed, given) in lengths {
        if needed != given {
            return Err(PartsError::WrongLength { array, needed, given });
        }
    }
    let given = scratch.len();
    scratch.get_mut(..nodes).ok_or(PartsError::WrongLength { array: "scratch", needed: nodes, given })
}

/// Returns the offsets without the last one, as [`DagView`] keeps them.
fn check_offsets<'a>(parts: &Parts<'a>) -> Result<&'a [u32], PartsError> {
    let mut low = 0;
    for (at, &value) in parts.offsets.iter().enumerate() {
        if value < low || value as usize > parts.edges.len() || (at == 0 && value != 0) {
            return Err(PartsError::Offset { at, value });
        }
        low = value;
    }
    match parts.offsets.split_last() {
        Some((&last, starts)) if last as usize == parts.edges.len() => Ok(starts),
        last => {
            let value = last.map_or(0, |(&last, _)| last);
            Err(PartsError::Offset { at: parts.order.len(), value })
        }
    }
}

fn check_edges(parts: &Parts<'_>, count: &mut [u32]) -> Result<(), PartsError> {
    count.fill(0);
    for (at, edge) in parts.edges.iter().enumerate() {
        let target = edge.target();
        *count.get_mut(target.index()).ok_or(PartsError::Target { at, target })? += 1;
    }
    for ((node, &actual), &stated) in (0..).map(NodeId::new).zip(&*count).zip(parts.in_degrees) {
        if stated != actual {
            return Err(PartsError::InDegree { node, stated, actual });
        }
    }
    for (at, &edge) in parts.edges.iter().enumerate() {
        if edge.is_sole() != (count[edge.target().index()] == 1) {
            return Err(PartsError::SoleMark { at, edge });
        }
    }
    Ok(())
}

/// `remaining` holds the in-degrees; a node may come when none of its predecessors remain. Roots come first:
/// runners take them from the front.
fn check_order(dag: DagView<'_>, remaining: &mut [u32]) -> Result<(), PartsError> {
    const PLACED: u32 = u32::MAX;
    let mut among_roots = true;
    for (at, &node) in dag.order().iter().enumerate() {
        match remaining.get_mut(node.index()) {
            Some(count) if *count == 0 => *count = PLACED,
            _ => return Err(PartsError::Order { at, node }),
        }
        let root = dag.in_degree(node) == 0;
        if root && !among_roots {
            return Err(PartsError::Order { at, node });
        }
        among_roots = root;
        for edge in dag.successors(node) {
            // Never below zero: in-degrees are right, so a target that is placed has no predecessor left.
            remaining[edge.target().index()] -= 1;
        }
    }
    Ok(())
}
