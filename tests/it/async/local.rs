//! Async nodes of local graphs: what isn't `Send`, and closures that lend what they own.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, NoResult, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;

over_typed_runners!(not_send, lending, every_kind_of_dependency, on_the_thread_of_the_graph);

fn not_send(runner: &Runner) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut graph = GraphBuilder::new_local();
    let number = graph.async_node("number", (), async || {
        yields(1).await;
        7_u32
    });
    let shared_log = Rc::clone(&log);
    let cell = graph.local().async_node("cell", (number,), async move |number: &u32| {
        yields(2).await;
        shared_log.borrow_mut().push(*number);
        Rc::new(Cell::new(*number))
    });
    let given = graph.local().node("given", (), || Rc::new(1));
    let taken = graph.local().async_node(
        "taken",
        (given.moved(), cell),
        async |one: Rc<u32>, cell: &Rc<Cell<u32>>| {
            let kept = Rc::clone(cell);
            yields(1).await;
            kept.set(cell.get() + *one);
            kept.get()
        },
    );
    let doubled = graph.async_node("doubled", (taken.shared(),), async |sum: &u32| sum * 2);
    let failing = graph.local().try_async_node("failing", (doubled,), async |&doubled: &u32| {
        yields(1).await;
        u8::try_from(doubled * 100).map(Rc::new)
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let ended = runner.typed_with(&mut graph, &options).map(|_| ());
        assert_eq!(ended.expect_err("1600").to_string(), "1 node failed: failing");
        let results = graph.results();
        assert_eq!((results[taken], results[doubled], results[cell].get()), (8, 16, 8));
        assert!(matches!(results.get(given), Err(NoResult::Moved { .. })));
        assert_eq!(results.get(failing), Err(NoResult::Failed));
        assert_eq!(graph.take(cell).map(|cell| Rc::strong_count(&cell)), Ok(1));
    }
    drop(graph);
    assert_eq!(Rc::try_unwrap(log).map(RefCell::into_inner), Ok(vec![7; 10]));
}

/// The closure keeps a buffer and lends it to its futures, which hold it across `await`.
fn lending(runner: &Runner) {
    let mut graph = GraphBuilder::new_local();
    let input = graph.input::<u32>("input");
    let mut buffer = Vec::new();
    let sum = graph.local().async_node("sum", (input,), async move |x: &u32| {
        let buffer = &mut buffer;
        buffer.push(*x);
        yields(2).await;
        buffer.iter().sum::<u32>()
    });
    let mut graph = graph.build().expect("a valid graph");
    let mut expected = 0;
    for value in 0..10 {
        graph.set(input, value);
        expected += value;
        assert_eq!(runner.typed(&mut graph)[sum], expected);
    }
}

fn every_kind_of_dependency(runner: &Runner) {
    async fn add(a: &u32, b: &u32) -> u32 {
        yields(1).await;
        a + b
    }
    let mut graph = GraphBuilder::new_local();
    let input = graph.input::<u32>("input");
    let a = graph.local().async_node("a", input, async |x: &u32| x + 1);
    let b = graph.local().async_node("b", (a, input), add);
    let slice = graph.local().async_node("slice", &[a, b][..], async |all: Values<'_, u32>| {
        yields(1).await;
        all.iter().sum::<u32>()
    });
    let array = graph.local().async_node("array", [a, b, slice], async |all: Values<'_, u32>| all.len());
    let moved = graph.local().async_node("moved", slice.moved(), async |sum: u32| {
        yields(1).await;
        sum
    });
    graph.after(moved, [array]);
    // What is moved feeds nobody else.
    let built = graph.build();
    assert!(built.is_err());

    let mut graph = GraphBuilder::new_local();
    let input = graph.input::<u32>("input");
    let a = graph.local().async_node("a", input, async |x: &u32| x + 1);
    let b = graph.local().async_node("b", (a, input), add);
    let slice = graph.local().async_node("slice", &vec![a, b], async |all: Values<'_, u32>| {
        yields(1).await;
        all.iter().sum::<u32>()
    });
    let array = graph.local().async_node("array", [a, b], async |all: Values<'_, u32>| all.len());
    let moved = graph.local().async_node("moved", slice.moved(), async |sum: u32| {
        yields(1).await;
        sum
    });
    let mut graph = graph.build().expect("a valid graph");
    for value in 0..5 {
        graph.set(input, value);
        let results = runner.typed(&mut graph);
        assert_eq!((results[a], results[b], results[array]), (value + 1, 2 * value + 1, 2));
        assert_eq!(results[moved], 3 * value + 2);
    }
}

fn on_the_thread_of_the_graph(runner: &Runner) {
    let here = thread::current().id();
    let mut graph = GraphBuilder::new_local();
    for number in 0..20 {
        graph.local().async_node("", (), async move || {
            for _ in 0..number % 4 {
                assert_eq!(thread::current().id(), here);
                yields(1).await;
            }
            assert_eq!(thread::current().id(), here);
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        runner.typed(&mut graph);
    }
}

/// The future that borrows its closure is dropped before that, when the run is, and when the graph is.
#[test]
fn dropped_half_way() {
    struct Owned<'a>(&'a Cell<u32>);
    impl Drop for Owned<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    struct Borrows<'a, 'b>(&'a Owned<'b>);
    impl Drop for Borrows<'_, '_> {
        fn drop(&mut self) {
            self.0.0.set(self.0.0.get() + 100);
        }
    }
    let (drops, gate) = (Cell::new(0), Gate::default());
    let owned = Owned(&drops);
    let mut graph = GraphBuilder::new_local();
    graph.local().async_node("", (), {
        let gate = &gate;
        async move || {
            let _borrows = Borrows(&owned);
            gate.wait().await;
        }
    });
    let mut graph = graph.build().expect("a valid graph");
    for round in 1..=3 {
        let mut run = graph.run_async();
        assert!(Hand::new().poll(&mut run).is_pending());
        drop(run);
        assert_eq!(drops.get(), 100 * round);
    }
    // A waker that another thread uses lists the node for nobody.
    let waker = gate.waker().expect("it was polled");
    thread::spawn(move || waker.wake()).join().expect("no panic");
    drop(graph);
    assert_eq!(drops.get(), 301);
}
