use dgraph_exec::create_graph;

fn number() -> i32 {
    5
}

fn double(number: i32) -> i32 {
    number * 2
}

fn main() {
    let _ = create_graph! { double: [number], number: [] };
}
