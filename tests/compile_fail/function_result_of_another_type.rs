use dgraph_exec::create_graph;

async fn number() -> i32 {
    5
}

fn main() {
    let mut graph = create_graph! { number: [] }.unwrap();
    let _: Option<String> = graph.take(number);
}
