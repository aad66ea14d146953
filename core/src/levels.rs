//! Levels: how many nodes must run before a node can.

use crate::DagView;
#[cfg(feature = "alloc")]
use crate::NodeId;
#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};
#[cfg(feature = "alloc")]
use core::{iter::FusedIterator, slice::Windows};

impl DagView<'_> {
    /// Writes each node's level into `levels` (one entry per node): 0 for a root, otherwise one more than the
    /// highest level among its predecessors. Returns the number of levels. O(V + E).
    ///
    /// # Panics
    ///
    /// If `levels` has fewer entries than the graph has nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::StaticDag;
    /// let dag: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// let mut levels = [0; 3];
    /// assert_eq!(dag.view().levels_into(&mut levels), 3);
    /// assert_eq!(levels, [0, 1, 2]);
    /// ```
    #[track_caller]
    pub fn levels_into(self, levels: &mut [u32]) -> usize {
        let levels = &mut levels[..self.node_count()];
        levels.fill(0);
        let mut count = 0;
        for &node in self.order() {
            let next = levels[node.index()] + 1;
            count = count.max(next);
            for edge in self.successors(node) {
                let level = &mut levels[edge.target().index()];
                *level = next.max(*level);
            }
        }
        count as usize
    }

    /// The nodes by level. Nodes of one level don't depend on each other. O(V + E).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// let levels: Vec<Vec<u32>> =
    ///     dag.view().levels().iter().map(|level| level.iter().map(|node| node.get()).collect()).collect();
    /// assert_eq!(levels, [vec![0], vec![1, 2], vec![3]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn levels(self) -> Levels {
        let mut level_of = vec![0; self.node_count()];
        let count = self.levels_into(&mut level_of);
        Levels::new(&level_of, count)
    }
}

/// The nodes of a graph grouped by level. See [`DagView::levels`].
///
/// # Examples
///
/// ```
/// use dgraph_core::Dag;
///
/// // How many workers are of use, if one level runs after the other.
/// let dag = Dag::from_edges(5, &[(0, 1), (0, 2), (0, 3), (3, 4)])?;
/// let levels = dag.view().levels();
/// let width = levels.iter().map(|level| level.len()).max();
/// assert_eq!((levels.len(), width), (3, Some(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    starts: Vec<usize>,
    nodes: Vec<NodeId>,
}

#[cfg(feature = "alloc")]
impl Levels {
    /// `count` levels, from the level of each node.
    fn new(level_of: &[u32], count: usize) -> Self {
        // Counting sort by level; going through the nodes by number keeps each level sorted.
        let mut starts = vec![0_usize; count + 1];
        for &level in level_of {
            starts[level as usize + 1] += 1;
        }
        for level in 0..count {
            starts[level + 1] += starts[level];
        }
        let mut nodes = vec![NodeId::default(); level_of.len()];
        let mut next = starts.clone();
        for (node, &level) in (0..).map(NodeId::new).zip(level_of) {
            nodes[next[level as usize]] = node;
            next[level as usize] += 1;
        }
        Self { starts, nodes }
    }

    /// The number of levels: the number of nodes on the longest path.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let chain = Dag::from_edges(3, &[(0, 1), (1, 2)])?;
    /// assert_eq!(chain.view().levels().len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no levels, which is so for the empty graph only.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// assert!(Dag::from_edges(0, &[])?.view().levels().is_empty());
    /// assert!(!Dag::from_edges(1, &[])?.view().levels().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The levels from the roots on, each sorted by number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3)])?;
    /// let levels = dag.view().levels();
    /// assert_eq!(levels.iter().nth(1).unwrap(), [1, 2].map(NodeId::new));
    /// assert_eq!(levels.iter().next_back().unwrap(), [NodeId::new(3)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> LevelsIter<'_> {
        LevelsIter { bounds: self.starts.windows(2), nodes: &self.nodes }
    }

    /// All nodes, level by level: a topological order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(4, &[(3, 2), (3, 1), (1, 0)])?;
    /// assert_eq!(dag.view().levels().nodes(), [3, 1, 2, 0].map(NodeId::new));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Where in [`nodes`](Self::nodes) each level begins, and at last where the last one ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3)])?;
    /// let levels = dag.view().levels();
    /// assert_eq!(levels.starts(), [0, 1, 3, 4]);
    /// let second = &levels.nodes()[levels.starts()[1]..levels.starts()[2]];
    /// assert_eq!(Some(second), levels.iter().nth(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }
}

#[cfg(feature = "alloc")]
impl<'a> IntoIterator for &'a Levels {
    type Item = &'a [NodeId];
    type IntoIter = LevelsIter<'a>;

    fn into_iter(self) -> LevelsIter<'a> {
        self.iter()
    }
}

/// The levels of [`Levels`], one after the other.
///
/// # Examples
///
/// ```
/// use dgraph_core::Dag;
/// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3)])?;
/// let mut widest = 0;
/// for level in &dag.view().levels() {
///     widest = widest.max(level.len());
/// }
/// assert_eq!(widest, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct LevelsIter<'a> {
    bounds: Windows<'a, usize>,
    nodes: &'a [NodeId],
}

#[cfg(feature = "alloc")]
impl<'a> LevelsIter<'a> {
    fn level(&self, bounds: &[usize]) -> &'a [NodeId] {
        &self.nodes[bounds[0]..bounds[1]]
    }
}

#[cfg(feature = "alloc")]
impl<'a> Iterator for LevelsIter<'a> {
    type Item = &'a [NodeId];

    fn next(&mut self) -> Option<&'a [NodeId]> {
        let bounds = self.bounds.next()?;
        Some(self.level(bounds))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.bounds.size_hint()
    }
}

#[cfg(feature = "alloc")]
impl<'a> DoubleEndedIterator for LevelsIter<'a> {
    fn next_back(&mut self) -> Option<&'a [NodeId]> {
        let bounds = self.bounds.next_back()?;
        Some(self.level(bounds))
    }
}

#[cfg(feature = "alloc")]
impl ExactSizeIterator for LevelsIter<'_> {}
#[cfg(feature = "alloc")]
impl FusedIterator for LevelsIter<'_> {}
