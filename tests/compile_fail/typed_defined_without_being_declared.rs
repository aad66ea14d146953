//! A node that has its closure can't be given another one; nor can a number be a node's name.

use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let total = graph.node("total", (), || 1_u32);
    graph.node(total, (), || 2_u32);
    graph.try_node(7, (), || "2".parse::<u32>());
}
