use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new();
    let local = Rc::new(5);
    graph.node("local", (), move || *local);
}
