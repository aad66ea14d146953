//! Instances borrow what the closures borrow, also when the definition is gone.

use dgraph_exec::DefinitionBuilder;

fn main() {
    let mut graph = DefinitionBuilder::new();
    let instance = {
        let text = String::from("x");
        let node = graph.node("length", (), || text.len());
        let _ = node;
        graph.build().unwrap().instance()
    };
    drop(instance);
}
