//! What a graph holds is not to be had: of two that exchange it, one may outlive what the other one's closures borrow.

use dgraph_exec::{GraphBuilder, Runnable};

fn main() {
    let mut graph = GraphBuilder::new().build().unwrap();
    let held = graph.held();
    drop(held);
}
