use dgraph_exec::{Dag, Executor, NodeId};

fn main() {
    let dag = Dag::from_edges(2, &[(0, 1)]).unwrap();
    Executor::global().run_each(&dag, &mut [1, 2], |_, _, before| *before.get(NodeId::new(0)).unwrap() = 3);
}
