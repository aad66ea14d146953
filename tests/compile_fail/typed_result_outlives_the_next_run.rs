use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || String::from("dropped by the next run"));
    let mut graph = graph.build().unwrap();
    let results = graph.run().unwrap();
    let text = &results[text];
    graph.run().unwrap();
    assert_eq!(text, "gone");
}
