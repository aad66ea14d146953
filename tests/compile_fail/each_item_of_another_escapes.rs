use dgraph_exec::{Before, Dag, Executor, NodeId};

struct Item<'a>(Option<&'a Item<'a>>);

fn main() {
    let dag = Dag::from_edges(2, &[(0, 1)]).unwrap();
    let mut items = [Item(None), Item(None)];
    Executor::global().run_each(&dag, &mut items, |_, own: &mut Item<'_>, before: Before<'_, Item<'_>>| {
        own.0 = before.get(NodeId::new(0));
    });
}
