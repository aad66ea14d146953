//! The graph in compressed sparse rows, as the systems use it that have no graph type of their own.

use crate::graph::Graph;

/// A graph grouped by source, with in-degrees and roots.
#[derive(Clone, Debug)]
pub struct Csr {
    starts: Vec<u32>,
    targets: Vec<u32>,
    /// How many edges lead to each node.
    pub in_degrees: Vec<u32>,
    /// The nodes that depend on nothing.
    pub roots: Vec<u32>,
}

impl Csr {
    /// Groups the edges by source: a counting sort. O(V + E).
    ///
    /// # Panics
    ///
    /// If there are 2³² edges or more.
    #[must_use]
    pub fn new(graph: &Graph) -> Self {
        assert!(u32::try_from(graph.edges.len()).is_ok(), "offsets have 32 bits");
        let mut starts = vec![0_u32; graph.nodes + 1];
        let mut in_degrees = vec![0_u32; graph.nodes];
        for &(u, v) in &graph.edges {
            starts[u as usize] += 1;
            in_degrees[v as usize] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut targets = vec![0; graph.edges.len()];
        for &(u, v) in graph.edges.iter().rev() {
            let start = &mut starts[u as usize];
            *start -= 1;
            targets[*start as usize] = v;
        }
        let roots = (0_u32..).zip(&in_degrees).filter(|(_, degree)| **degree == 0).map(|(node, _)| node);
        let mut roots: Vec<u32> = roots.collect();
        roots.shrink_to_fit();
        Self { starts, targets, in_degrees, roots }
    }

    /// The number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.in_degrees.len()
    }

    /// The nodes that depend on `node`, in the order of the edges.
    #[inline]
    #[must_use]
    pub fn successors(&self, node: u32) -> &[u32] {
        &self.targets[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// How many nodes nothing depends on.
    #[must_use]
    pub fn sinks(&self) -> usize {
        self.starts.windows(2).filter(|row| row[0] == row[1]).count()
    }
}
