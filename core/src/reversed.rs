//! A graph with all edges turned round: its roots are the nodes that nothing depends on.

use crate::{Dag, DagView, NodeId};
use alloc::vec::Vec;

impl Dag {
    /// The graph with each edge turned round: what depends on a node here comes before it there. The
    /// successors of a node there are its predecessors here, in ascending order, parallel edges counted each.
    /// The nodes keep their numbers.
    ///
    /// It is made by the first call, and kept: 16 bytes per node and 4 per edge, once for all clones. O(V +
    /// E), later O(1).
    ///
    /// # Panics
    ///
    /// If there is not enough memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    ///
    /// // Services are started after what they need, and stopped before it.
    /// let names = ["disk", "network", "database", "server"];
    /// let dag = Dag::from_edges(4, &[(0, 2), (1, 3), (2, 3)])?;
    /// let mut log = Vec::new();
    /// dag.run(|node| log.push(names[node.index()]));
    /// assert_eq!(log, ["disk", "network", "database", "server"]);
    /// log.clear();
    /// dag.reversed().run(|node| log.push(names[node.index()]));
    /// assert_eq!(log, ["server", "network", "database", "disk"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reversed(&self) -> &Self {
        self.reversed_by(Self::reverse_of)
    }

    /// The nodes that `node` depends on, in ascending order, parallel edges counted each. They are looked up
    /// in the [reversed](Self::reversed) graph, which the first call makes.
    ///
    /// # Panics
    ///
    /// If the graph has no such node, or if there is not enough memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(4, &[(2, 3), (0, 3), (0, 1)])?;
    /// assert!(dag.predecessors(NodeId::new(3)).eq([0, 2].map(NodeId::new)));
    /// assert_eq!(dag.predecessors(NodeId::new(2)).len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn predecessors(&self, node: NodeId) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        self.reversed().view().successors(node).iter().map(|edge| edge.target())
    }

    fn reverse_of(dag: DagView<'_>) -> Self {
        let mut edges = Vec::with_capacity(dag.edge_count());
        for node in (0..).map(NodeId::new).take(dag.node_count()) {
            edges.extend(dag.successors(node).iter().map(|edge| (edge.target().get(), node.get())));
        }
        Self::from_edges(dag.node_count(), &edges)
            .unwrap_or_else(|error| panic!("to reverse a graph: {error}"))
    }
}
