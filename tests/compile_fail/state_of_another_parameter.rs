use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", vec![1]);
    graph.node("reads", list.read(), |list: &mut Vec<u8>| list.push(2));
    graph.node("writes", (list.write(),), |list: &Vec<u8>| list.len());
}
