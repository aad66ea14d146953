use dgraph_exec::create_graph;

async fn number() -> i32 {
    5
}

fn sum(x: &i32, y: &i32) -> i32 {
    x + y
}

fn main() {
    let _ = create_graph! { sum: [number], number: [] };
}
