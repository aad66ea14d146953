//! The borrowed graph: what every runner reads.

use crate::{Edge, NodeId};
use core::fmt;

/// A validated dependency graph in borrowed memory. Small and copyable: pass it by value.
///
/// Code that holds one can rely on this (the constructors check it, and nothing can change it afterwards):
/// rows lie within the edges, edges within the nodes, in-degrees and sole marks are right, the order holds
/// every node once and after all of its predecessors; the roots come first, unless it is [depth
/// first](crate::Dag::depth_first). So the graph has no cycle.
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, DagView, NodeId, StaticDag};
///
/// /// How many nodes nobody waits for, in a graph of any type.
/// fn sinks(dag: DagView<'_>) -> usize {
///     dag.order().iter().filter(|&&node| dag.successors(node).is_empty()).count()
/// }
/// static FIXED: StaticDag<3, 2> = StaticDag::new([(0, 1), (0, 2)]);
/// assert_eq!(sinks(FIXED.view()), 2);
/// assert_eq!(sinks(Dag::from_edges(3, &[(0, 1), (1, 2)]).unwrap().view()), 1);
/// ```
#[derive(Clone, Copy)]
pub struct DagView<'a> {
    starts: &'a [u32],
    edges: &'a [Edge],
    in_degrees: &'a [u32],
    /// Behind them, if they don't come first in the order, the roots.
    order: &'a [NodeId],
}

/// What has a graph inside: [`StaticDag`](crate::StaticDag), [`DagView`], the owned `Dag`, and references to
/// these.
///
/// Sealed: runners rely on what the types of this crate promise.
///
/// # Examples
///
/// ```
/// use dgraph_core::{AsDag, Dag, StaticDag};
///
/// fn edges(graph: &impl AsDag) -> usize {
///     graph.view().edge_count()
/// }
/// assert_eq!(edges(&StaticDag::new([(0, 1)]) as &StaticDag<2, 1>), 1);
/// assert_eq!(edges(&Dag::from_edges(2, &[(0, 1), (0, 1)]).unwrap()), 2);
/// ```
pub trait AsDag: sealed::Sealed {
    /// The graph.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, StaticDag};
    /// fn nodes(graph: impl AsDag) -> usize {
    ///     graph.view().node_count()
    /// }
    /// let dag: StaticDag<3, 0> = StaticDag::new([]);
    /// assert_eq!((nodes(&dag), nodes(dag.view())), (3, 3));
    /// ```
    fn view(&self) -> DagView<'_>;

    /// The run counters that are kept with this graph, at rest, if it keeps any and nobody else has them now.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, Dag, StaticDag};
    /// static FIXED: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// assert!(FIXED.lend_countdown().is_none()); // it lies in read-only memory
    /// let owned = Dag::from_edges(2, &[(0, 1)])?;
    /// assert!(owned.lend_countdown().is_some_and(|lent| lent.countdown().is_at_rest()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "32"))]
    fn lend_countdown(&self) -> Option<crate::LentCountdown<'_>> {
        None
    }

    /// The supersteps that are kept with this graph, if it can keep any: those that `make` gave in the first
    /// call that had one, if they are of this graph. Without `make`, what is kept already. (A graph whose
    /// order is [depth first](crate::Dag::depth_first) keeps none.)
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, Dag};
    /// let dag = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert!(dag.supersteps_by(None).is_none());
    /// let kept = dag.supersteps_by(Some(&mut |dag| Some(dag.supersteps(2, 1, |_| 10))));
    /// assert_eq!(kept.map(|kept| kept.len()), Some(2));
    /// assert_eq!(dag.supersteps_by(None), kept);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    fn supersteps_by(&self, make: Option<MakeSupersteps<'_>>) -> Option<&crate::Supersteps> {
        let _ = make;
        None
    }

    /// Whether [`supersteps_by`](Self::supersteps_by) would call what it is given: this graph can keep
    /// supersteps, and nobody has asked for any.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, Dag};
    /// let dag = Dag::from_edges(3, &[])?;
    /// assert!(dag.wants_supersteps() && !dag.view().wants_supersteps());
    /// dag.supersteps_by(Some(&mut |_| None)); // not worth it
    /// assert!(!dag.wants_supersteps());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    fn wants_supersteps(&self) -> bool {
        false
    }
}

/// What makes supersteps for a graph, if they promise anything. See [`AsDag::supersteps_by`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{AsDag, Dag, DagView, MakeSupersteps, Supersteps};
///
/// // Only for graphs that are worth it.
/// let mut make = |dag: DagView<'_>| Some(dag.supersteps(4, 100, |_| 50)).filter(|made| made.cost() < 50 * 900);
/// let make: MakeSupersteps<'_> = &mut make;
/// let dag = Dag::from_edges(1_000, &[])?;
/// assert!(dag.supersteps_by(Some(make)).is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type MakeSupersteps<'a> = &'a mut dyn FnMut(DagView<'_>) -> Option<crate::Supersteps>;

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for DagView<'_> {}
impl<D: AsDag + ?Sized> sealed::Sealed for &D {}

impl AsDag for DagView<'_> {
    fn view(&self) -> DagView<'_> {
        *self
    }
}

