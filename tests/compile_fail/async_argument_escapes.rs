use dgraph_exec::GraphBuilder;

fn main() {
    let kept = std::sync::Mutex::new(Vec::<&u32>::new());
    let mut graph = GraphBuilder::new();
    let number = graph.node("number", (), || 7_u32);
    graph.async_node("keeps", (number,), async |number: &u32| kept.lock().unwrap().push(number));
}
