//! A reference to one state doesn't get into another one, by functions or by futures.

use dgraph_exec::{GraphBuilder, State};

fn keep<'s>(kept: &mut Option<&'s mut Vec<u8>>, list: &'s mut Vec<u8>) {
    *kept = Some(list);
}

async fn keep_later<'s>(kept: &mut Option<&'s mut Vec<u8>>, list: &'s mut Vec<u8>) {
    *kept = Some(list);
}

fn main() {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", vec![1]);
    let kept: State<Option<&mut Vec<u8>>> = graph.state("kept", None);
    graph.node("keeps", (kept.write(), list.write()), keep);
    graph.async_node("keeps", (kept.write(), list.write()), keep_later);
}
