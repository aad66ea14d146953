use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.node("length", ("a name is no handle",), |text: &&str| text.len());
}
