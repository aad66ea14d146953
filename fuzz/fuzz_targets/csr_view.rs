//! Arbitrary untrusted arrays: no panic, and what is accepted is a graph.
#![no_main]

use dgraph_core::{DagView, Edge, NodeId, Parts};
use dgraph_tests::oracle;
use libfuzzer_sys::fuzz_target;

type Input = (Vec<u8>, Vec<(u8, bool)>, Vec<u8>, Vec<u8>, u8);

fuzz_target!(|input: Input| {
    let (offsets, edges, in_degrees, order, scratch) = input;
    let offsets: Vec<u32> = offsets.into_iter().map(u32::from).collect();
    let edge = |(target, sole): (u8, bool)| {
        let edge = Edge::to(NodeId::new(target.into()));
        if sole { edge.marked_sole() } else { edge }
    };
    let edges: Vec<Edge> = edges.into_iter().map(edge).collect();
    let in_degrees: Vec<u32> = in_degrees.into_iter().map(u32::from).collect();
    let order: Vec<NodeId> = order.into_iter().map(|node| NodeId::new(node.into())).collect();
    let mut scratch = vec![7; scratch.into()];
    let parts = Parts { offsets: &offsets, edges: &edges, in_degrees: &in_degrees, order: &order };
    if let Ok(dag) = DagView::from_parts(parts, &mut scratch) {
        let nodes = dag.nodes();
        let row = |node: u32| dag.successors(NodeId::new(node)).iter().map(move |edge| (node, edge));
        let pairs: Vec<_> = (0..).take(nodes).flat_map(row).collect();
        for (_, edge) in &pairs {
            assert_eq!(edge.is_sole(), dag.in_degree(edge.target()) == 1);
        }
        let pairs: Vec<_> = pairs.into_iter().map(|(node, edge)| (node, edge.target().get())).collect();
        let order: Vec<u32> = dag.order().iter().map(|node| node.get()).collect();
        oracle::check_order(nodes, &pairs, &order).expect("a right order");
    }
});
