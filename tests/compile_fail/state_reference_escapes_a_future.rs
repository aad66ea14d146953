use dgraph_exec::GraphBuilder;
use std::sync::Mutex;

fn main() {
    let kept: Mutex<Option<&mut Vec<u8>>> = Mutex::new(None);
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", vec![1]);
    graph.async_node("keeps", list.commute(), async |list: &mut Vec<u8>| *kept.lock().unwrap() = Some(list));
}
