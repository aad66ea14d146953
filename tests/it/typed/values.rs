//! Typed graphs: what nodes are fed, and what comes out.

use crate::support::counted::Counter;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Graph, GraphBuilder, Input, NoResult, Node, NodeId, Values};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

over_typed_runners!(
    three_nodes,
    arguments_come_as_listed,
    listed_twice_runs_once_and_feeds_twice,
    twelve_dependencies_of_different_types,
    many_of_one_type,
    functions_as_well_as_closures,
    one_handle_needs_no_tuple,
    declared_before_defined,
    order_without_values,
    unit_results,
    state_of_closures_lasts,
    borrows_from_the_caller,
    results_that_borrow,
    results_are_taken_once,
    over_aligned_and_empty,
    large_closures_and_results,
    empty_graph,
    send_but_not_sync_closures,
);

fn three_nodes(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 5);
    let b = graph.node("b", (a,), |x: &i32| x + 10);
    let c = graph.node("c", (a, b), |x: &i32, y: &i32| x + y + 20);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let results = runner.typed(&mut graph);
        assert_eq!([results[a], results[b], results[c]], [5, 15, 40]);
        assert_eq!(results.absent_nodes().count(), 0);
    }
}

fn arguments_come_as_listed(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let x = graph.node("x", (), || "x");
    let y = graph.node("y", (x,), |_: &&str| "y");
    let join = |a: &&str, b: &&str| format!("{a}{b}");
    let (xy, yx) = (graph.node("xy", (x, y), join), graph.node("yx", (y, x), join));
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    assert_eq!((&*results[xy], &*results[yx]), ("xy", "yx"));
}

fn listed_twice_runs_once_and_feeds_twice(runner: &Runner) {
    let mut runs = 0;
    let mut graph = GraphBuilder::new();
    let once = graph.node("once", (), || {
        runs += 1;
        7
    });
    let twice = graph.node("twice", (once, once), |x: &i32, y: &i32| x * 10 + y);
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[twice], 77);
    drop(graph);
    assert_eq!(runs, 1);
}

fn twelve_dependencies_of_different_types(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (a, b, c) =
        (graph.node("a", (), || 1_u8), graph.node("b", (), || 2_u16), graph.node("c", (), || 3_u32));
    let (d, e, f) =
        (graph.node("d", (), || 4_u64), graph.node("e", (), || 5_i8), graph.node("f", (), || 6_i16));
    let (g, h, i) =
        (graph.node("g", (), || 7_i32), graph.node("h", (), || 8_i64), graph.node("i", (), || '9'));
    let (j, k, l) =
        (graph.node("j", (), || "10"), graph.node("k", (), || Some(11)), graph.node("l", (), || [12.0; 3]));
    #[allow(clippy::too_many_arguments, reason = "as many as there can be")]
    fn write(
        a: &u8,
        b: &u16,
        c: &u32,
        d: &u64,
        e: &i8,
        f: &i16,
        g: &i32,
        h: &i64,
        i: &char,
        j: &&str,
        k: &Option<i32>,
        l: &[f64; 3],
    ) -> String {
        format!("{a} {b} {c} {d} {e} {f} {g} {h} {i} {j} {k:?} {l:?}")
    }
    let all = graph.node("all", (a, b, c, d, e, f, g, h, i, j, k, l), write);
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[all], "1 2 3 4 5 6 7 8 9 10 Some(11) [12.0, 12.0, 12.0]");
}

fn many_of_one_type(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let nodes: Vec<Node<u64>> = (0..500).map(|number| graph.node("", (), move || number)).collect();
    let sum = graph.node("sum", &nodes[..], |all: Values<'_, u64>| {
        assert_eq!((all.len(), all.is_empty(), all.get(500)), (500, false, None));
        assert!(all.iter().rev().eq((0..500).rev().collect::<Vec<_>>().iter()));
        assert_eq!(all.iter().skip(1).size_hint(), (499, Some(499)));
        all.into_iter().sum::<u64>() + all[499]
    });
    let pair = graph.node("pair", [nodes[7], nodes[7]], |all: Values<'_, u64>| all[0] + all[1]);
    let none = graph.node("none", Vec::<Node<u64>>::new(), |all: Values<'_, u64>| all.is_empty());
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    assert_eq!((results[sum], results[pair], results[none]), (499 * 250 + 499, 14, true));
}

fn functions_as_well_as_closures(runner: &Runner) {
    fn words() -> Vec<String> {
        vec!["to".into(), "be".into()]
    }
    fn count(words: &Vec<String>) -> usize {
        words.len()
    }
    let mut graph = GraphBuilder::new();
    let words = graph.node("words", (), words);
    let count = graph.node("count", (words,), count);
    let joined = graph.node("joined", (words, count), |words: &Vec<String>, count: &usize| {
        format!("{count}: {}", words.join(" "))
    });
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[joined], "2: to be");
}

