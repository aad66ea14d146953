//! What tasks are fed, what comes out, in the next run as well, and when it is dropped.

use crate::support::counted::Counter;
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{KeyedGraph, create_graph};
use std::panic::panic_any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

over_typed_runners!(
    three_tasks,
    three_functions,
    slow_first_task,
    arguments_come_as_listed,
    listed_twice_runs_once_and_feeds_twice,
    none_is_not_fed_on,
    empty,
    single,
    borrows_from_the_caller,
    keys_of_any_kind,
    functions_of_many_types,
    results_move_out,
    run_again,
    shared_state_of_tasks_lasts,
    results_are_dropped_once,
    results_are_dropped_once_after_a_panic,
);

fn three_tasks(runner: &Runner) {
    let mut graph = KeyedGraph::builder()
        .task("c", ["a", "b"], |args| args[0] + args[1] + 20)
        .task("b", ["a"], |args| args[0] + 10)
        .task("a", [], |_| 5)
        .build()
        .expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!([results["a"], results["b"], results["c"]], [5, 15, 40]);
    let all: Vec<_> = results.iter().map(|(key, value)| (*key, value.copied())).collect();
    assert_eq!(all, [("c", Some(40)), ("b", Some(15)), ("a", Some(5))]);
}

fn three_functions(runner: &Runner) {
    fn a() -> i32 {
        5
    }
    fn b(x: &i32) -> i32 {
        x + 10
    }
    fn c(x: &i32, y: &i32) -> i32 {
        x + y + 20
    }
    let mut graph = create_graph! { c: [a, b], b: [a], a: [] }.expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!((results.get(a), results.get(b), results.get(c)), (Some(&5), Some(&15), Some(&40)));
}

fn slow_first_task(runner: &Runner) {
    let slow = |_: dgraph_exec::Args<'_, i32>| {
        thread::sleep(Duration::from_millis(30));
        5
    };
    let mut graph = KeyedGraph::builder()
        .task("c", ["a", "b"], |args| args[0] + args[1] + 20)
        .task("b", ["a"], |args| args[0] + 10)
        .task("a", [], slow)
        .build()
        .expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph)["c"], 40);
}

fn arguments_come_as_listed(runner: &Runner) {
    let build = |order: [&'static str; 2]| {
        KeyedGraph::builder()
            .task("join", order, |args| format!("{}{}", args[0], args[1]))
            .task("x", [], |_| "x".to_string())
            .task("y", ["x"], |_| "y".to_string())
            .build()
            .expect("a valid graph")
    };
    assert_eq!(runner.dictionary(&mut build(["x", "y"]))["join"], "xy");
    assert_eq!(runner.dictionary(&mut build(["y", "x"]))["join"], "yx");
}

fn listed_twice_runs_once_and_feeds_twice(runner: &Runner) {
    let runs = AtomicUsize::new(0);
    let mut graph = KeyedGraph::builder()
        .task("twice", ["once", "once"], |args| {
            assert_eq!(args.len(), 2);
            args[0] * 10 + args[1]
        })
        .task("once", [], |_| {
            runs.fetch_add(1, Relaxed);
            7
        })
        .build()
        .expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph)["twice"], 77);
    drop(graph);
    assert_eq!(runs.into_inner(), 1);
}

fn none_is_not_fed_on(runner: &Runner) {
    let mut graph = KeyedGraph::<_, i32>::builder()
        .task("sum", ["nothing", "two", "nothing", "three"], |args| {
            assert_eq!((args.len(), args.is_empty(), args.get(2)), (2, false, None));
            args[0] * 10 + args[1]
        })
        .task("nothing", [], |_| None)
        .task("two", ["nothing"], |args| {
            assert!(args.is_empty());
            Some(2)
        })
        .task("three", [], |_| 3)
        .build()
        .expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!((results.get("sum"), results.get("nothing")), (Some(&23), None));
}

fn empty(runner: &Runner) {
    let mut graph = KeyedGraph::<String, i32>::builder().build().expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph).iter().count(), 0);
    let mut graph = create_graph! {}.expect("a valid graph");
    runner.dictionary(&mut graph);
    assert!(graph.keys().is_empty());
}

