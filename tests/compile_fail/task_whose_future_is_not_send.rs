use dgraph_exec::{Args, KeyedGraph};
use std::rc::Rc;

fn main() {
    let task = async |_: Args<'_, u32>| {
        let one = Rc::new(1);
        std::future::ready(()).await;
        *one
    };
    let _ = KeyedGraph::<_, u32>::builder().async_task("a", [], task).build();
}
