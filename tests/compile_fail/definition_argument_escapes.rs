//! What a node of a definition is fed is lent for the call, or as long as its future lives.

use dgraph_exec::DefinitionBuilder;
use std::sync::Mutex;

fn main() {
    let kept: Mutex<Option<&String>> = Mutex::new(None);
    let mut graph = DefinitionBuilder::new();
    let text = graph.node("text", (), || String::from("x"));
    graph.node("keep", (text,), |text: &String| *kept.lock().unwrap() = Some(text));
    graph.async_node("keep", (text,), async |text: &String| *kept.lock().unwrap() = Some(text));
}
