use dgraph_exec::{Dag, Executor};

fn main() {
    let dag = Dag::from_edges(2, &[]).unwrap();
    let mut items = [1, 2];
    Executor::global().run_each(&dag, &mut items, |node, own, _| *own = items[1 - node.index()]);
}
