//! From petgraph's graphs and back.

use crate::{CycleBuf, Dag, DagError, DagView, NodeId};
use ::petgraph::stable_graph::StableGraph;
use ::petgraph::visit::{EdgeRef, IntoEdgeReferences};
use ::petgraph::{Directed, Graph, graph::IndexType, graph::NodeIndex};
use alloc::vec;
use alloc::vec::Vec;

impl Dag {
    /// The graph of these nodes and edges, where an edge from `a` to `b` says that b depends on a. (If yours
    /// say the opposite, call `reverse` first.) Needs the feature `petgraph`.
    ///
    /// Nodes keep their numbers, so the weight of a node stays where it is: in `graph`, under that index.
    /// Edges lose theirs. O(V + E).
    ///
    /// # Errors
    ///
    /// If there is a cycle, if there are more nodes or edges than 32 bits can number, or no memory for them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// use petgraph::Graph;
    ///
    /// let mut graph = Graph::<&str, ()>::new();
    /// let [floor, walls, roof] = ["floor", "walls", "roof"].map(|name| graph.add_node(name));
    /// graph.extend_with_edges([(walls, roof), (floor, walls)]);
    ///
    /// let mut done = Vec::new();
    /// let dag = Dag::from_petgraph(&graph)?;
    /// dag.run(|node| done.push(graph[petgraph::graph::NodeIndex::new(node.index())]));
    /// assert_eq!(done, ["floor", "walls", "roof"]);
    ///
    /// graph.add_edge(roof, floor, ());
    /// assert_eq!(Dag::from_petgraph(&graph).unwrap_err().to_string(), "dependency cycle: 0 -> 2 -> 1 -> 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_petgraph<N, E, Ix: IndexType>(
        graph: &Graph<N, E, Directed, Ix>,
    ) -> Result<Self, DagError<CycleBuf>> {
        let edges = graph.edge_references();
        build(graph.node_count(), edges.map(|edge| (edge.source().index(), edge.target().index())))
    }

    /// Builds a graph from one of petgraph's from which nodes may have been removed. Needs the feature
    /// `petgraph`.
    ///
    /// Here nodes have no gaps between their numbers, so they are numbered anew, in the order of their
    /// indices: second comes the index that each node had. (Errors have the new numbers.)
    ///
    /// # Errors
    ///
    /// If there is a cycle, if there are more nodes or edges than 32 bits can number, or no memory for them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// use petgraph::stable_graph::StableDiGraph;
    ///
    /// let mut graph = StableDiGraph::<&str, ()>::new();
    /// let [scaffold, walls, roof] = ["scaffold", "walls", "roof"].map(|name| graph.add_node(name));
    /// graph.extend_with_edges([(scaffold, walls), (walls, roof)]);
    /// graph.remove_node(scaffold);
    ///
    /// let (dag, indices) = Dag::from_stable_graph(&graph)?;
    /// assert_eq!(indices, [walls, roof]);
    /// let mut done = Vec::new();
    /// dag.run(|node| done.push(graph[indices[node.index()]]));
    /// assert_eq!(done, ["walls", "roof"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_stable_graph<N, E, Ix: IndexType>(
        graph: &StableGraph<N, E, Directed, Ix>,
    ) -> Result<(Self, Vec<NodeIndex<Ix>>), DagError<CycleBuf>> {
        let indices: Vec<_> = graph.node_indices().collect();
        let mut numbers = vec![0; indices.last().map_or(0, |last| last.index() + 1)];
        for (number, index) in indices.iter().enumerate() {
            numbers[index.index()] = number;
        }
        let edges = graph.edge_references();
        let edges = edges.map(|edge| (numbers[edge.source().index()], numbers[edge.target().index()]));
        Ok((build(indices.len(), edges)?, indices))
    }
}

fn build(nodes: usize, edges: impl Iterator<Item = (usize, usize)>) -> Result<Dag, DagError<CycleBuf>> {
    if nodes > NodeId::MAX_NODES {
        return Err(DagError::TooManyNodes { nodes });
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "numbers below that of the nodes, which was looked at"
    )]
    let edges: Vec<_> = edges.map(|(before, node)| (before as u32, node as u32)).collect();
    Dag::from_edges(nodes, &edges)
}

