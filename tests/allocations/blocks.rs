//! Of how many blocks of memory graphs consist: they take time to allocate and to free, and small ones are
//! what an allocator keeps when many graphs are gone.

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
    for (nodes, most) in [(1, 19), (2, 21), (100, 23), (10_000, 23)] {
        let count = of_chain(nodes);
        assert!(count <= most, "{count} blocks for a chain of {nodes}");
    }

    let nameless = blocks(|| {
        let mut graph = GraphBuilder::new();
        graph.async_node("", (), async || pending::<()>().await);
        graph.build().expect("a valid graph")
    });
    assert!(nameless <= 17, "{nameless} blocks for an async node");

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
    assert!(of_instance <= 9, "{of_instance} blocks for an instance that has run");
}
