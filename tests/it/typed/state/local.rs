//! States of local graphs, which need not be `Send`.

use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::GraphBuilder;
use dgraph_tests::yields::yields;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;

over_typed_runners!(not_send, beside_states_for_any_thread, held_across_await);

fn not_send(runner: &Runner) {
    let here = thread::current().id();
    let window = Rc::new(RefCell::new(Vec::new()));
    let mut graph = GraphBuilder::new_local();
    let state = graph.local().state("window", Rc::clone(&window));
    let number = graph.node("number", (), || 7); // on any thread
    graph.local().node(
        "draw",
        (state.write(), number),
        move |window: &mut Rc<RefCell<Vec<i32>>>, number: &i32| {
            assert_eq!(thread::current().id(), here);
            window.borrow_mut().push(*number);
        },
    );
    graph.local().node("flip", state.commute(), |window: &mut Rc<RefCell<Vec<i32>>>| {
        window.borrow_mut().push(0);
    });
    graph.local().node("flip", state.commute(), |window: &mut Rc<RefCell<Vec<i32>>>| {
        window.borrow_mut().push(0);
    });
    let drawn =
        graph.local().node("drawn", state.read(), |window: &Rc<RefCell<Vec<i32>>>| window.borrow().len());
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        let results = runner.typed(&mut graph);
        assert_eq!((results[drawn], results[state].borrow().len()), (3 * run, 3 * run));
    }
    assert_eq!(Rc::strong_count(graph.state_mut(state)), 2);
    drop(graph);
    assert_eq!(Rc::try_unwrap(window).map(RefCell::into_inner), Ok([7, 0, 0].repeat(3)));
}

/// A local node may use states of both kinds, another one those that may go anywhere.
fn beside_states_for_any_thread(runner: &Runner) {
    let mut graph = GraphBuilder::new_local();
    let (local, shared) = (graph.local().state("local", Rc::new(Cell::new(1))), graph.state("shared", 10));
    graph.node("anywhere", shared.write(), |shared: &mut i32| *shared += 1);
    graph.local().node(
        "here",
        (local.write(), shared.write()),
        |local: &mut Rc<Cell<i32>>, shared: &mut i32| {
            local.set(local.get() + *shared);
            *shared *= 2;
        },
    );
    let seen = graph.node("anywhere", (shared.read(),), |shared: &i32| *shared);
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[seen], 22);
    assert_eq!(runner.typed(&mut graph)[seen], 46);
    assert_eq!((graph.state(local).get(), *graph.state(shared)), (1 + 11 + 23, 46));
}

fn held_across_await(runner: &Runner) {
    let mut graph = GraphBuilder::new_local();
    let log = graph.local().state("log", Rc::new(RefCell::new(Vec::new())));
    for number in 0..5 {
        let mut calls = 0; // lent to the future as well
        graph.local().async_node("log", (log.write(),), async move |log: &mut Rc<RefCell<Vec<u32>>>| {
            calls += 1;
            log.borrow_mut().push(number);
            yields(2).await;
            log.borrow_mut().push(calls * 100);
        });
    }
    let length = graph.local().try_async_node("length", log.read(), async |log: &Rc<RefCell<Vec<u32>>>| {
        yields(1).await;
        u8::try_from(log.borrow().len())
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        graph.state_mut(log).borrow_mut().clear();
        assert_eq!(runner.typed(&mut graph)[length], 10);
        let expected: Vec<u32> = (0..5).flat_map(|number| [number, run * 100]).collect();
        assert_eq!(*graph.state(log).borrow(), expected);
    }
}
