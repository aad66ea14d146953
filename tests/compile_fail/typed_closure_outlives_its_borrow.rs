use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    {
        let local = String::from("gone");
        graph.node("length", (), || local.len());
    }
    let _ = graph.build().unwrap().run();
}
