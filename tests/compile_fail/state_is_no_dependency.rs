use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let (list, number) = (graph.state("list", vec![1]), graph.state("number", 2));
    graph.node("alone", list, |list: &Vec<u8>| list.len());
    graph.node("in a tuple", (list.read(), number), |list: &Vec<u8>, number: &i32| list.len());
}
