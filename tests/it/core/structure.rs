//! Levels, orders, critical paths and DOT, on small graphs with known answers and on random ones against the
//! oracle.

use crate::support::runner::executor;
use dgraph_exec::{AsDag, Dag, DagError, DagView, Edge, Levels, NodeId, Parts, Storage};
use dgraph_tests::oracle;
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::splitmix::SplitMix64;
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The levels of a graph of numbers, each sorted: of each number, those that it depends on.
fn levels(dependencies: &[(u32, &[u32])]) -> Vec<Vec<u32>> {
    let mut keys: Vec<u32> =
        dependencies.iter().flat_map(|(key, listed)| [&[*key], *listed].concat()).collect();
    keys.sort_unstable();
    keys.dedup();
    let number = |key: u32| keys.binary_search(&key).expect("one of the keys") as u32;
    let mut edges = vec![];
    for &(key, listed) in dependencies {
        edges.extend(listed.iter().map(|&from| (number(from), number(key))));
    }
    let dag = Dag::from_edges(keys.len(), &edges).expect("a valid graph");
    let level = |nodes: &[NodeId]| {
        let mut keys: Vec<u32> = nodes.iter().map(|node| keys[node.index()]).collect();
        keys.sort_unstable();
        keys
    };
    dag.view().levels().iter().map(level).collect()
}

#[test]
fn three_levels() {
    let found = levels(&[(2, &[11]), (9, &[11, 8]), (10, &[11, 3]), (11, &[7, 5]), (8, &[7, 3])]);
    assert_eq!(found, [vec![3, 5, 7], vec![8, 11], vec![2, 9, 10]]);
}

#[test]
fn seven_levels() {
    let found = levels(&[
        (0, &[1, 2]),
        (1, &[3]),
        (2, &[5, 6]),
        (3, &[4]),
        (4, &[9]),
        (5, &[3]),
        (6, &[7]),
        (7, &[8]),
        (8, &[4]),
        (9, &[]),
    ]);
    assert_eq!(found, [vec![9], vec![4], vec![3, 8], vec![1, 5, 7], vec![6], vec![2], vec![0]]);
}

#[test]
fn levels_with_parallel_edges() {
    assert_eq!(levels(&[(1, &[2]), (3, &[4]), (0, &[2, 4, 4, 4, 4, 4])]), [vec![2, 4], vec![0, 1, 3]]);
}

#[test]
fn no_levels() {
    let dag = Dag::from_edges(0, &[]).expect("a valid graph");
    assert!(dag.view().levels().is_empty());
    assert_eq!(dag.view().critical_path(|_| 1).length, 0);
    assert_eq!(dag.view().dot(|node| node).to_string(), "digraph {\n}\n");
}

#[test]
fn critical_path_saturates() {
    let dag = Dag::from_edges(2, &[(0, 1)]).expect("a valid graph");
    assert_eq!(dag.view().critical_path(|_| u64::MAX).length, u64::MAX);
}

/// The reversed graph has the same edges, turned round; what it says comes before each node is the oracle's.
fn check_reversed(dag: &Dag, edges: &[(u32, u32)]) -> Result<(), TestCaseError> {
    let nodes = dag.view().node_count();
    let mut turned: Vec<_> = edges.iter().map(|&(u, v)| (v, u)).collect();
    turned.sort_unstable();
    check_structure(dag.reversed().view(), &turned)?;
    let order: Vec<_> = dag.reversed().view().order().iter().map(|node| node.get()).collect();
    prop_assert_eq!(oracle::check_order(nodes, &turned, &order), Ok(()));
    for (node, mut before) in (0..).map(NodeId::new).zip(Predecessors::new(nodes, edges).lists()) {
        before.sort_unstable();
        prop_assert!(dag.predecessors(node).map(NodeId::get).eq(before));
    }
    // Kept, once for all clones, and for a graph whose order was changed, too.
    prop_assert!(std::ptr::eq(dag.reversed(), dag.clone().reversed()));
    prop_assert_eq!(dag.clone().depth_first().reversed().view().edge_count(), edges.len());
    Ok(())
}

