//! Graphs that could never run.

use super::one_node;
use dgraph_exec::{Graph, GraphBuilder, GraphError, SharedLimit};

#[test]
fn what_could_never_start_is_refused() {
    let (none, two, other) = (SharedLimit::new(0), SharedLimit::new(2), SharedLimit::new(2));
    let error = |wants: &[dgraph_exec::Permits]| {
        let mut graph = GraphBuilder::new();
        let node = graph.node("node", (), || ());
        wants.iter().for_each(|permits| graph.limited(node, permits.clone()));
        graph.build().expect_err("it could never run").to_string()
    };
    assert_eq!(error(&[none.permits(1)]), "under a limit of 0: node");
    assert_eq!(error(&[two.permits(3)]), "want more permits than a limit has: node");
    assert_eq!(
        error(&[two.permits(1), other.all(), two.permits(1)]),
        "put under one limit more than once: node"
    );
}

#[test]
fn a_graph_that_would_wait_for_itself() {
    let limit = SharedLimit::new(2);
    let nest = |inner: Graph<'static>, limited: bool| {
        let mut graph = GraphBuilder::new();
        let node = graph.graph("outer", (), inner, |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| ());
        if limited {
            graph.limited(node, &limit);
        }
        graph.build()
    };
    let error = nest(one_node(&limit), true).expect_err("it waits for itself");
    assert!(matches!(&error, GraphError::LimitedWithin(nodes) if nodes[0].name() == "outer"));
    assert_eq!(error.to_string(), "under a limit that nodes of the graph that they are are under too: outer");
    let between = nest(one_node(&limit), false).expect("a valid graph");
    assert!(matches!(nest(between, true), Err(GraphError::LimitedWithin(_))));
    let mut apart = nest(one_node(SharedLimit::new(1)), true).expect("another limit");
    apart.run().expect("no node fails");
}
