use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let number = graph.node("number", (), || 5);
    graph.node("shout", (number,), |text: &String| text.to_uppercase());
}
