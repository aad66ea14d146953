//! Runs in which each node has an item of its own, and reads those of its predecessors.

use crate::{Dag, Edge, NodeId};
use core::fmt;
use core::ops::Index;

/// The items of the nodes that a node depends on, in a [run](Dag::run_each) in which each node has its own.
///
/// There is one for each edge that leads to the node: of parallel edges each gives the same item again.
///
/// On threads, `dgraph-exec` has a `Before` of its own, with the same methods: this one is two halves of a
/// slice, without unsafe code, and there others write to the slice meanwhile.
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, NodeId};
/// let dag = Dag::from_edges(3, &[(1, 2), (0, 2)])?;
/// let mut items = ["a".to_string(), "b".to_string(), String::new()];
/// dag.run_each(&mut items, |node, own, before| {
///     if node.get() == 2 {
///         *own = before.iter().cloned().collect::<String>() + &before[NodeId::new(0)];
///     }
/// });
/// assert_eq!(items[2], "aba");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Before<'a, T> {
    predecessors: &'a [Edge],
    /// Those before the node's own one, and those behind it.
    items: (&'a [T], &'a [T]),
}

impl<'a, T> Before<'a, T> {
    /// The items, in ascending order of their nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let dag = Dag::from_edges(4, &[(2, 3), (0, 3), (0, 1)])?;
    /// let mut paths = [1, 0, 1, 0]; // how many lead to each node
    /// dag.run_each(&mut paths, |_, own, before| *own += before.iter().sum::<i32>());
    /// assert_eq!(paths, [1, 1, 1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a T> + use<'a, T> {
        let items = self.items;
        self.predecessors.iter().map(move |edge| item(items, edge.target()))
    }

    /// The nodes that the items belong to, in the same order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// // The longest way to each node, and by which node it comes there.
    /// let dag = Dag::from_edges(4, &[(0, 1), (1, 2), (0, 3), (2, 3)])?;
    /// let mut longest = [(0, None); 4];
    /// dag.run_each(&mut longest, |_, own, before| {
    ///     let ways = before.nodes().zip(before.iter()).map(|(node, (steps, _))| (steps + 1, Some(node)));
    ///     *own = ways.max().unwrap_or_default();
    /// });
    /// assert_eq!(longest[3], (3, Some(2.into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<'a, T> {
        self.predecessors.iter().map(|edge| edge.target())
    }

    /// The item of `node`, if that is one that this node depends on. O(log n) of these; indexing does the
    /// same, and panics if it isn't.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(3, &[(0, 1), (1, 2)])?;
    /// dag.run_each(&mut [10, 20, 30], |node, _, before| {
    ///     let first = before.get(NodeId::new(0)).copied();
    ///     assert_eq!(first, if node.get() == 1 { Some(10) } else { None });
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&'a T> {
        let found = self.predecessors.binary_search_by_key(&node, |edge| edge.target());
        found.is_ok().then(|| item(self.items, node))
    }
}

/// The item of `node`, which isn't that of the node whose item is left out.
fn item<'a, T>((low, high): (&'a [T], &'a [T]), node: NodeId) -> &'a T {
    low.get(node.index()).unwrap_or_else(|| &high[node.index() - low.len() - 1])
}

impl<T> Clone for Before<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Before<'_, T> {}

impl<T> Index<NodeId> for Before<'_, T> {
    type Output = T;

    /// The item of `node`.
    ///
    /// # Panics
    ///
    /// If this node doesn't depend on that one.
    #[track_caller]
    fn index(&self, node: NodeId) -> &T {
        self.get(node).unwrap_or_else(|| panic!("node {node} is none that this node depends on"))
    }
}

impl<T: fmt::Debug> fmt::Debug for Before<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.nodes().zip(self.iter())).finish()
    }
}

impl Dag {
    /// Runs `body` once for each node in topological order, on this thread. A node has an item of its own,
    /// which it may change, and reads those of the nodes that it depends on. Items are by the numbers of the
    /// nodes.
    ///
    /// The first call makes the [reversed](Self::reversed) graph.
    ///
    /// # Panics
    ///
    /// If there are not as many items as nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    ///
    /// // When each task can be done, if it takes so long and needs what is before it.
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// let mut times = [3, 5, 1, 2];
    /// dag.run_each(&mut times, |_, own, before| *own += before.iter().max().unwrap_or(&0));
    /// assert_eq!(times, [3, 8, 4, 10]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_each<T>(&self, items: &mut [T], mut body: impl FnMut(NodeId, &mut T, Before<'_, T>)) {
        let nodes = self.view().node_count();
        assert!(items.len() == nodes, "{} items for the {nodes} nodes of a graph", items.len());
        let reversed = self.reversed().view();
        self.run(|node| {
            let (low, rest) = items.split_at_mut(node.index());
            let (own, high) = rest.split_first_mut().expect("an item of each node");
            let before = Before { predecessors: reversed.successors(node), items: (low, high) };
            body(node, own, before);
        });
    }
}
