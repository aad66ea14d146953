//! Supersteps: each node once, after what it depends on, and nothing of one lane beside what another lane has
//! in the same superstep; on random graphs, and how good they are on some with known answers.

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

/// The position of what is at this place.
fn before_end(supersteps: &Supersteps, (superstep, lane, position): Place) -> u32 {
    supersteps.bounds(superstep)[lane] + position as u32
}

/// Threads that run the lanes and wait at their points, in a simulation: how far each node's lane knows the
/// others to be when it begins, and when all is done.
fn run_by_points(supersteps: &Supersteps, weights: &[u32], wait: u32) -> (Vec<Vec<u32>>, u64) {
    let lanes = supersteps.lanes();
    // What each lane has still to do: a node at a position, a point, or to tell at the end of its part.
    enum Act {
        Run(u32),
        Wait(usize, u32),
        Tell(u32),
    }
    let mut acts: Vec<std::collections::VecDeque<Act>> = (0..lanes).map(|_| [].into()).collect();
    for superstep in 0..supersteps.len() {
        for (lane, acts) in acts.iter_mut().enumerate() {
            let bounds = supersteps.bounds(superstep);
            let mut points = supersteps.points(superstep, lane).iter().peekable();
            for position in bounds[lane]..bounds[lane + 1] {
                while let Some(point) = points.next_if(|point| point.position == position) {
                    acts.push_back(Act::Tell(position));
                    if point.lane as usize != lane {
                        acts.push_back(Act::Wait(point.lane as usize, point.until));
                    }
                }
                acts.push_back(Act::Run(position));
            }
            assert_eq!(points.next(), None, "in order, within the part");
            acts.push_back(Act::Tell(bounds[lane + 1]));
        }
    }
    let mut known = vec![vec![0; lanes]; lanes];
    let mut known_by = vec![vec![]; weights.len()];
    // What each lane has told, and when.
    let mut told: Vec<Vec<(u32, u64)>> = vec![vec![]; lanes];
    let mut clocks = vec![0; lanes];
    while acts.iter().any(|acts| !acts.is_empty()) {
        let mut moved = false;
        for lane in 0..lanes {
            while let Some(act) = acts[lane].front() {
                match *act {
                    Act::Run(position) => {
                        let node = supersteps.nodes()[position as usize].index();
                        known_by[node].clone_from(&known[lane]);
                        clocks[lane] += u64::from(weights[node]);
                    }
                    Act::Tell(position) => {
                        let now = clocks[lane];
                        told[lane].push((position, now));
                    }
                    Act::Wait(other, until) => {
                        let Some(&(_, at)) = told[other].iter().find(|told| told.0 >= until) else { break };
                        clocks[lane] = clocks[lane].max(at + u64::from(wait));
                        known[lane][other] = until;
                    }
                }
                acts[lane].pop_front();
                moved = true;
            }
        }
        assert!(moved, "they wait for each other");
    }
    let last = clocks.into_iter().max().expect("at least one lane");
    (known_by, if weights.is_empty() { 0 } else { last + u64::from(wait) })
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
    let (points, cost) = run_by_points(supersteps, weights, wait);
    let work = weights.iter().copied().map(u64::from).sum();
    assert_eq!((supersteps.cost(), supersteps.work()), (cost, work));
    for &(from, to) in edges {
        let (before, after) = (places[from as usize], places[to as usize]);
        assert!(before.1 == after.1 || points[to as usize][before.1] > before_end(supersteps, before));
    }
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

proptest! {
    /// Nodes that are bound are all in the first lane, and all nodes somewhere, also if a wait takes nothing.
    #[test]
    fn bound_nodes_are_in_the_first_lane(
        seed in any::<u64>(),
        nodes in 1_u32..100,
        density in 0_u32..4,
        lanes in 1_usize..6,
        wait in prop_oneof![Just(0), 0_u32..2_000],
        weight in prop_oneof![Just(0), 0_u32..3_000],
        one_in in 1_u32..6,
        ranked in any::<bool>(),
    ) {
        let mut random = SplitMix64::new(seed);
        let edges = random_shape(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
        let bound: Vec<bool> = (0..nodes).map(|_| random.below(one_in) == 0).collect();
        let rank = |node: NodeId| nodes - node.get();
        let rank: Option<&dyn Fn(NodeId) -> u32> = if ranked { Some(&rank) } else { None };
        let is_bound = |node: NodeId| bound[node.index()];
        let supersteps = dag.view().supersteps_with(lanes, wait, |_| weight, rank, is_bound);
        check(&supersteps, &edges, &vec![weight; nodes as usize], wait);
        let places = places(&supersteps, nodes as usize);
        prop_assert!(places.iter().zip(&bound).all(|(&(_, lane, _), &bound)| lane == 0 || !bound));
    }
}

#[test]
fn bound_nodes_and_waits_that_take_nothing() {
    let dag = Dag::from_edges(3, &[]).expect("acyclic");
    let supersteps = dag.view().supersteps_with(2, 0, |_| 1, None, |_| true);
    check(&supersteps, &[], &[1; 3], 0);
    assert!((0..supersteps.len()).all(|superstep| supersteps.part(superstep, 1).is_empty()));
}

/// Whether each node comes after what it depends on, and knows of it if that is in another lane.
fn are_of(supersteps: &Supersteps, edges: &[(u32, u32)], nodes: usize) -> bool {
    let places = places(supersteps, nodes);
    let (known, _) = run_by_points(supersteps, &vec![1; nodes], 0);
    edges.iter().all(|&(from, to)| {
        let (before, after) = (places[from as usize], places[to as usize]);
        let same_part = (before.0, before.1) == (after.0, after.1);
        let knows = before.1 == after.1 || known[to as usize][before.1] > before_end(supersteps, before);
        (before.0 < after.0 || same_part && before.2 < after.2) && knows
    })
}

proptest! {
    /// A graph with a few edges more keeps those of the first one only if they are its own as well. (Unsafe
    /// code relies on that.)
    #[test]
    fn those_of_a_similar_graph(
        seed in any::<u64>(),
        nodes in 2_u32..40,
        density in 0_u32..4,
        lanes in 2_usize..4,
        wait in 0_u32..20,
        more in 1..3,
    ) {
        let mut random = SplitMix64::new(seed);
        let mut edges = random_shape(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
        let of = |dag: &Dag| dag.view().supersteps(lanes, wait, |_| 5);
        let supersteps = of(&dag);
        for _ in 0..more {
            let (one, other) = (random.below(nodes), random.below(nodes - 1));
            let other = if other < one { other } else { other + 1 };
            // Also against the order of the supersteps, if that doesn't close a cycle.
            edges.push([one, other].map(|at| supersteps.nodes()[at as usize].get()).into());
            if Dag::from_edges(nodes as usize, &edges).is_err() {
                edges.pop();
            }
        }
        let similar = || Dag::from_edges(nodes as usize, &edges).expect("no cycle");
        let keeps = |supersteps: Supersteps| {
            similar().supersteps_by(Some(&mut |_| Some(supersteps.clone()))).is_some()
        };
        // (It keeps none if its order is as good without them.)
        let expected = are_of(&supersteps, &edges, nodes as usize) && keeps(of(&similar()));
        prop_assert_eq!(keeps(supersteps), expected);
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

/// A grid has as many levels as a side and a half, and far fewer supersteps are needed; a tree has hardly
/// any.
#[test]
fn few_waits_where_there_need_be_few() {
    assert!(excess(Shape::Wave, 40_000, 20, 800) < 20);
    assert!(excess(Shape::Tree, 30_000, 20, 800) < 10);
    assert!(excess(Shape::Wave, 40_000, 2_000, 800) < 5);
    assert!(excess(Shape::Layered, 10_000, 2_000, 800) < 5);
}

/// Rows of a grid of three dimensions, as in a sparse triangular solve: no lane stops in the
/// middle of one, so it goes through memory in sequence.
#[test]
fn chains_are_not_cut() {
    const SIDE: u32 = 20;
    let nodes = SIDE.pow(3);
    let strides = [1, SIDE, SIDE * SIDE];
    let before = |node: u32| {
        let has_before = move |&by: &u32| node / by % SIDE > 0;
        strides.into_iter().filter(has_before).map(move |by| (node - by, node))
    };
    let edges: Vec<_> = (0..nodes).flat_map(before).collect();
    let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
    for (lanes, weight) in [(2, 10), (2, 20), (2, 30), (4, 5), (4, 20)] {
        let supersteps = dag.view().supersteps(lanes, 800, |_| weight);
        check(&supersteps, &edges, &vec![weight; nodes as usize], 800);
        let parts = (0..supersteps.len()).flat_map(|step| (0..lanes).map(move |lane| (step, lane)));
        let is_cut = |part: &[NodeId], at: usize| {
            let node = part[at].get();
            node % SIDE > 0 && (at == 0 || part[at - 1].get() + 1 != node)
        };
        let cuts = |part: &[NodeId]| (0..part.len()).filter(|&at| is_cut(part, at)).count();
        let cuts: usize = parts.map(|(step, lane)| cuts(supersteps.part(step, lane))).sum();
        assert!(cuts == 0, "{cuts} for {lanes} lanes, nodes of {weight}");
    }
}
