//! What is moved may come to another thread.

use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.unshared().node("shared", (), || Rc::new(5));
}
