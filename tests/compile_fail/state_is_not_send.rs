use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.state("shared with this thread", Rc::new(1));
}
