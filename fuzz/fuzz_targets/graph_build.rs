//! Arbitrary edges: petgraph's verdict, and either a cycle that is there or a graph that holds just these
//! edges.
#![no_main]

use dgraph_core::{Dag, DagError, DagView, Edge, NodeId, Parts, Storage};
use dgraph_tests::oracle;
use libfuzzer_sys::fuzz_target;
use petgraph::algo::is_cyclic_directed;
use petgraph::graph::DiGraph;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (nodes, kind, ends) = input;
    // Most edges are of the graph, and half of those graphs have no cycle.
    let end = |end: u8| if kind % 8 == 0 { end } else { end % nodes.max(1) };
    let edge = |pair: &[u8]| match (end(pair[0]), end(pair[1])) {
        (u, v) if kind % 2 == 1 && u > v => (v.into(), u.into()),
        (u, v) => (u.into(), v.into()),
    };
    let nodes = usize::from(nodes);
    let edges: Vec<(u32, u32)> = ends.chunks_exact(2).map(edge).collect();
    let outside = edges.iter().position(|&(u, v)| u.max(v) as usize >= nodes);
    let built = Dag::from_edges(nodes, &edges);
    if let Some(outside) = outside {
        assert!(matches!(built, Err(DagError::UnknownNode { edge, .. }) if edge == outside), "{built:?}");
        return;
    }
    let mut graph = DiGraph::<(), ()>::from_edges(&edges);
    while graph.node_count() < nodes {
        graph.add_node(());
    }
    match built {
        Ok(dag) => {
            assert!(!is_cyclic_directed(&graph), "a cycle was overlooked");
            holds(dag.view(), &edges);
            is_accepted_by_itself(dag.view());
            in_memory_of_the_caller(dag.view(), &edges);
        }
        Err(DagError::Cycle(cycle)) => {
            assert!(is_cyclic_directed(&graph), "{cycle}");
            let path: Vec<u32> = cycle.path().map(NodeId::get).collect();
            assert!(oracle::is_real_cycle(&edges, &path), "{cycle}");
        }
        Err(other) => panic!("{other}"),
    }
});

/// The edges out of each node in the order in which they were given, their number into each, the marks, the
/// order.
fn holds(dag: DagView<'_>, edges: &[(u32, u32)]) {
    let order: Vec<u32> = dag.order().iter().map(|node| node.get()).collect();
    oracle::check_order(dag.node_count(), edges, &order).expect("a right order");
    assert_eq!(dag.edge_count(), edges.len());
    let mut given = vec![Vec::new(); dag.node_count()];
    let mut into = vec![0; dag.node_count()];
    for &(u, v) in edges {
        given[u as usize].push(v);
        into[v as usize] += 1;
    }
    assert_eq!(dag.in_degrees(), into);
    for (node, given) in (0..).map(NodeId::new).zip(given) {
        let row = dag.successors(node);
        assert!(row.iter().map(|edge| edge.target().get()).eq(given));
        assert!(row.iter().all(|edge| edge.is_sole() == (into[edge.target().index()] == 1)));
    }
    let roots = into.iter().filter(|&&degree| degree == 0).count();
    assert!(dag.roots().len() == roots && dag.roots().iter().all(|&root| dag.in_degree(root) == 0));
}

/// What one constructor makes passes the checks of the other.
fn is_accepted_by_itself(dag: DagView<'_>) {
    let (mut offsets, mut edges) = (vec![0], Vec::new());
    for node in (0..).take(dag.node_count()).map(NodeId::new) {
        edges.extend_from_slice(dag.successors(node));
        offsets.push(u32::try_from(edges.len()).expect("few edges"));
    }
    let parts = Parts { offsets: &offsets, edges: &edges, in_degrees: dag.in_degrees(), order: dag.order() };
    DagView::from_parts(parts, &mut vec![7; dag.node_count()]).expect("it was built here");
}

fn in_memory_of_the_caller(dag: DagView<'_>, edges: &[(u32, u32)]) {
    let nodes = dag.node_count();
    let (mut starts, mut in_degrees, mut scratch) = (vec![7; nodes], vec![7; nodes], vec![7; nodes]);
    let (mut row, mut order) = (vec![Edge::default(); edges.len()], vec![NodeId::new(7); nodes]);
    let storage =
        Storage { starts: &mut starts, edges: &mut row, in_degrees: &mut in_degrees, order: &mut order };
    let view = DagView::from_edges(edges, storage, &mut scratch).expect("the same verdict");
    assert!((0..).map(NodeId::new).take(nodes).all(|node| view.successors(node) == dag.successors(node)));
    assert_eq!((view.in_degrees(), view.order()), (dag.in_degrees(), dag.order()));
}
