use dgraph_exec::{Args, KeyedGraph};
use std::sync::Mutex;

fn main() {
    let kept = Mutex::new(None);
    let task = async |args: Args<'_, u32>| {
        *kept.lock().unwrap() = args.iter().next();
        1
    };
    let _ = KeyedGraph::<_, u32>::builder().async_task("a", [], task).build();
}
