use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || String::from("moved out"));
    let mut graph = graph.build().unwrap();
    let lent = graph.run().unwrap().get(text).unwrap();
    let taken = graph.take(text);
    assert_eq!(lent, "gone");
    drop(taken);
}
