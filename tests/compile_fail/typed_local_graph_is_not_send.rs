//! A local graph stays on its thread.

use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new_local();
    graph.local().node("window", (), || Rc::new(1));
    let graph = graph.build().unwrap();
    std::thread::spawn(move || drop(graph));
}
