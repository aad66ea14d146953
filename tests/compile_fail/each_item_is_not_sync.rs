use dgraph_exec::{Dag, Executor};
use std::cell::Cell;

fn main() {
    let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).unwrap();
    // Nodes 1 and 2 read the same cell at once.
    let mut items = [Cell::new(1), Cell::new(2), Cell::new(3)];
    Executor::global().run_each(&dag, &mut items, |_, own, before| {
        before.iter().for_each(|item| own.set(item.replace(0)));
    });
}
