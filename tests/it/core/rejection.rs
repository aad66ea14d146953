//! What is no dependency graph, and what is none in arrays that nobody vouches for, is refused, and the fault
//! is named.

use dgraph_exec::{Dag, DagError, DagView, Edge, NodeId, Parts, PartsError};
use dgraph_tests::oracle;
use std::error::Error;

#[test]
fn edges_outside_the_graph() {
    let error = Dag::from_edges(2, &[(0, 1), (1, 2)]).expect_err("there is no node 2");
    assert_eq!(error, DagError::UnknownNode { edge: 1, node: 2, nodes: 2 });
    assert_eq!(error.to_string(), "edge 1 names node 2, but the graph has only 2 nodes");
}

/// From a node to one that it depends on. A long cycle is shortened. What `main` prints, the `Debug` text, is the message.
#[test]
fn texts_of_cycles() {
    let text = |nodes: u32| {
        let edges: Vec<_> = (0..nodes).map(|node| (node, (node + 1) % nodes)).collect();
        let error = Dag::from_edges(nodes as usize, &edges).expect_err("a cycle");
        assert_eq!(format!("{error:?}"), error.to_string());
        error.to_string()
    };
    assert_eq!(text(1), "dependency cycle: 0 -> 0");
    assert_eq!(text(3), "dependency cycle: 0 -> 2 -> 1 -> 0");
    let long = text(1000);
    assert!(long.starts_with("dependency cycle: 0 -> 999 -> "), "{long}");
    assert!(long.ends_with(" more) -> 0") && long.len() < 200, "{long}");
    let more = long.rsplit_once('(').and_then(|(_, rest)| rest.split_once(' ')).expect("a number").0;
    assert_eq!(long.matches(" -> ").count() - 1 + more.parse::<usize>().expect("a number"), 1000);
}

#[test]
fn too_many_nodes() {
    let nodes = (1 << 31) + 1;
    let error = Dag::from_edges(nodes, &[]).expect_err("too many");
    assert_eq!(error, DagError::TooManyNodes { nodes });
    assert!(error.source().is_none());
}

#[test]
fn cycles_of_bare_graphs() {
    let edges = [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)];
    let Err(DagError::Cycle(cycle)) = Dag::from_edges(5, &edges) else { panic!("there is a cycle") };
    let path: Vec<_> = cycle.path().map(|node| node.get()).collect();
    assert!(oracle::is_real_cycle(&edges, &path), "{cycle}");
    assert_eq!(path.len(), 4);
}

/// Untrusted arrays: what is wrong is named with its place.
#[test]
fn faults_of_untrusted_arrays() {
    let [sole, shared] = [Edge::to(NodeId::new(1)).marked_sole(), Edge::to(NodeId::new(1))];
    let order = [0, 1].map(NodeId::new);
    let right = Parts { offsets: &[0, 1, 1], edges: &[sole], in_degrees: &[0, 1], order: &order };
    let fault = |parts: Parts<'_>| {
        DagView::from_parts(parts, &mut [0; 2]).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(fault(right), Ok(()));
    let faults = [
        (Parts { offsets: &[0, 1], ..right }, "`offsets` has 2 entries, 3 are needed"),
        (Parts { in_degrees: &[0; 3], ..right }, "`in_degrees` has 3 entries, 2 are needed"),
        (
            Parts { order: &[NodeId::new(0); 3], offsets: &[0, 1, 1, 1], in_degrees: &[0, 1, 0], ..right },
            "`scratch` has 2 entries, 3 are needed",
        ),
        (Parts { offsets: &[1, 1, 1], ..right }, "offsets[0] = 1 is out of range or out of order"),
        (Parts { offsets: &[0, 1, 0], ..right }, "offsets[2] = 0 is out of range or out of order"),
        (Parts { offsets: &[0, 0, 0], ..right }, "offsets[2] = 0 is out of range or out of order"),
        (
            Parts { edges: &[Edge::to(NodeId::new(2))], ..right },
            "edges[0] leads to node 2, which doesn't exist",
        ),
        (Parts { in_degrees: &[0, 2], ..right }, "in_degrees[1] = 2, but 1 edges lead there"),
        (Parts { edges: &[shared], ..right }, "edges[0] is not marked, but it is the only edge to node 1"),
        (
            Parts { edges: &[sole, shared], offsets: &[0, 2, 2], in_degrees: &[0, 2], ..right },
            "edges[0] is marked, but it is not the only edge to node 1",
        ),
    ];
    for (parts, text) in faults {
        assert_eq!(fault(parts), Err(text.to_string()));
    }
    let backwards = [1, 0].map(NodeId::new);
    let error = fault(Parts { order: &backwards, ..right }).expect_err("node 1 comes first");
    assert!(error.starts_with("order[0] = 1 "), "{error}");
}

/// Runners take the roots from the front of the order; one behind another node was never run, and its run
/// never ended.
#[test]
fn a_root_late_in_an_untrusted_order() {
    let edges = [Edge::to(NodeId::new(1)).marked_sole()];
    let order = [0, 1, 2].map(NodeId::new);
    let parts = Parts { offsets: &[0, 1, 1, 1], edges: &edges, in_degrees: &[0, 1, 0], order: &order };
    let error = DagView::from_parts(parts, &mut [0; 3]).expect_err("the root 2 comes late");
    assert_eq!(error, PartsError::Order { at: 2, node: NodeId::new(2) });
}
