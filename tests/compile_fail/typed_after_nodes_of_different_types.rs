use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<i32>("input");
    let node = graph.node("node", (), || 1);
    let last = graph.node("last", (), || ());
    graph.after(last, [input, node]); // [input.any(), node.any()]
}
