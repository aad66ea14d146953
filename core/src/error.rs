//! Why a graph could not be built.

use crate::NodeId;
use core::fmt;

/// Why a list of edges is no dependency graph.
///
/// `C` is how the cycle is held: a [`Cycle`](crate::Cycle) lies in the caller's storage, a `CycleBuf` owns
/// its nodes.
///
/// # Examples
///
/// ```
/// use dgraph_core::{DagError, Dag};
///
/// let error = Dag::from_edges(2, &[(0, 1), (1, 5)]).unwrap_err();
/// assert_eq!(error, DagError::UnknownNode { edge: 1, node: 5, nodes: 2 });
/// assert_eq!(error.to_string(), "edge 1 names node 5, but the graph has only 2 nodes");
///
/// match Dag::from_edges(2, &[(0, 1), (1, 0)]) {
///     Err(DagError::Cycle(cycle)) => assert_eq!(cycle.to_string(), "0 -> 1 -> 0"),
///     other => panic!("a cycle was expected: {other:?}"),
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DagError<C> {
    /// More than [`NodeId::MAX_NODES`] nodes.
    TooManyNodes {
        /// The number of nodes asked for.
        nodes: usize,
    },
    /// More than 2³² − 1 edges.
    TooManyEdges {
        /// The number of edges given.
        edges: usize,
    },
    /// An edge names a node that the graph doesn't have.
    UnknownNode {
        /// Position of the edge in the list.
        edge: usize,
        /// The number that is out of range.
        node: u32,
        /// How many nodes there are: valid numbers are `0..nodes`.
        nodes: usize,
    },
    /// A slice that the caller passed has the wrong length.
    WrongLength {
        /// The field or argument.
        slice: &'static str,
        /// The length that it must have (`scratch`: at least).
        needed: usize,
        /// The length that it has.
        given: usize,
    },
    /// The allocator refused the memory for the graph.
    OutOfMemory {
        /// How many bytes were asked for.
        bytes: usize,
    },
    /// Nodes depend on each other in a circle.
    Cycle(C),
}

impl<C> DagError<C> {
    /// Converts the cycle of the error, to hold it in another way.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Dag};
    ///
    /// // With the names that the user knows, instead of numbers.
    /// let names = ["hen", "egg"];
    /// let error = Dag::from_edges(2, &[(0, 1), (1, 0)]).unwrap_err();
    /// let error = error.map_cycle(|cycle| cycle.path().map(|node| names[node.index()]).collect::<Vec<_>>().join(" -> "));
    /// assert_eq!(error.to_string(), "dependency cycle: hen -> egg -> hen");
    /// ```
    pub fn map_cycle<D>(self, map: impl FnOnce(C) -> D) -> DagError<D> {
        match self {
            Self::TooManyNodes { nodes } => DagError::TooManyNodes { nodes },
            Self::TooManyEdges { edges } => DagError::TooManyEdges { edges },
            Self::UnknownNode { edge, node, nodes } => DagError::UnknownNode { edge, node, nodes },
            Self::WrongLength { slice, needed, given } => DagError::WrongLength { slice, needed, given },
            Self::OutOfMemory { bytes } => DagError::OutOfMemory { bytes },
            Self::Cycle(cycle) => DagError::Cycle(map(cycle)),
        }
    }
}

impl<C> DagError<C> {
    /// The message, with the cycle as `cycle` writes it.
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        cycle: fn(&C, &mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> fmt::Result {
        match self {
            Self::TooManyNodes { nodes } => {
                write!(f, "{nodes} nodes are too many: a graph holds at most {}", NodeId::MAX_NODES)
            }
            Self::TooManyEdges { edges } => {
                write!(f, "{edges} edges are too many: a graph holds at most {}", u32::MAX)
            }
            Self::UnknownNode { edge, node, nodes } => {
                write!(f, "edge {edge} names node {node}, but the graph has only {nodes} nodes")
            }
            Self::WrongLength { slice, needed, given } => {
                write!(f, "`{slice}` has {given} entries, {needed} are needed")
            }
            Self::OutOfMemory { bytes } => write!(f, "no memory for {bytes} bytes of graph"),
            Self::Cycle(nodes) => {
                f.write_str("dependency cycle: ")?;
                cycle(nodes, f)
            }
        }
    }
}

impl<C: fmt::Display> fmt::Display for DagError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, C::fmt)
    }
}

impl<C: fmt::Debug> fmt::Debug for DagError<C> {
    /// The message: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, C::fmt)
    }
}

impl<C: fmt::Debug + fmt::Display> core::error::Error for DagError<C> {}
