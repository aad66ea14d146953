//! Several runs may call a closure at once, so it changes nothing of its own.

use dgraph_exec::DefinitionBuilder;

fn main() {
    let mut graph = DefinitionBuilder::new();
    let mut count = 0;
    graph.node("count", (), move || {
        count += 1;
        count
    });
}
