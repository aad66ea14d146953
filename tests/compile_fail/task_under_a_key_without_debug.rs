use dgraph_exec::KeyedGraph;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key;

fn main() {
    let _ = KeyedGraph::<_, u32>::builder().task(Key, [], |_| 1).build();
}
