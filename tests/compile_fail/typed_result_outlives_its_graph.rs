use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || String::from("gone"));
    let mut graph = graph.build().unwrap();
    let results = graph.run().unwrap();
    let text = &results[text];
    drop(graph);
    assert_eq!(text, "gone");
}
