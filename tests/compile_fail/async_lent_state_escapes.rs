use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new_local();
    let state = String::from("the closure's own");
    graph.local().async_node("lends", (), async move || state.as_str());
}
