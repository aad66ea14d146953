use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", vec![1]);
    graph.node("gives", (list.write(),), |list: &mut Vec<u8>| list);
}