proptest! {
    /// Any list of edges gets the oracle's verdict: a graph with a right order, or a real cycle.
    #[test]
    fn verdicts_agree(nodes in 0_usize..12, edges in prop::collection::vec((0_u32..12, 0_u32..12), 0..30)) {
        let edges: Vec<_> = edges.into_iter().filter(|&(u, v)| u.max(v) < nodes as u32).collect();
        match Dag::from_edges(nodes, &edges) {
            Ok(dag) => {
                let order: Vec<_> = dag.view().order().iter().map(|node| node.get()).collect();
                prop_assert_eq!(oracle::check_order(nodes, &edges, &order), Ok(()));
                check_structure(dag.view(), &edges)?;
            }
            Err(DagError::Cycle(cycle)) => {
                let path: Vec<_> = cycle.path().map(|node| node.get()).collect();
                prop_assert!(oracle::has_cycle(nodes, &edges));
                prop_assert!(oracle::is_real_cycle(&edges, &path), "{}", cycle);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    /// Sparse random graphs, where acyclic ones are the rule.
    #[test]
    fn random_graphs(seed: u64, nodes in 0_u32..60, density in 0_u32..4) {
        let edges = random_dag(&mut SplitMix64::new(seed), nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic by construction");
        check_structure(dag.view(), &edges)?;
        check_reversed(&dag, &edges)?;
    }

    /// Counting that starts in the middle of the order: the rest becomes ready as if it had been counted all
    /// along. Where all edges lead to higher numbers, the order is that of the numbers, but for the roots.
    #[test]
    fn ascending_graphs(seed: u64, nodes in 0_u32..60, density in 0_u32..4) {
        let mut edges = random_dag(&mut SplitMix64::new(seed), nodes, density);
        let shuffled = Dag::from_edges(nodes as usize, &edges).expect("a valid graph");
        let mut number = vec![0; nodes as usize];
        shuffled.view().order().iter().zip(0..).for_each(|(node, new)| number[node.index()] = new);
        edges.iter_mut().for_each(|(from, to)| (*from, *to) = (number[*from as usize], number[*to as usize]));
        let dag = Dag::from_edges(nodes as usize, &edges).expect("a valid graph");
        check_structure(dag.view(), &edges)?;
        let (roots, others) = dag.view().order().split_at(dag.view().roots().len());
        prop_assert!(roots.is_sorted() && others.is_sorted());
    }

    /// From any set of nodes that holds, with a node, all that it depends on.
    #[test]
    fn counting_from_the_middle(seed: u64, nodes in 1_u32..40, density in 0_u32..4, done: prop::sample::Index) {
        let mut random = SplitMix64::new(seed);
        let edges = random_dag(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic by construction");
        let mut in_degrees = dag.view().in_degrees().to_vec();
        let mut ready = dag.view().roots().to_vec();
        let mut order = Vec::new();
        for _ in 0..done.index(nodes as usize + 1) {
            let node = ready.swap_remove(random.below(ready.len() as u32) as usize);
            for edge in dag.view().successors(node) {
                in_degrees[edge.target().index()] -= 1;
                ready.extend((in_degrees[edge.target().index()] == 0).then_some(edge.target()));
            }
            order.push(node);
        }
        let left: Vec<_> = dag.view().order().iter().copied().filter(|node| !order.contains(node)).collect();
        let lent = dag.lend_countdown().expect("nobody else has it");
        let mut ready = Vec::new();
        lent.countdown().resume(left.iter().copied(), |node| ready.push(node));
        while let Some(node) = ready.pop() {
            order.push(node);
            lent.countdown().complete(node, |next| ready.push(next));
        }
        let order: Vec<_> = order.iter().map(|node| node.get()).collect();
        prop_assert_eq!(oracle::check_order(nodes as usize, &edges, &order), Ok(()));
        prop_assert!(lent.countdown().is_at_rest());
    }

    /// Untrusted arrays: what is accepted has every promised property, and a graph's own arrays are accepted.
    #[test]
    fn untrusted_parts(
        seed: u64,
        nodes in 0_u32..10,
        density in 0_u32..3,
        tampering in prop::collection::vec((0_usize..4, 0_usize..16, 0_u32..16, any::<bool>()), 0..3),
    ) {
        let edges = random_dag(&mut SplitMix64::new(seed), nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic by construction");
        let mut parts = OwnedParts::of(dag.view());
        for &(array, at, value, sole) in &tampering {
            parts.tamper(array, at, value, sole);
        }
        let mut scratch = vec![0; nodes as usize];
        let checked = DagView::from_parts(parts.borrow(), &mut scratch);
        if let Ok(view) = checked {
            let edges = parts.pairs();
            check_structure(view, &edges)?;
            let order: Vec<_> = view.order().iter().map(|node| node.get()).collect();
            prop_assert_eq!(oracle::check_order(view.node_count(), &edges, &order), Ok(()));
            let ran = AtomicUsize::new(0);
            executor(2).run(&view, |_| {
                ran.fetch_add(1, Relaxed);
            });
            prop_assert_eq!(ran.into_inner(), view.node_count());
        } else {
            prop_assert!(!tampering.is_empty(), "{:?}", checked);
        }
    }
}

fn check_structure(dag: DagView<'_>, edges: &[(u32, u32)]) -> Result<(), TestCaseError> {
    let nodes = || (0..).map(NodeId::new).take(dag.node_count());
    prop_assert_eq!(dag.edge_count(), edges.len());
    for node in nodes() {
        let successors: Vec<u32> = dag.successors(node).iter().map(|edge| edge.target().get()).collect();
        let listed: Vec<u32> = edges.iter().filter(|edge| edge.0 == node.get()).map(|edge| edge.1).collect();
        prop_assert_eq!(successors, listed, "successors keep the order of the edges");
        let incoming = edges.iter().filter(|edge| edge.1 == node.get()).count();
        prop_assert_eq!(dag.in_degree(node) as usize, incoming);
        for edge in dag.successors(node) {
            prop_assert_eq!(edge.is_sole(), dag.in_degree(edge.target()) == 1);
        }
    }
    let mut levels = vec![0; dag.node_count()];
    let count = dag.levels_into(&mut levels);
    let expected = oracle::levels(dag.node_count(), edges);
    prop_assert_eq!(Some(&levels), expected.as_ref());
    check_levels(&dag.levels(), &levels, count)?;
    let weights: Vec<u64> = nodes().map(|node| u64::from(node.get() * 7 % 5)).collect();
    let path = dag.critical_path(|node| weights[node.index()]);
    prop_assert_eq!(path.length, oracle::critical_path(edges, &weights));
    prop_assert_eq!(path.nodes.iter().map(|node| weights[node.index()]).sum::<u64>(), path.length);
    for pair in path.nodes.windows(2) {
        prop_assert!(edges.contains(&(pair[0].get(), pair[1].get())));
    }
    Ok(())
}

/// The nodes of each level ascend, and can be had from both ends.
fn check_levels(found: &Levels, level_of: &[u32], count: usize) -> Result<(), TestCaseError> {
    let of = |level| {
        (0..).map(NodeId::new).zip(level_of).filter(move |&(_, &of)| of == level).map(|(node, _)| node)
    };
    let expected: Vec<Vec<NodeId>> = (0..count as u32).map(|level| of(level).collect()).collect();
    prop_assert_eq!(found.len(), count);
    prop_assert_eq!(found.is_empty(), count == 0);
    prop_assert_eq!(found.nodes(), expected.concat());
    prop_assert!(found.iter().eq(&expected));
    prop_assert!(found.iter().rev().eq(expected.iter().rev()));
    let mut iter = found.into_iter();
    for left in (0..count).rev() {
        let next = if left % 2 == 0 { iter.next() } else { iter.next_back() };
        prop_assert!(next.is_some());
        prop_assert_eq!(iter.size_hint(), (left, Some(left)));
    }
    prop_assert!(iter.next().is_none() && iter.next_back().is_none());
    Ok(())
}

/// The arrays of a graph, to tamper with.
struct OwnedParts {
    offsets: Vec<u32>,
    edges: Vec<Edge>,
    in_degrees: Vec<u32>,
    order: Vec<NodeId>,
}

impl OwnedParts {
    fn of(dag: DagView<'_>) -> Self {
        let mut offsets = vec![0];
        let mut edges = Vec::new();
        for node in (0..).map(NodeId::new).take(dag.node_count()) {
            edges.extend_from_slice(dag.successors(node));
            offsets.push(edges.len() as u32);
        }
        Self { offsets, edges, in_degrees: dag.in_degrees().to_vec(), order: dag.order().to_vec() }
    }

    fn tamper(&mut self, array: usize, at: usize, value: u32, sole: bool) {
        let edge = Edge::to(NodeId::new(value));
        match array {
            0 => set(&mut self.offsets, at, value),
            1 => set(&mut self.edges, at, if sole { edge.marked_sole() } else { edge }),
            2 => set(&mut self.in_degrees, at, value),
            _ => set(&mut self.order, at, NodeId::new(value)),
        }
    }

    fn borrow(&self) -> Parts<'_> {
        Parts { offsets: &self.offsets, edges: &self.edges, in_degrees: &self.in_degrees, order: &self.order }
    }

    fn pairs(&self) -> Vec<(u32, u32)> {
        let row = |node: usize| &self.edges[self.offsets[node] as usize..self.offsets[node + 1] as usize];
        let targets = |node: usize| row(node).iter().map(move |edge| (node as u32, edge.target().get()));
        (0..self.order.len()).flat_map(targets).collect()
    }
}

fn set<T>(values: &mut [T], at: usize, value: T) {
    if let Some(slot) = values.get_mut(at) {
        *slot = value;
    }
}

#[test]
fn storage_of_the_wrong_length() {
    let mut edges = [Edge::default(); 1];
    let storage = Storage {
        starts: &mut [0; 2],
        edges: &mut edges,
        in_degrees: &mut [0; 3],
        order: &mut [NodeId::default(); 2],
    };
    let error = DagView::from_edges(&[(0, 1)], storage, &mut [0; 2]).expect_err("in_degrees is too long");
    assert_eq!(error, DagError::WrongLength { slice: "in_degrees", needed: 2, given: 3 });
}
