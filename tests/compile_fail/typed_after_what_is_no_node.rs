use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let (one, two) = (graph.node("one", (), || 1), graph.node("two", (), || "two"));
    let last = graph.node("last", (), || ());
    graph.after(last, (one, two));
}
