//! A node that was declared as local is defined as local.

use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new_local();
    let window = graph.local().declare::<Rc<u32>>("window");
    graph.node(window, (), || Rc::new(1));
}
