//! What is no dependency graph is refused when it is built, with a message that names the fault.

use dgraph_exec::{
    BuildError, Dag, DagView, Edge, FnKey, GraphError, KeyedGraph, NodeId, Parts, create_graph,
};
use dgraph_tests::oracle;
use std::error::Error;

fn build(dependencies: &[(&'static str, &[&'static str])]) -> Result<(), GraphError<&'static str>> {
    let mut builder = KeyedGraph::builder();
    for &(key, listed) in dependencies {
        builder = builder.task(key, listed.iter().copied(), |_| ());
    }
    builder.build().map(|_| ())
}

/// The reported path must be a cycle of the dictionary: first equals last, each lists the next.
fn refused_with_a_real_cycle(dependencies: &[(&'static str, &[&'static str])]) -> String {
    let error = build(dependencies).expect_err("there is a cycle");
    let GraphError::Cycle(path) = &error else { panic!("{error}") };
    assert!(path.len() >= 2 && path.first() == path.last(), "{path:?}");
    for pair in path.windows(2) {
        let (_, listed) = dependencies.iter().find(|(key, _)| *key == pair[0]).expect("a key");
        assert!(listed.contains(&pair[1]), "{} doesn't depend on {}", pair[0], pair[1]);
    }
    error.to_string()
}

#[test]
fn cycle_of_three() {
    let message = refused_with_a_real_cycle(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
    assert_eq!(message, r#"dependency cycle: "a" -> "b" -> "c" -> "a""#);
}

#[test]
fn self_loop() {
    assert_eq!(refused_with_a_real_cycle(&[("1", &["1"])]), r#"dependency cycle: "1" -> "1""#);
}

#[test]
fn cycle_of_two() {
    refused_with_a_real_cycle(&[("1", &["2"]), ("2", &["1"])]);
}

#[test]
fn two_disjoint_cycles() {
    refused_with_a_real_cycle(&[("a", &["b"]), ("b", &["a"]), ("c", &["d"]), ("d", &["c"])]);
}

#[test]
fn cycle_in_the_middle() {
    refused_with_a_real_cycle(&[
        ("source", &[]),
        ("a", &["source", "c"]),
        ("b", &["a"]),
        ("c", &["b"]),
        ("sink", &["c"]),
    ]);
}

#[test]
fn a_node_that_leads_into_a_cycle_comes_first() {
    let message = refused_with_a_real_cycle(&[("outside", &["a"]), ("a", &["b"]), ("b", &["a"])]);
    assert!(!message.contains("outside"), "{message}");
}

#[test]
fn missing_keys_are_all_listed() {
    let error = build(&[("a", &["x", "b"]), ("b", &["y", "x"])]).expect_err("keys are missing");
    assert_eq!(
        error.to_string(),
        r#"missing keys: "x" (needed by "a"), "y" (needed by "b"), "x" (needed by "b")"#
    );
}

#[test]
fn keys_declared_twice_are_all_listed() {
    let error =
        build(&[("a", &[]), ("b", &[]), ("a", &["b"]), ("b", &[]), ("a", &[])]).expect_err("duplicates");
    assert_eq!(error, GraphError::DuplicateKeys(vec!["a", "b", "a"]));
    assert_eq!(error.to_string(), r#"declared more than once: "a", "b", "a""#);
}

#[test]
fn functions() {
    fn a(_: &i32) -> i32 {
        1
    }
    fn b(_: &i32) -> i32 {
        2
    }
    fn c() -> i32 {
        3
    }
    let message = |error: GraphError<FnKey>| error.to_string();
    assert_eq!(
        create_graph! { a: [b], b: [a] }.map_err(message).err().as_deref(),
        Some("dependency cycle: a -> b -> a")
    );
    assert_eq!(
        create_graph! { a: [c], b: [c] }.map_err(message).err().as_deref(),
        Some("missing keys: c (needed by a), c (needed by b)")
    );
    assert_eq!(
        create_graph! { c: [], c: [] }.map_err(message).err().as_deref(),
        Some("declared more than once: c")
    );
}

#[test]
fn async_functions() {
    async fn a(_: &i32) -> i32 {
        1
    }
    fn b(_: &i32) -> i32 {
        2
    }
    async fn c() -> i32 {
        3
    }
    let message = |error: GraphError<FnKey>| error.to_string();
    assert_eq!(
        create_graph! { a: [b], b: [a], c: [] }.map_err(message).err().as_deref(),
        Some("dependency cycle: a -> b -> a")
    );
    assert_eq!(create_graph! { a: [a] }.map_err(message).err().as_deref(), Some("dependency cycle: a -> a"));
    assert_eq!(
        create_graph! { a: [c], b: [c] }.map_err(message).err().as_deref(),
        Some("missing keys: c (needed by a), c (needed by b)")
    );
    assert_eq!(
        create_graph! { c: [], a: [b], c: [] }.map_err(message).err().as_deref(),
        Some("declared more than once: c")
    );
}

#[test]
fn edges_outside_the_graph() {
    let error = Dag::from_edges(2, &[(0, 1), (1, 2)]).expect_err("there is no node 2");
    assert_eq!(error, BuildError::UnknownNode { edge: 1, node: 2, nodes: 2 });
    assert_eq!(error.to_string(), "edge 1 names node 2, but the graph has only 2 nodes");
}

#[test]
fn too_many_nodes() {
    let nodes = (1 << 31) + 1;
    let error = Dag::from_edges(nodes, &[]).expect_err("too many");
    assert_eq!(error, BuildError::TooManyNodes { nodes });
    assert!(error.source().is_none());
}

#[test]
fn cycles_of_bare_graphs() {
    let edges = [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)];
    let Err(BuildError::Cycle(cycle)) = Dag::from_edges(5, &edges) else { panic!("there is a cycle") };
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
