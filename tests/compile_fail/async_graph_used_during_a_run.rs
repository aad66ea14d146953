use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    graph.async_node("node", (input,), async |x: &u32| *x);
    let mut graph = graph.build().unwrap();
    let run = graph.run_async();
    graph.set(input, 5);
    drop(run);
}
