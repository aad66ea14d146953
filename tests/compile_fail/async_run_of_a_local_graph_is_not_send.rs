use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new_local();
    graph.local().async_node("local", (), async || Rc::new(5));
    let mut graph = graph.build().unwrap();
    let run = graph.run_async();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(run));
    });
}
