use dgraph_exec::{Graph, GraphBuilder};

struct LooksWhenDropped<'a>(&'a String);

impl Drop for LooksWhenDropped<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let graph: Graph<'_>;
    let local = String::from("gone");
    let mut builder = GraphBuilder::new();
    builder.node("looks", (), || LooksWhenDropped(&local));
    graph = builder.build().unwrap();
    let _ = &graph;
}
