use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || String::from("moved"));
    graph.node("length", (text.moved(),), |text: &String| text.len());
}
