//! Items of nodes: what a node reads of those before it, whatever their numbers are.

use dgraph_core::{Dag, NodeId};
use dgraph_tests::splitmix::SplitMix64;

/// Numbers that have nothing to do with the order, so that predecessors lie below and above.
#[test]
fn items_by_number_and_in_order() {
    let nodes = 60;
    let mut random = SplitMix64::new(1);
    let mut names: Vec<u32> = (0..nodes).collect();
    random.shuffle(&mut names);
    let mut edges: Vec<(u32, u32)> = vec![];
    for later in 1..nodes {
        for _ in 0..random.below(4) {
            edges.push((names[random.below(later) as usize], names[later as usize]));
        }
    }
    let dag = Dag::from_edges(nodes as usize, &edges).expect("a valid graph");
    let mut items = vec![0_u64; nodes as usize];
    let mut ran = 0;
    dag.run_each(&mut items, |node, own, before| {
        let mut from: Vec<u32> =
            edges.iter().filter(|edge| edge.1 == node.get()).map(|edge| edge.0).collect();
        from.sort_unstable();
        let expected: Vec<u64> = from.iter().map(|&node| u64::from(node) + 1).collect();
        assert!(before.nodes().map(NodeId::get).eq(from.iter().copied()));
        assert_eq!((before.iter().len(), before.nodes().len()), (from.len(), from.len()));
        assert!(before.iter().eq(&expected));
        for other in (0..nodes).map(NodeId::new) {
            let item = from.contains(&other.get()).then_some(u64::from(other.get()) + 1);
            assert_eq!(before.get(other).copied(), item);
            if let Some(item) = item {
                assert_eq!(before[other], item);
            }
        }
        *own = u64::from(node.get()) + 1;
        ran += 1;
    });
    assert_eq!(ran, nodes);
}
