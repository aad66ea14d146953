//! A declared node is defined once: what defines it takes it.

use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let total = graph.declare::<u32>("total");
    graph.node(total, (), || 1);
    graph.node(total, (), || 2);
}
