use dgraph_exec::GraphBuilder;

fn main() {
    let mut kept: Option<&String> = None;
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || String::from("dropped by the next run"));
    graph.node("keeps", (text,), |text: &String| kept = Some(text));
}
