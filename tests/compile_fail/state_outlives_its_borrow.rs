use dgraph_exec::GraphBuilder;

fn main() {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::<&str>::new());
    let mut graph = graph.build().unwrap();
    {
        let text = String::from("gone before the graph");
        graph.state_mut(list).push(&text);
    }
    println!("{:?}", graph.state(list));
}
