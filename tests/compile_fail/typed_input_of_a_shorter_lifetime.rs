use dgraph_exec::{Graph, GraphBuilder, Input, Node};

/// If handles were covariant, this would put a short reference where a long one is read.
fn smuggle<'s>(graph: &mut Graph<'_>, input: Input<&'static str>, short: &'s str) {
    let input: Input<&'s str> = input;
    graph.set(input, short);
}

fn main() {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<&'static str>("input");
    let node: Node<&'static str> = graph.node("node", (input,), |text: &&'static str| *text);
    let mut graph = graph.build().unwrap();
    smuggle(&mut graph, input, &String::from("short"));
    let _ = graph.run().unwrap()[node];
}
