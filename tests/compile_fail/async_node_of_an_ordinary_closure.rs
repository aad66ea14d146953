use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let number = graph.node("number", (), || 7_u32);
    graph.async_node("next", (number,), |number: &u32| number + 1);
}
