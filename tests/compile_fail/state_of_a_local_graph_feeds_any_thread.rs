use dgraph_exec::GraphBuilder;
use std::rc::Rc;

fn main() {
    let mut graph = GraphBuilder::new_local();
    let number = graph.local().state("number", Rc::new(1));
    graph.local().node("here", number.write(), |number: &mut Rc<i32>| *number = Rc::new(2));
    graph.node("anywhere", number.write(), |number: &mut Rc<i32>| *number = Rc::new(3));
}