impl<D: AsDag + ?Sized> AsDag for &D {
    fn view(&self) -> DagView<'_> {
        (**self).view()
    }

    #[cfg(all(feature = "alloc", target_has_atomic = "32"))]
    fn lend_countdown(&self) -> Option<crate::LentCountdown<'_>> {
        (**self).lend_countdown()
    }

    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    fn supersteps_by(&self, make: Option<MakeSupersteps<'_>>) -> Option<&crate::Supersteps> {
        (**self).supersteps_by(make)
    }

    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    fn wants_supersteps(&self) -> bool {
        (**self).wants_supersteps()
    }
}

impl<'a> DagView<'a> {
    /// The arrays have been checked by the caller, or come from a checked graph.
    pub(crate) const fn new_unchecked(
        starts: &'a [u32],
        edges: &'a [Edge],
        in_degrees: &'a [u32],
        order: &'a [NodeId],
    ) -> Self {
        Self { starts, edges, in_degrees, order }
    }

    /// The number of nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// static DAG: StaticDag<3, 1> = StaticDag::new([(0, 1)]);
    /// let results = vec![None::<f64>; DAG.view().node_count()]; // a place for each
    /// assert_eq!(results.len(), 3);
    /// ```
    #[inline]
    #[must_use]
    pub const fn node_count(self) -> usize {
        self.in_degrees.len()
    }

    /// The number of edges, parallel ones counted each.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// static DAG: StaticDag<2, 2> = StaticDag::new([(0, 1), (0, 1)]);
    /// assert_eq!(DAG.view().edge_count(), 2);
    /// ```
    #[inline]
    #[must_use]
    pub const fn edge_count(self) -> usize {
        self.edges.len()
    }

    /// All nodes in topological order: each after all that it depends on; roots first, unless it is
    /// [depth first](crate::Dag::depth_first).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<4, 2> = StaticDag::new([(3, 0), (0, 1)]);
    /// assert_eq!(DAG.view().order(), [2, 3, 0, 1].map(NodeId::new));
    /// ```
    #[inline]
    #[must_use]
    pub const fn order(self) -> &'a [NodeId] {
        self.order.split_at(self.in_degrees.len()).0
    }

    /// Whether the order is [depth first](crate::Dag::depth_first).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let dag = Dag::from_edges(2, &[(0, 1)])?;
    /// assert!(!dag.view().is_depth_first());
    /// assert!(dag.depth_first().view().is_depth_first());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub const fn is_depth_first(self) -> bool {
        self.order.len() > self.in_degrees.len()
    }

    /// The edges out of `node`, in the order in which they were given.
    ///
    /// # Panics
    ///
    /// If the graph has no such node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (0, 1)]);
    /// let next = DAG.view().successors(NodeId::new(0));
    /// assert!(next.iter().map(|edge| edge.target().get()).eq([2, 1]));
    /// assert!(DAG.view().successors(NodeId::new(1)).is_empty());
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn successors(self, node: NodeId) -> &'a [Edge] {
        let start = self.starts[node.index()] as usize;
        let end = self.starts.get(node.index() + 1).map_or(self.edges.len(), |&next| next as usize);
        &self.edges[start..end]
    }

    /// Where the edges out of the node with this number begin and end. For constants, in which slices can't
    /// be taken.
    pub(crate) const fn row(self, node: usize) -> (usize, usize) {
        let end =
            if node + 1 < self.starts.len() { self.starts[node + 1] as usize } else { self.edges.len() };
        (self.starts[node] as usize, end)
    }

    /// The target of the edge in this place.
    pub(crate) const fn target(self, edge: usize) -> NodeId {
        self.edges[edge].target()
    }

    /// How many edges lead to `node`, parallel ones counted each.
    ///
    /// # Panics
    ///
    /// If the graph has no such node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<3, 3> = StaticDag::new([(0, 2), (1, 2), (1, 2)]);
    /// assert_eq!(DAG.view().in_degree(NodeId::new(2)), 3);
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn in_degree(self, node: NodeId) -> u32 {
        self.in_degrees[node.index()]
    }

    /// The in-degrees of all nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (1, 2)]);
    /// let mut missing = DAG.view().in_degrees().to_vec(); // counters of one's own
    /// missing[2] -= 1; // node 0 is done
    /// assert_eq!(missing, [0, 0, 1]);
    /// ```
    #[inline]
    #[must_use]
    pub const fn in_degrees(self) -> &'a [u32] {
        self.in_degrees
    }

    /// The nodes that depend on nothing, in the order of [`order`](Self::order). O(log V).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// static DAG: StaticDag<4, 2> = StaticDag::new([(3, 0), (0, 1)]);
    /// assert_eq!(DAG.view().roots(), [2, 3].map(NodeId::new)); // what can start at once
    /// ```
    #[must_use]
    pub fn roots(self) -> &'a [NodeId] {
        let (order, roots) = self.order.split_at(self.node_count());
        if roots.is_empty() {
            &order[..order.partition_point(|&node| self.in_degree(node) == 0)]
        } else {
            roots
        }
    }

    /// Runs `body` once for each node in topological order, on this thread: no counters, no atomics.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let dag = Dag::from_edges(3, &[(0, 2), (2, 1)])?;
    /// let mut seen = Vec::new();
    /// dag.view().run(|node| seen.push(node.get()));
    /// assert_eq!(seen, [0, 2, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn run(self, mut body: impl FnMut(NodeId)) {
        for &node in self.order() {
            body(node);
        }
    }
}

impl fmt::Debug for DagView<'_> {
    /// The rows, as a map from each node to its successors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries((0..).map(NodeId::new).take(self.node_count()).map(|node| (node, self.successors(node))))
            .finish()
    }
}
