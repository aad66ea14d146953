//! Only what is `Send` and `Sync` can be marked as shared.

use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new_local();
    let window = graph.local().node("window", (), || Rc::new(1));
    graph.node("elsewhere", (window.shared(),), |window: &Rc<i32>| **window);
}
