use dgraph_exec::{GraphBuilder, Values};

fn main() {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<i32>("input");
    graph.node("sum", [input, input], |values: Values<'_, i32>| values.iter().sum::<i32>());
}