fn one_handle_needs_no_tuple(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let input: Input<u32> = graph.input("input");
    let lent = graph.node("lent", input, |x: &u32| x + 1);
    let boxed = graph.node("boxed", lent, |x: &u32| Box::new(*x));
    let moved = graph.node("moved", boxed.moved(), |x: Box<u32>| *x + 1);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 5);
    assert_eq!(runner.typed(&mut graph)[moved], 7);
}

fn declared_before_defined(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let last = graph.declare::<String>("last");
    let middle = graph.declare::<u32>("middle");
    let first = graph.node("first", (), || 20_u32);
    let last = graph.node(last, (middle.node(), first), |x: &u32, y: &u32| format!("{x} {y}"));
    let middle = graph.try_node(middle, (first,), |x: &u32| u32::try_from(i64::from(*x) + 1));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let results = runner.typed(&mut graph);
        assert_eq!((&*results[last], results[middle]), ("21 20", 21));
    }
    let nodes = [last.id(), middle.id(), first.id()];
    assert_eq!(nodes, [0, 1, 2].map(NodeId::new));
}

fn order_without_values(runner: &Runner) {
    let log = std::sync::Mutex::new(Vec::new());
    let write = |text: &'static str| log.lock().expect("no panic").push(text);
    let mut graph = GraphBuilder::new();
    let last = graph.node("last", (), || write("last"));
    let middle = graph.node("middle", (), || write("middle"));
    let first = graph.node("first", (), || write("first"));
    graph.after(last, [first.any(), middle.any()]);
    graph.after(middle, [first]);
    let mut graph = graph.build().expect("a valid graph");
    runner.typed(&mut graph);
    drop(graph);
    assert_eq!(log.into_inner().expect("no panic"), ["first", "middle", "last"]);
}

fn unit_results(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let done = graph.node("done", (), || ());
    let after = graph.node("after", (done,), |(): &()| 3);
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    assert_eq!((results[done], results[after]), ((), 3));
}

fn state_of_closures_lasts(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let mut calls = 0;
    let count = graph.node("count", (), move || {
        calls += 1;
        calls
    });
    let mut history = Vec::new();
    let all = graph.node("all", (count,), move |count: &i32| {
        history.push(*count);
        history.clone()
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..20 {
        assert_eq!(runner.typed(&mut graph)[all], (1..=run).collect::<Vec<_>>());
    }
}

fn borrows_from_the_caller(runner: &Runner) {
    let text = String::from("borrowed");
    let mut total = 0;
    {
        let mut graph = GraphBuilder::new();
        let length = graph.node("length", (), || text.len());
        graph.node("total", (length,), |length: &usize| total += length);
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            runner.typed(&mut graph);
        }
    }
    assert_eq!(total, 24);
}

fn results_that_borrow(runner: &Runner) {
    let text = String::from("to be or not");
    let longest = {
        let mut graph = GraphBuilder::new();
        let words = graph.node("words", (), || text.split(' ').collect::<Vec<&str>>());
        let longest = graph.node("longest", (words,), |words: &Vec<&str>| words[3].len());
        let first = graph.node("first", (words,), first_of);
        let mut graph = graph.build().expect("a valid graph");
        let results = runner.typed(&mut graph);
        assert_eq!(results[longest], 3);
        results[first]
    };
    assert_eq!(longest, "to");
}

fn first_of<'t>(words: &Vec<&'t str>) -> &'t str {
    words[0]
}

