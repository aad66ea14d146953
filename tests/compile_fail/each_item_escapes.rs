use dgraph_exec::{Dag, Executor};
use std::sync::Mutex;

fn main() {
    let dag = Dag::from_edges(2, &[(0, 1)]).unwrap();
    let kept = Mutex::new(Vec::new());
    // While another node reads it, this one's item could be changed.
    Executor::global().run_each(&dag, &mut [1, 2], |_, own: &mut i32, _| kept.lock().unwrap().push(own));
}
