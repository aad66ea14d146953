use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.node("shared", (), || Rc::new(5));
    graph.async_node("async", (), async || Rc::new(5));
    graph.input::<Rc<i32>>("input");
}
