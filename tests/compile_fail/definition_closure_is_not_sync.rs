//! Several runs may call a closure at once, so what it captures is `Sync`.

use dgraph_exec::DefinitionBuilder;
use std::cell::Cell;

fn main() {
    let mut graph = DefinitionBuilder::new();
    let count = Cell::new(0);
    graph.node("count", (), move || count.replace(5));
}
