//! The search for a missing edge: what it finds, and what it says if there is nothing to find.

use dgraph_exec::{Graph, GraphBuilder, Node, NodeId, RunOptions, SearchError, find_missing_edge};
use dgraph_tests::oracle;
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What each node leaves beside the graph follows from what its predecessors have left there by `edges`;
/// those that are `drawn` are all that the graph knows.
fn check(nodes: u32, edges: &[(u32, u32)], drawn: &[(u32, u32)], options: &RunOptions) -> bool {
    let left: Vec<_> = (0..nodes).map(|_| AtomicU64::new(0)).collect();
    let before = |node: u32| edges.iter().filter(move |(_, to)| *to == node).map(|(from, _)| *from);
    let left_by = |node: u32| left[node as usize].load(Relaxed);
    let mut graph = GraphBuilder::new();
    let numbers: Vec<Node<()>> = (0..nodes)
        .map(|node| {
            let left = &left;
            graph.node(format!("n{node}"), (), move || {
                let value = oracle::value(node as usize, before(node).map(left_by));
                left[node as usize].store(value << 1 | 1, Relaxed);
            })
        })
        .collect();
    drawn.iter().for_each(|&(from, to)| graph.after(numbers[to as usize], [numbers[from as usize]]));
    graph.build().expect("an acyclic graph").with(options).run().expect("no node fails");
    let all_before = |node: u32| oracle::value(node as usize, before(node).map(left_by)) << 1 | 1;
    (0..nodes).all(|node| left_by(node) == all_before(node))
}

fn connects(edges: &[(u32, u32)], from: u32, to: u32) -> bool {
    let mut reached = BTreeSet::from([from]);
    loop {
        let more: BTreeSet<u32> =
            edges.iter().filter(|(u, _)| reached.contains(u)).map(|(_, v)| *v).collect();
        if more.is_subset(&reached) {
            return reached.contains(&to);
        }
        reached.extend(more);
    }
}

/// Of random graphs one edge is left out that no path replaces: 200 runs find it.
#[test]
fn finds_the_edge_that_was_left_out() {
    let mut random = SplitMix64::new(1);
    let mut found = 0;
    while found < 100 {
        let nodes = 2 + random.below(30);
        let density = 1 + random.below(3);
        let mut edges = random_dag(&mut random, nodes, density);
        edges.sort_unstable();
        edges.dedup();
        let Some(bound) = u32::try_from(edges.len()).ok().filter(|&count| count > 0) else { continue };
        let left_out = edges[random.below(bound) as usize];
        let drawn: Vec<_> = edges.iter().copied().filter(|&edge| edge != left_out).collect();
        let edge = find_missing_edge(0..185, |options| check(nodes, &edges, &drawn, options));
        if connects(&drawn, left_out.0, left_out.1) {
            assert_eq!(edge, Ok(None), "a path replaces it");
            continue;
        }
        let edge = edge.expect("nothing but the order decides").expect("an edge is missing");
        assert_eq!((edge.from().id().get(), edge.to().id().get()), left_out);
        let again = edge.seed().into_iter().fold(RunOptions::new(), RunOptions::shuffle);
        assert!(!check(nodes, &edges, &drawn, &again));
        assert!(edge.runs() <= 200);
        found += 1;
    }
}

/// If several edges are missing, it is one of them.
#[test]
fn finds_one_of_many() {
    let mut random = SplitMix64::new(2);
    for _ in 0..30 {
        let mut edges = random_dag(&mut random, 20, 2);
        edges.sort_unstable();
        edges.dedup();
        let drawn: Vec<_> = edges.iter().copied().filter(|_| random.below(4) > 0).collect();
        match find_missing_edge(0..200, |options| check(20, &edges, &drawn, options)) {
            Ok(Some(edge)) => {
                let edge = (edge.from().id().get(), edge.to().id().get());
                assert!(edges.contains(&edge) && !connects(&drawn, edge.0, edge.1));
            }
            Ok(None) => assert!(edges.iter().all(|&(from, to)| connects(&drawn, from, to))),
            // The order of declaration isn't one of the whole graph's, so too many orders fail.
            Err(error) => assert!(matches!(error, SearchError::AlwaysFails { .. })),
        }
    }
}

/// A node that has to come last, after a chain that every order has to delay it past.
#[test]
fn finds_an_edge_from_the_end_of_a_chain() {
    let chain: Vec<_> = (1..40).map(|node| (node, node + 1)).collect();
    let edges: Vec<_> = chain.iter().copied().chain([(0, 40)]).collect();
    let edge = find_missing_edge(0..200, |options| check(41, &edges, &chain, options));
    let edge = edge.expect("nothing but the order decides").expect("an edge is missing");
    assert_eq!((edge.from().name(), edge.to().name()), ("n0", "n40"));
}

