//! The graph seen from its nodes' inputs: which nodes each one depends on.

/// Each node's predecessors, in the order in which its edges were listed; parallel edges count each.
///
/// ```
/// use dgraph_tests::predecessors::Predecessors;
/// let predecessors = Predecessors::new(3, &[(1, 2), (0, 2), (1, 2)]);
/// assert_eq!(predecessors.of(2), [1, 0, 1]);
/// assert!(predecessors.of(0).is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Predecessors {
    starts: Vec<usize>,
    sources: Vec<u32>,
}

impl Predecessors {
    /// Groups the edges `(u, v)` by v, for the nodes `0..nodes`. O(V + E).
    ///
    /// # Panics
    ///
    /// If an edge names a node outside `0..nodes`.
    #[must_use]
    pub fn new(nodes: usize, edges: &[(u32, u32)]) -> Self {
        let mut starts = vec![0; nodes + 1];
        for &(_, v) in edges {
            starts[v as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut sources = vec![0; edges.len()];
        for &(u, v) in edges {
            let slot = &mut next[v as usize];
            sources[*slot] = u;
            *slot += 1;
        }
        Self { starts, sources }
    }

    /// What each node depends on.
    #[must_use]
    pub fn lists(&self) -> Vec<Vec<u32>> {
        (0..self.starts.len() - 1).map(|node| self.of(node).to_vec()).collect()
    }

    /// What `node` depends on.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    #[must_use]
    pub fn of(&self, node: usize) -> &[u32] {
        &self.sources[self.starts[node]..self.starts[node + 1]]
    }
}
