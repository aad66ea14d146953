//! What a declared node gives was said when it was declared.

use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let total = graph.declare::<u32>("total");
    graph.node(total, (), || String::from("2"));
    let count = graph.declare::<u32>("count");
    graph.async_node(count, (), async || 2_i64);
}