fn results_are_taken_once(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || counter.make(1));
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.results().get(node).err(), Some(NoResult::NotRun));
    for _ in 0..3 {
        runner.typed(&mut graph);
        let taken = graph.take(node).expect("there is one");
        assert_eq!(graph.take(node).err(), Some(NoResult::Taken));
        let results = graph.results();
        assert_eq!(results.get(node).err(), Some(NoResult::Taken));
        assert_eq!(results.why_absent(node), Some(NoResult::Taken));
        let panic = catch_unwind(AssertUnwindSafe(|| results[node].value)).expect_err("nothing there");
        assert_eq!(
            panic.downcast_ref::<String>().map(String::as_str),
            Some("no result: node node was taken")
        );
        drop(taken);
        assert_eq!(counter.alive(), 0);
    }
}

#[derive(Clone, Copy)]
#[repr(align(256))]
struct Aligned(u8);

fn over_aligned_and_empty(runner: &Runner) {
    struct Empty;
    let mut graph = GraphBuilder::new();
    let mut nodes = Vec::new();
    for number in 0..40_u8 {
        let nothing = graph.node("nothing", (), || Empty);
        let aligned = graph.node("aligned", (nothing,), move |_: &Empty| Aligned(number));
        let kept = Aligned(1);
        let captured = graph.node("captured", (aligned,), move |x: &Aligned| {
            assert!(std::ptr::from_ref(&kept).is_aligned() && std::ptr::from_ref(x).is_aligned());
            std::ptr::from_ref(x) as usize % 256 + usize::from(x.0 + kept.0)
        });
        nodes.push((aligned, captured));
    }
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    for (number, (aligned, captured)) in (0..).zip(nodes) {
        assert_eq!((results[aligned].0, results[captured]), (number, usize::from(number) + 1));
    }
}

fn large_closures_and_results(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let data = [7_u64; 5_000];
    let large = graph.node("large", (), move || data);
    let sum = graph.node("sum", (large,), |data: &[u64; 5_000]| data.iter().sum::<u64>());
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[sum], 35_000);
}

fn empty_graph(runner: &Runner) {
    let mut graph = Graph::builder().build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph).absent_nodes().count(), 0);
    assert_eq!(format!("{graph:?} {:?}", graph.dag().node_count()), "{} 0");
}

fn send_but_not_sync_closures(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let cell = Cell::new(0);
    let node = graph.node("node", (), move || {
        cell.set(cell.get() + 1);
        cell.get()
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..5 {
        assert_eq!(runner.typed(&mut graph)[node], run);
    }
}

/// Serially, ready nodes run in the order in which they were declared.
#[test]
fn a_serial_run_keeps_the_order_of_declaration() {
    let log = std::sync::Mutex::new(Vec::new());
    let write = |number: u32| log.lock().expect("no panic").push(number);
    let mut graph = GraphBuilder::new();
    let late = graph.declare::<()>("0");
    for number in 1..4 {
        graph.node("", (), move || write(number));
    }
    let four = graph.node("4", (), move || write(4));
    graph.node("5", (late.node(),), move |(): &()| write(5));
    graph.node("6", (), move || write(6));
    graph.node(late, (four,), move |(): &()| write(0));
    let mut graph = graph.build().expect("a valid graph");
    graph.run().expect("no node fails");
    drop(graph);
    assert_eq!(log.into_inner().expect("no panic"), [1, 2, 3, 4, 0, 5, 6]);
}

#[test]
fn graphs_can_be_sent_and_shared() {
    fn check<T: Send + Sync>(_: &T) {}
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || 1);
    check(&graph);
    check(&node);
    let mut graph = graph.build().expect("a valid graph");
    check(&graph);
    check(&graph.run().expect("no node fails"));
    let sum = std::thread::spawn(move || graph.run().expect("no node fails")[node]).join();
    assert_eq!(sum.expect("no panic"), 1);
}

/// A graph whose type says that it lives for ever can be a part of one that borrows.
#[test]
fn graphs_are_covariant() {
    fn shorten<'s>(graph: Graph<'static>, _: &'s str) -> Graph<'s> {
        graph
    }
    let text = String::from("local");
    let mut graph = Graph::builder();
    let node = graph.node("node", (), || 1);
    let mut graph = shorten(graph.build().expect("a valid graph"), &text);
    assert_eq!(graph.run().expect("no node fails")[node], 1);
}
