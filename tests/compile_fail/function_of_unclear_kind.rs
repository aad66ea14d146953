use dgraph_exec::create_graph;
use std::future::{Ready, ready};

fn number() -> Ready<i32> {
    ready(5)
}

fn main() {
    let _ = create_graph! { number: [] };
}