impl DagView<'_> {
    /// Converts the graph to one of petgraph's, whose nodes are numbers and have these as their indices;
    /// there is an edge from each node to each one that depends on it. `StableGraph::from` makes the other
    /// kind of it, `map` gives it weights. Needs the feature `petgraph`. O(V + E).
    ///
    /// # Panics
    ///
    /// If it has 2³² − 1 edges, which petgraph can't number with a `u32`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// use petgraph::algo::has_path_connecting;
    ///
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// let graph = dag.view().to_petgraph();
    /// assert!(has_path_connecting(&graph, 0.into(), 3.into(), None));
    /// assert!(!has_path_connecting(&graph, 1.into(), 2.into(), None));
    /// let named = graph.map(|_, node| format!("node {}", node.get()), |_, ()| ());
    /// assert_eq!(named[petgraph::graph::NodeIndex::new(2)], "node 2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_petgraph(self) -> Graph<NodeId, (), Directed, u32> {
        let mut graph = Graph::with_capacity(self.node_count(), self.edge_count());
        let nodes = || (0..).take(self.node_count()).map(NodeId::new);
        for node in nodes() {
            graph.add_node(node);
        }
        for node in nodes() {
            for edge in self.successors(node) {
                graph.add_edge(node.get().into(), edge.target().get().into(), ());
            }
        }
        graph
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;
    use std::string::ToString;

    fn edges<N, E>(graph: &Graph<N, E>) -> Vec<(usize, usize)> {
        let edges = graph.edge_references();
        edges.map(|edge| (edge.source().index(), edge.target().index())).collect()
    }

    #[test]
    fn there_and_back() {
        let mut graph = Graph::<(), u8>::new();
        let nodes: Vec<_> = (0..6).map(|_| graph.add_node(())).collect();
        // One twice, one against the numbers, and a node without any.
        for (before, node) in [(0, 2), (0, 1), (4, 1), (0, 2), (2, 3), (1, 3)] {
            graph.add_edge(nodes[before], nodes[node], 7);
        }
        let dag = Dag::from_petgraph(&graph).unwrap();
        assert_eq!((dag.view().node_count(), dag.view().edge_count()), (6, 6));
        let back = dag.view().to_petgraph();
        // By source, and those of one source in their order.
        assert_eq!(edges(&back), [(0, 2), (0, 1), (0, 2), (1, 3), (2, 3), (4, 1)]);
        assert_eq!(back[NodeIndex::new(5)], NodeId::new(5));
        let again = Dag::from_petgraph(&back).unwrap();
        assert_eq!(again.view().order(), dag.view().order());
    }

    #[test]
    fn gaps_are_closed() {
        let mut graph = StableGraph::<u32, ()>::new();
        let nodes: Vec<_> = (0..7).map(|number| graph.add_node(number)).collect();
        graph.extend_with_edges([(6, 4), (4, 2), (2, 1), (0, 3), (6, 2)]);
        for removed in [0, 3, 5] {
            graph.remove_node(nodes[removed]);
        }
        let (dag, indices) = Dag::from_stable_graph(&graph).unwrap();
        assert_eq!(indices, [1, 2, 4, 6].map(|index| nodes[index]));
        let mut order = Vec::new();
        dag.run(|node| order.push(graph[indices[node.index()]]));
        assert_eq!(order, [6, 4, 2, 1]);

        graph.add_edge(nodes[1], nodes[4], ());
        let cycle = Dag::from_stable_graph(&graph).unwrap_err().to_string();
        assert_eq!(cycle, "dependency cycle: 0 -> 1 -> 2 -> 0"); // each depends on the next
    }

    #[test]
    fn nothing_at_all() {
        let dag = Dag::from_petgraph(&Graph::<(), ()>::new()).unwrap();
        assert_eq!(dag.view().to_petgraph().node_count(), 0);
        let (dag, indices) = Dag::from_stable_graph(&StableGraph::<(), ()>::new()).unwrap();
        assert_eq!((dag.view().node_count(), indices.len()), (0, 0));
    }

    #[test]
    fn small_indices() {
        let mut graph = Graph::<(), (), Directed, u8>::default();
        let (first, second) = (graph.add_node(()), graph.add_node(()));
        graph.add_edge(second, first, ());
        assert_eq!(Dag::from_petgraph(&graph).unwrap().view().order(), [1, 0].map(NodeId::new));
    }
}
