//! What isn't `Sync` is moved, and never lent: not to a node, not in a list, not to the caller.

use dgraph_exec::{GraphBuilder, Values};
use std::cell::Cell;

fn main() {
    let mut graph = GraphBuilder::new();
    let cell = graph.unshared().node("cell", (), || Cell::new(1));
    graph.node("lent", (cell,), |cell: &Cell<i32>| cell.get());
    graph.node("listed", [cell], |cells: Values<'_, Cell<i32>>| cells.len());
    let graph = graph.build().unwrap();
    graph.result(cell);
    graph.results()[cell].get();
}
