//! The cycle that makes a graph invalid, as a path that a person can follow.

use crate::NodeId;
use core::fmt;

/// So many nodes of a cycle are shown.
const FEW: usize = 5;

/// A dependency cycle: each node depends on the next, the last on the first. Never empty.
///
/// Displayed as a path whose first and last node are the same: `3 -> 1 -> 3`. Of a long one the first few
/// nodes are shown, and a number: `7 -> 4 -> 9 -> 2 -> 5 -> (993 more) -> 7`. [`path`](Self::path) has all of
/// them.
///
/// # Examples
///
/// ```
/// use dgraph_core::{DagError, DagView, Edge, NodeId, Storage};
///
/// let storage = Storage {
///     starts: &mut [0; 3],
///     edges: &mut [Edge::default(); 3],
///     in_degrees: &mut [0; 3],
///     order: &mut [NodeId::default(); 3],
/// };
/// let built = DagView::from_edges(&[(0, 1), (1, 2), (2, 1)], storage, &mut [0; 3]);
/// let Err(DagError::Cycle(cycle)) = built else { panic!("a cycle was expected") };
/// assert_eq!(cycle.to_string(), "1 -> 2 -> 1"); // in the memory that was meant for the graph
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cycle<'a> {
    nodes: &'a [NodeId],
}

impl<'a> Cycle<'a> {
    pub(crate) const fn new(nodes: &'a [NodeId]) -> Self {
        Self { nodes }
    }

    /// The nodes on the cycle, each once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Dag};
    ///
    /// let Err(DagError::Cycle(cycle)) = Dag::from_edges(3, &[(0, 1), (1, 2), (2, 1)]) else { panic!() };
    /// let names = ["hatch", "hen", "egg"];
    /// let culprits: Vec<_> = cycle.as_cycle().nodes().iter().map(|node| names[node.index()]).collect();
    /// assert_eq!(culprits, ["hen", "egg"]);
    /// ```
    #[must_use]
    pub const fn nodes(self) -> &'a [NodeId] {
        self.nodes
    }

    /// The cycle as a path: the first node comes again at the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Dag};
    ///
    /// let Err(DagError::Cycle(cycle)) = Dag::from_edges(2, &[(0, 1), (1, 0)]) else { panic!() };
    /// assert!(cycle.as_cycle().path().map(|node| node.get()).eq([0, 1, 0]));
    /// ```
    pub fn path(self) -> impl Iterator<Item = NodeId> + 'a {
        self.nodes.iter().chain(self.nodes.first()).copied()
    }
}

impl fmt::Display for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, rest) = self.nodes.split_at(self.nodes.len().min(FEW));
        for node in shown {
            write!(f, "{node} -> ")?;
        }
        if !rest.is_empty() {
            write!(f, "({} more) -> ", rest.len())?;
        }
        self.nodes.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

impl fmt::Debug for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A [`Cycle`] that owns its nodes, for errors that outlive the memory in which the graph was built.
///
/// # Examples
///
/// ```
/// use dgraph_core::{DagError, CycleBuf, Dag};
///
/// fn check(edges: &[(u32, u32)]) -> Result<(), DagError<CycleBuf>> {
///     Dag::from_edges(2, edges).map(drop)
/// }
/// let Err(DagError::Cycle(cycle)) = check(&[(0, 1), (1, 0)]) else { panic!("a cycle was expected") };
/// assert_eq!(cycle.to_string(), "0 -> 1 -> 0"); // the graph's memory is gone, the cycle is not
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CycleBuf {
    nodes: alloc::boxed::Box<[NodeId]>,
}

#[cfg(feature = "alloc")]
impl CycleBuf {
    /// The borrowed form.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Cycle, Dag};
    ///
    /// fn longest<'a>(cycles: &[Cycle<'a>]) -> Option<Cycle<'a>> {
    ///     cycles.iter().copied().max_by_key(|cycle| cycle.nodes().len())
    /// }
    /// let Err(DagError::Cycle(short)) = Dag::from_edges(1, &[(0, 0)]) else { panic!() };
    /// let Err(DagError::Cycle(long)) = Dag::from_edges(2, &[(0, 1), (1, 0)]) else { panic!() };
    /// assert_eq!(longest(&[short.as_cycle(), long.as_cycle()]), Some(long.as_cycle()));
    /// ```
    #[must_use]
    pub fn as_cycle(&self) -> Cycle<'_> {
        Cycle::new(&self.nodes)
    }

    /// The nodes on the cycle, each once.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Dag, NodeId};
    ///
    /// let Err(DagError::Cycle(cycle)) = Dag::from_edges(3, &[(0, 1), (1, 2), (2, 1)]) else { panic!() };
    /// assert_eq!(cycle.nodes(), [1, 2].map(NodeId::new)); // 0 is not on it, though it leads there
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The cycle as a path: the first node comes again at the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Dag};
    ///
    /// let Err(DagError::Cycle(cycle)) = Dag::from_edges(2, &[(0, 1), (1, 0)]) else { panic!() };
    /// let names = ["hen", "egg"];
    /// let path: Vec<_> = cycle.path().map(|node| names[node.index()]).collect();
    /// assert_eq!(path.join(" needs "), "hen needs egg needs hen");
    /// ```
    pub fn path(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.as_cycle().path()
    }
}

#[cfg(feature = "alloc")]
impl From<Cycle<'_>> for CycleBuf {
    fn from(cycle: Cycle<'_>) -> Self {
        Self { nodes: cycle.nodes.into() }
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for CycleBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_cycle().fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for CycleBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_cycle(), f)
    }
}
