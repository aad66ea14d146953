//! What a local node gives can't feed one that runs anywhere.

use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new_local();
    let window = graph.local().node("window", (), || Rc::new(1));
    graph.node("elsewhere", (window,), |window: &Rc<i32>| **window);
}
