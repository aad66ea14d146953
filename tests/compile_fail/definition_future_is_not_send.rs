//! The futures of a definition may be polled by any thread.

use dgraph_exec::DefinitionBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = DefinitionBuilder::new();
    graph.async_node("node", (), async || {
        let held = Rc::new(5);
        std::future::ready(()).await;
        *held
    });
}