fn single(runner: &Runner) {
    let mut graph = KeyedGraph::builder().task(1, [], |_| 'x').build().expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph)[&1], 'x');
}

fn borrows_from_the_caller(runner: &Runner) {
    let text = String::from("borrowed");
    let mut graph = KeyedGraph::<_, &str>::builder().task(0, [], |_| &*text).build().expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph)[&0], "borrowed");
}

fn keys_of_any_kind(runner: &Runner) {
    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    enum Key {
        Tile(i32, i32),
        Total,
    }
    let tiles = (0..3).flat_map(|x| (0..3).map(move |y| Key::Tile(x, y)));
    let mut graph = KeyedGraph::builder().task(Key::Total, tiles.clone(), |args| args.iter().sum::<i32>());
    for tile in tiles {
        let Key::Tile(x, y) = tile else { unreachable!("only tiles") };
        graph = graph.task(tile, [], move |_| x * y);
    }
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph)[&Key::Total], 9);
}

fn functions_of_many_types(runner: &Runner) {
    fn words() -> Vec<String> {
        vec!["to".into(), "be".into()]
    }
    fn count(words: &Vec<String>) -> usize {
        words.len()
    }
    fn side_effect(_: &usize) {}
    fn report(words: &Vec<String>, count: &usize, _: &()) -> Result<String, String> {
        Ok(format!("{count}: {}", words.join(" ")))
    }
    let mut graph = create_graph! {
        report: [words, count, side_effect],
        side_effect: [count],
        count: [words],
        words: [],
    }
    .expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!(results.get(report), Some(&Ok("2: to be".to_string())));
    assert_eq!(results.get(side_effect), Some(&()));
}

fn results_move_out(runner: &Runner) {
    fn text() -> String {
        "moved".into()
    }
    let mut graph = create_graph! { text: [] }.expect("a valid graph");
    runner.dictionary(&mut graph);
    assert_eq!(graph.take(text).as_deref(), Some("moved"));
    assert_eq!((graph.take(text), graph.results().get(text)), (None, None));
    assert_eq!(runner.dictionary(&mut graph).get(text).map(String::as_str), Some("moved"));
}

fn run_again(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let mut graph = KeyedGraph::builder()
        .task("double", ["call"], |args| args[0] * 2)
        .task("call", [], |_| calls.fetch_add(1, Relaxed))
        .build()
        .expect("a valid graph");
    for run in 0..50 {
        assert_eq!(runner.dictionary(&mut graph)["double"], run * 2);
    }
}

fn results_are_dropped_once(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = KeyedGraph::builder()
        .task(0, [], |_| counter.make(0))
        .task(1, [0, 0], |args| {
            assert_eq!(args.len(), 2);
            counter.make(0)
        })
        .build()
        .expect("a valid graph");
    for _ in 0..3 {
        runner.dictionary(&mut graph);
        assert_eq!(counter.alive(), 2);
        drop(graph.take(&0));
        assert_eq!(counter.alive(), 1);
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn shared_state_of_tasks_lasts(runner: &Runner) {
    let log = Mutex::new(Vec::new());
    let mut graph = KeyedGraph::builder()
        .task("second", ["first"], |_| log.lock().expect("no panic").push(2))
        .task("first", [], |_| log.lock().expect("no panic").push(1))
        .build()
        .expect("a valid graph");
    for _ in 0..2 {
        runner.dictionary(&mut graph);
    }
    drop(graph);
    assert_eq!(log.into_inner().expect("no panic"), [1, 2, 1, 2]);
}

fn results_are_dropped_once_after_a_panic(runner: &Runner) {
    let counter = Counter::default();
    let mut builder = KeyedGraph::builder().task(0, [], |_| counter.make(0));
    for key in 1..50 {
        let counter = &counter;
        builder = builder.task(key, [key - 1], move |_| {
            if key == 30 {
                panic_any(Payload(30));
            }
            counter.make(0)
        });
    }
    let mut graph = builder.build().expect("a valid graph");
    for _ in 0..3 {
        payload_of::<Payload>(|| {
            runner.dictionary(&mut graph);
        });
        assert_eq!(counter.alive(), 30, "the results up to the panic are still there");
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}