/// A node that panics if it comes too early; nodes that wait, one at a time, in a graph with inputs and
/// priorities.
#[test]
fn finds_why_a_node_panics() {
    let edge = find_missing_edge(0..200, |options| {
        let opened = AtomicU64::new(0);
        let opened = &opened;
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let input = graph.input::<u64>("input");
        let open = graph.async_node("open", (input,), move |number: &u64| {
            opened.store(*number, Relaxed);
            yields(2)
        });
        let other = graph.node("other", (), || ());
        let read = graph.node("read", (other,), move |(): &()| {
            assert_eq!(opened.load(Relaxed), 7, "not open");
        });
        graph.limited(open, one);
        graph.limited(read, one);
        graph.priority(open, 1);
        let mut graph = graph.build().expect("a valid graph");
        graph.set(input, 7);
        graph.with(options).run().is_ok()
    });
    let edge = edge.expect("nothing but the order decides").expect("an edge is missing");
    let (seed, runs) = (edge.seed().expect("as declared all is well"), edge.runs());
    assert!(runs < 20);
    assert_eq!(
        edge.to_string(),
        format!("missing edge: open -> read (the other way round with seed {seed}; {runs} runs)")
    );
}

/// Only the order of declaration is wrong.
#[test]
fn the_order_of_declaration_fails() {
    let edge = find_missing_edge(1..2, |options| check(2, &[(1, 0)], &[], options));
    let again = find_missing_edge(0..100, |options| check(2, &[(1, 0)], &[], options));
    for edge in [edge, again].into_iter().flatten().flatten() {
        assert_eq!((edge.from().id(), edge.to().id()), (NodeId::new(1), NodeId::new(0)));
    }
}

#[test]
fn what_is_wrong_with_a_check() {
    let run = |options: &RunOptions, nodes: usize| {
        let mut graph = GraphBuilder::new();
        (0..nodes).for_each(|_| _ = graph.node("", (), || ()));
        graph.build().expect("a valid graph").with(options).run().is_ok()
    };
    assert_eq!(find_missing_edge(0..10, |options| run(options, 3)), Ok(None));
    assert_eq!(find_missing_edge([], |_| unreachable!("no seeds")), Ok(None));
    assert_eq!(find_missing_edge(0..10, |_| true), Err(SearchError::NothingRan));
    assert_eq!(find_missing_edge(0..10, |_| panic!("planned")), Err(SearchError::NothingRan));
    let fails = find_missing_edge(0..10, |options| !run(options, 3));
    assert_eq!(fails, Err(SearchError::AlwaysFails { runs: 11 }));
    let calls = Cell::new(0);
    let count = || calls.replace(calls.get() + 1);
    let changed = find_missing_edge(0..10, |options| run(options, 3 + count()));
    assert_eq!(changed, Err(SearchError::GraphChanged));
    calls.set(0);
    let flaky = find_missing_edge(0..10, |options| run(options, 3) && count() != 2);
    assert_eq!(flaky, Err(SearchError::NotReproducible { seed: 1 }));
}

/// The order within a graph that is a node is none of the graph that it is in.
#[test]
fn graphs_that_are_nodes_count_as_one() {
    let edge = find_missing_edge(0..100, |options| {
        let last = AtomicU64::new(0);
        let last = &last;
        let mut part = GraphBuilder::new();
        (1..4).for_each(|number| _ = part.node("", (), move || last.store(number, Relaxed)));
        let mut graph = GraphBuilder::new();
        let part = part.build().expect("a valid graph");
        let part = graph.graph("part", (), part, |_: &mut Graph<'_>| {}, |_| ());
        let look = graph.node("look", (), move || last.load(Relaxed) != 0);
        let mut graph = graph.build().expect("a valid graph");
        let seen = graph.with(options).run().expect("no node fails")[look];
        let _ = part;
        seen
    });
    let edge = edge.expect("nothing but the order decides").expect("an edge is missing");
    assert_eq!((edge.from().name(), edge.to().name()), ("part", "look"));
    let inside = find_missing_edge(0..100, |options| {
        let last = AtomicU64::new(0);
        let last = &last;
        let mut part = GraphBuilder::new();
        (1..4).for_each(|number| _ = part.node("", (), move || last.store(number, Relaxed)));
        let mut graph = GraphBuilder::new();
        let part = part.build().expect("a valid graph");
        graph.graph("part", (), part, |_: &mut Graph<'_>| {}, |_| ());
        graph.build().expect("a valid graph").with(options).run().expect("no node fails");
        last.load(Relaxed) == 3
    });
    assert!(matches!(inside, Err(SearchError::NotReproducible { .. } | SearchError::AlwaysFails { .. })));
}
