use dgraph_exec::GraphBuilder;

async fn length(text: &String) -> usize {
    text.len()
}

fn main() {
    let mut graph = GraphBuilder::new();
    let number = graph.node("number", (), || 7_u32);
    graph.async_node("length", (number,), length);
}
