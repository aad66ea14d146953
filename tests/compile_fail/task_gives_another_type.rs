use dgraph_exec::KeyedGraph;

fn main() {
    let _ = KeyedGraph::<_, u32>::builder().task("a", [], |_| "text").build();
}
