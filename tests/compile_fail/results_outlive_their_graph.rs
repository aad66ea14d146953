use dgraph_exec::KeyedGraph;

fn main() {
    let results = {
        let mut graph = KeyedGraph::builder().task(0, [], |_| 1).build().unwrap();
        graph.run().unwrap()
    };
    assert_eq!(results[&0], 1);
}
