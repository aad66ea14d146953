use dgraph_exec::GraphBuilder;

fn main() {
    let mut kept: Option<&mut Vec<u8>> = None;
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", vec![1]);
    graph.node("keeps", list.write(), |list: &mut Vec<u8>| kept = Some(list));
}
