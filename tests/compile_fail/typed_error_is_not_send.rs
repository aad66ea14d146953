use dgraph_exec::GraphBuilder;
use std::error::Error;

fn read() -> Result<i32, Box<dyn Error>> {
    Ok("5".parse()?)
}

fn main() {
    let mut graph = GraphBuilder::new();
    graph.try_node("read", (), read);
    graph.try_node("failed", (), || Err::<(), _>(5));
}
