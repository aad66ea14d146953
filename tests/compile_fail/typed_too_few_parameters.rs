use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 5);
    let b = graph.node("b", (), || 6);
    graph.node("sum", (a, b), |a: &i32| a + 1);
}
