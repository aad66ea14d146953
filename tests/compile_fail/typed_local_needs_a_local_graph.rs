//! A graph that may go to other threads has no local nodes, and no nodes that aren't `Send`.

use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new();
    graph.local().node("window", (), || Rc::new(1));
}
