use dgraph_exec::GraphBuilder;
use std::cell::Cell;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.node("cell", (), || Cell::new(5));
}
