use dgraph_exec::{GraphBuilder, Outcomes};

fn main() {
    let mut kept: Option<&String> = None;
    let mut graph = GraphBuilder::new();
    let texts = ["a", "b"].map(|text| graph.node("text", (), move || text.to_string()).outcome());
    graph.node("keeps", texts, |mut texts: Outcomes<'_, String>| kept = texts.next().unwrap().ok());
}
