use dgraph_exec::create_graph;

async fn number() -> i32 {
    5
}

async fn shout(text: &String) -> String {
    text.to_uppercase()
}

fn main() {
    let _ = create_graph! { shout: [number], number: [] };
}
