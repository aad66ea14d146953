//! Others depend on the node that was declared, not on the right to define it.

use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let total = graph.declare::<u32>("total");
    graph.node("report", total, |total: &u32| *total); // total.node()
}
