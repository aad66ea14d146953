use dgraph_exec::{Executor, GraphBuilder};

fn main() {
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", vec![1]);
    graph.node("push", list.write(), |list: &mut Vec<u8>| list.push(2));
    let mut graph = graph.build().unwrap();

    let run = graph.run_async();
    graph.state_mut(list).clear();
    drop(run);

    let borrowed = graph.state_mut(list);
    graph.run().unwrap();
    borrowed.clear();

    let lent = graph.state(list);
    let spawned = graph.spawn(&Executor::new().unwrap());
    println!("{lent:?}");
    spawned.join().1.unwrap();
}
