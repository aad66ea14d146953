use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.async_node("local", (), async || {
        let local = Rc::new(5);
        std::future::ready(()).await;
        *local
    });
}
