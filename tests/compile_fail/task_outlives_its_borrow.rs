use dgraph_exec::KeyedGraph;

fn main() {
    let mut graph = {
        let local = String::from("gone");
        KeyedGraph::builder().task(0, [], |_| local.len()).build().unwrap()
    };
    let _ = graph.run();
}
