//! The critical path: the heaviest chain of dependencies, below which no schedule can go.

use crate::{DagView, NodeId};
#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

impl<'a> DagView<'a> {
    /// Writes each node's rank into `ranks` (one entry per node): the weight of the heaviest path that starts
    /// at the node, its own weight included (in the literature: bottom level or upward rank). Returns the
    /// highest rank, the length of the critical path; 0 for the empty graph. Sums stop at `u64::MAX`. O(V +
    /// E).
    ///
    /// # Panics
    ///
    /// If `ranks` has fewer entries than the graph has nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    /// let dag: StaticDag<3, 2> = StaticDag::new([(0, 1), (0, 2)]);
    /// let weights = [5, 1, 3];
    /// let mut ranks = [0; 3];
    /// assert_eq!(dag.view().ranks_into(|node| weights[node.index()], &mut ranks), 8);
    /// assert_eq!(ranks, [8, 1, 3]);
    /// ```
    #[track_caller]
    pub fn ranks_into(self, mut weight: impl FnMut(NodeId) -> u64, ranks: &mut [u64]) -> u64 {
        let ranks = &mut ranks[..self.node_count()];
        let mut longest = 0;
        for &node in self.order().iter().rev() {
            let below = self.successors(node).iter().map(|edge| ranks[edge.target().index()]).max();
            let rank = weight(node).saturating_add(below.unwrap_or(0));
            ranks[node.index()] = rank;
            longest = longest.max(rank);
        }
        longest
    }

    /// A critical path, read off the ranks that [`ranks_into`](Self::ranks_into) has written: from the root
    /// of the highest rank always on to the successor of the highest rank (the first of several).
    ///
    /// # Panics
    ///
    /// If `ranks` has fewer entries than the graph has nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
    /// let micros = [10, 5, 70, 20];
    /// let mut ranks = [0; 4];
    /// DAG.view().ranks_into(|node| micros[node.index()], &mut ranks);
    /// assert!(DAG.view().critical_path_by(&ranks).eq([0, 2, 3].map(NodeId::new)));
    /// ```
    #[track_caller]
    pub fn critical_path_by<'r>(self, ranks: &'r [u64]) -> impl Iterator<Item = NodeId> + use<'a, 'r> {
        let ranks = &ranks[..self.node_count()];
        // `max_by_key` gives the last of equals, so go backwards.
        let first = self.order().iter().rev().copied().max_by_key(|node| ranks[node.index()]);
        core::iter::successors(first, move |&node| {
            let row = self.successors(node).iter().rev();
            row.map(|edge| edge.target()).max_by_key(|node| ranks[node.index()])
        })
    }

    /// The heaviest path through the graph for the given weights: its length and its nodes. O(V + E).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// let micros = [10, 5, 70, 20];
    /// let path = dag.view().critical_path(|node| micros[node.index()]);
    /// assert_eq!((path.length, path.nodes), (100, vec![0, 2, 3].into_iter().map(NodeId::new).collect()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn critical_path(self, weight: impl FnMut(NodeId) -> u64) -> CriticalPath {
        let mut ranks = vec![0; self.node_count()];
        let length = self.ranks_into(weight, &mut ranks);
        CriticalPath { length, nodes: self.critical_path_by(&ranks).collect() }
    }
}

/// A heaviest path. See [`DagView::critical_path`].
///
/// # Examples
///
/// ```
/// use dgraph_core::Dag;
///
/// let dag = Dag::from_edges(3, &[(0, 1)])?;
/// let millis = [3, 4, 6];
/// let path = dag.view().critical_path(|node| millis[node.index()]);
/// // 13 ms of work, but two workers can't be done before 7 ms, nor can a hundred.
/// assert_eq!((path.length, path.nodes.len()), (7, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CriticalPath {
    /// The sum of the weights of its nodes: a lower bound for the makespan on any number of workers.
    pub length: u64,
    /// Its nodes, from a root to a sink.
    pub nodes: Vec<NodeId>,
}
