//! A run without a caller borrows nothing.

use dgraph_exec::{DefinitionBuilder, Executor};

fn main() {
    let text = String::from("x");
    let mut graph = DefinitionBuilder::new();
    graph.node("length", (), || text.len());
    let definition = graph.build().unwrap();
    let _ = definition.instance().spawn(Executor::global());
}
