use dgraph_exec::create_graph;
use std::rc::Rc;

async fn number() -> i32 {
    let local = Rc::new(5);
    std::future::ready(()).await;
    *local
}

fn main() {
    let _ = create_graph! { number: [] };
}
