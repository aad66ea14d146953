//! The runs of a definition have no state in common: what they share lies behind an atomic or a lock.

use dgraph_exec::DefinitionBuilder;

fn main() {
    let mut graph = DefinitionBuilder::new();
    graph.state("count", 0);
}
