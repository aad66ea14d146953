//! What goes to workers while nobody waits on a thread borrows nothing: its owner may be leaked.

use dgraph_exec::{Executor, GraphBuilder, RunOptions};

fn main() {
    let text = String::from("borrowed");
    let mut graph = GraphBuilder::new();
    graph.node("length", (), || text.len());
    let graph = graph.build().unwrap();
    graph.into_with(&RunOptions::new()).spawn(Executor::global());
}
