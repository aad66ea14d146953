use dgraph_exec::{GraphBuilder, MovedValues};

fn main() {
    let mut kept = None;
    let mut graph = GraphBuilder::new();
    let texts = ["a", "b"].map(|text| graph.node("text", (), move || text.to_string()).moved());
    graph.node("keeps", texts, |texts: MovedValues<'_, String>| kept = Some(texts));
}
