use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let name = String::from("owned");
    let number = graph.node("number", (), || 7_u32);
    graph.async_node("lends", (number,), async move |number: &u32| {
        std::future::ready(()).await;
        name.len() as u32 + number
    });
}
