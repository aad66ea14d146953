use dgraph_exec::GraphBuilder;
use std::cell::Cell;

fn main() {
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", Cell::new(1));
    graph.node("alone with it", number.write(), |number: &mut Cell<i32>| number.set(2));
    graph.node("beside others", number.read(), |number: &Cell<i32>| number.get());
    let graph = graph.build().unwrap();
    graph.state(number).get();
}
