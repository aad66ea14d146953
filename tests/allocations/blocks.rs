//! Of how many blocks of memory graphs consist, and how many bytes these have. Blocks take time to allocate and
//! to free, and small ones are what an allocator keeps when many graphs are gone.

use crate::counting;
use dgraph_exec::{DefinitionBuilder, GraphBuilder, Node, Values};
use std::future::pending;

/// How many blocks what `make` makes consists of.
fn blocks<T>(make: impl FnOnce() -> T) -> u64 {
    let before = counting::blocks();
    let _made = make();
    let after = counting::blocks();
    (after.0 - before.0) - (after.1 - before.1)
}

/// No more for many nodes than for some, and not many for one.
pub(crate) fn of_graphs() {
    let of_chain = |nodes: u32| {
        blocks(|| {
            let mut graph = GraphBuilder::new();
            let mut last: Vec<Node<u32>> = Vec::new();
            for at in 0..nodes {
                last = vec![graph.node("node", &last[..], move |_: Values<'_, u32>| at)];
            }
            graph.build().expect("a valid graph")
        })
    };
    for (nodes, most) in [(1, 17), (2, 19), (100, 21), (10_000, 21)] {
        let count = of_chain(nodes);
        assert!(count <= most, "{count} blocks for a chain of {nodes}");
    }

    let nameless = blocks(|| {
        let mut graph = GraphBuilder::new();
        graph.async_node("", (), async || pending::<()>().await);
        graph.build().expect("a valid graph")
    });
    assert!(nameless <= 15, "{nameless} blocks for an async node");

    let mut definition = DefinitionBuilder::new();
    let first = definition.async_node("", (), async || 1);
    definition.async_node("", (first,), async |x: &i32| x + 1);
    let definition = definition.build().expect("a valid graph");
    let _other = definition.instance();
    let of_instance = blocks(|| {
        let mut instance = definition.instance();
        pollster::block_on(async { instance.run_async().await.map(drop) }).expect("no node fails");
        instance
    });
    assert!(of_instance <= 7, "{of_instance} blocks for an instance that has run");
    bytes_of_graphs();
}

/// What nodes take whose closures have no memory, and what an instance does that has run.
fn bytes_of_graphs() {
    if size_of::<usize>() != 8 {
        return;
    }
    let of_nodes = |nodes: u32| {
        let before = counting::bytes();
        let mut graph = GraphBuilder::new();
        (0..nodes).for_each(|_| _ = graph.node("", (), || ()));
        let graph = graph.build().expect("a valid graph");
        let bytes = counting::bytes() - before;
        drop(graph);
        bytes
    };
    let per_node = (of_nodes(2_000) - of_nodes(1_000)) / 1_000;
    assert!(per_node <= 41, "{per_node} bytes per node");

    let mut definition = DefinitionBuilder::new();
    let mut last = definition.async_node("", (), async || 1_u64);
    for _ in 0..9 {
        last = definition.async_node("", (last,), async |x: &u64| x + 1);
    }
    let definition = definition.build().expect("a valid graph");
    let _other = definition.instance();
    let before = counting::bytes();
    let mut instance = definition.instance();
    pollster::block_on(async { instance.run_async().await.map(drop) }).expect("no node fails");
    let bytes = counting::bytes() - before;
    // Ten slots of 8 bytes and ten futures of 24; nine bytes per node, and a waker of 16.
    let (values, per_node) = (10 * (8 + 24), 10 * (9 + 16));
    assert!(bytes <= values + per_node + 400, "{bytes} bytes for an instance of ten nodes that has run");
}
