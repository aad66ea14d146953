//! Supersteps: each node once, after what it depends on, and nothing of one lane beside what another lane has in the
//! same superstep; on random graphs, and how good they are on some with known answers.

use dgraph_exec::{AsDag, Dag, NodeId, Supersteps};
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::shapes::Shape;
use dgraph_tests::splitmix::SplitMix64;
use proptest::prelude::*;

/// Where a node is: superstep, lane, position.
type Place = (usize, usize, usize);

/// The place of each node, which there is one of.
fn places(supersteps: &Supersteps, nodes: usize) -> Vec<Place> {
    let mut places = vec![None; nodes];
    for superstep in 0..supersteps.len() {
        for lane in 0..supersteps.lanes() {
            for (position, node) in supersteps.part(superstep, lane).iter().enumerate() {
                assert_eq!(places[node.index()].replace((superstep, lane, position)), None, "{node} twice");
            }
        }
    }
    places.into_iter().map(|place| place.expect("each node has a place")).collect()
}

fn check(supersteps: &Supersteps, edges: &[(u32, u32)], weights: &[u32], wait: u32) {
    let places = places(supersteps, weights.len());
    for &(from, to) in edges {
        let (before, after) = (places[from as usize], places[to as usize]);
        let same_part = (before.0, before.1) == (after.0, after.1);
        assert!(
            before.0 < after.0 || same_part && before.2 < after.2,
            "{from} at {before:?}, {to} at {after:?}"
        );
    }
    let part = |superstep, lane| {
        let weights = supersteps.part(superstep, lane).iter().map(|node| u64::from(weights[node.index()]));
        weights.sum::<u64>()
    };
    let longest = |superstep| (0..supersteps.lanes()).map(|lane| part(superstep, lane)).max().unwrap_or(0);
    let cost: u64 = (0..supersteps.len()).map(|superstep| longest(superstep) + u64::from(wait)).sum();
    assert_eq!(supersteps.cost(), cost);
    let order: Vec<NodeId> = (0..supersteps.len())
        .flat_map(|at| (0..supersteps.lanes()).flat_map(move |lane| supersteps.part(at, lane)))
        .copied()
        .collect();
    assert_eq!(supersteps.nodes(), order);
}

proptest! {
    #[test]
    fn nothing_comes_before_what_it_depends_on(
        seed in any::<u64>(),
        nodes in 1_u32..200,
        density in 0_u32..6,
        lanes in 1_usize..6,
        wait in 0_u32..2_000,
        longest in 1_u32..3_000,
    ) {
        let mut random = SplitMix64::new(seed);
        let edges = random_shape(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
        let weights: Vec<u32> = (0..nodes).map(|_| random.below(longest)).collect();
        let supersteps = dag.view().supersteps(lanes, wait, |node| weights[node.index()]);
        check(&supersteps, &edges, &weights, wait);
        // They are this graph's, so it keeps them.
        let kept = dag.supersteps_by(Some(&mut |_| Some(supersteps.clone())));
        prop_assert_eq!(kept, Some(&supersteps));
    }
}

#[test]
fn those_of_another_graph_are_not_kept() {
    let graph = |edges: &[(u32, u32)]| Dag::from_edges(3, edges).expect("acyclic");
    let chain = graph(&[(0, 1), (1, 2)]);
    for other in [graph(&[]), graph(&[(2, 1), (1, 0)]), Dag::from_edges(4, &[]).expect("acyclic")] {
        let of_other = other.view().supersteps(2, 1, |_| 10);
        let chain = chain.clone();
        assert_eq!(chain.supersteps_by(Some(&mut |_| Some(of_other.clone()))), None);
    }
}

/// How much longer than half the work two threads would take, in per cent.
fn excess(shape: Shape, nodes: usize, weight: u32, wait: u32) -> u64 {
    let (nodes, edges) = shape.edges(nodes);
    let supersteps = Dag::from_edges(nodes, &edges).expect("acyclic").view().supersteps(2, wait, |_| weight);
    check(&supersteps, &edges, &vec![weight; nodes], wait);
    supersteps.cost() * 200 / (nodes as u64 * u64::from(weight)) - 100
}

/// A grid has as many levels as a side and a half, and far fewer supersteps are needed; a tree has hardly any.
#[test]
fn few_waits_where_there_need_be_few() {
    assert!(excess(Shape::Wave, 40_000, 20, 800) < 20);
    assert!(excess(Shape::Tree, 30_000, 20, 800) < 10);
    assert!(excess(Shape::Wave, 40_000, 2_000, 800) < 5);
    assert!(excess(Shape::Layered, 10_000, 2_000, 800) < 5);
}
