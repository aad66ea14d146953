//! Runs in a random order: which orders occur, and what stays as it is.

use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{Declared, Executor, Graph, GraphBuilder, Node, RunOptions};
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// The orders in which nodes have run.
#[derive(Default)]
struct Order(Mutex<Vec<u32>>);

impl Order {
    fn ran(&self, node: u32) {
        self.0.lock().expect("nobody panics here").push(node);
    }

    fn take(&self) -> Vec<u32> {
        mem::take(&mut self.0.lock().expect("nobody panics here"))
    }
}

/// A graph that notes its order. If it is `demanding`, nodes run one at a time, of all priorities and places.
fn graph<'o>(nodes: u32, edges: &[(u32, u32)], demanding: bool, order: &'o Order) -> Graph<'o> {
    let mut graph = GraphBuilder::new();
    let declared: Vec<_> = (0..nodes).map(|_| graph.declare::<()>("")).collect();
    let handles: Vec<Node<()>> = declared.iter().map(Declared::node).collect();
    for (number, declared) in (0..).zip(declared) {
        graph.node(declared, (), move || order.ran(number));
    }
    edges.iter().for_each(|&(from, to)| graph.after(handles[to as usize], [handles[from as usize]]));
    if demanding {
        let one = graph.limit(1);
        for (number, &node) in (0..).zip(&handles) {
            graph.limited(node, one);
            graph.priority(node, number % 3);
            match number % 5 {
                0 => graph.on_caller(node),
                1 => graph.on_worker(node, 0),
                _ => {}
            }
        }
    }
    graph.build().expect("an acyclic graph")
}

fn is_legal(order: &[u32], nodes: u32, edges: &[(u32, u32)]) -> bool {
    let place = |node| order.iter().position(|&other| other == node);
    let all = (0..nodes).all(|node| place(node).is_some()) && order.len() == nodes as usize;
    all && edges.iter().all(|&(from, to)| place(from) < place(to))
}

/// All topological orders.
fn all_orders(nodes: u32, edges: &[(u32, u32)], begun: &mut Vec<u32>, found: &mut BTreeSet<Vec<u32>>) {
    if begun.len() == nodes as usize {
        found.insert(begun.clone());
    }
    for node in 0..nodes {
        let before = |&&(_, to): &&(u32, u32)| to == node;
        let is_ready = edges.iter().filter(before).all(|(from, _)| begun.contains(from));
        if is_ready && !begun.contains(&node) {
            begun.push(node);
            all_orders(nodes, edges, begun, found);
            begun.pop();
        }
    }
}

/// The orders of these seeds. Once more, they are the same.
fn orders(runner: &Runner, graph: &mut Graph<'_>, order: &Order, seeds: u64) -> Vec<Vec<u32>> {
    let mut all = || -> Vec<_> {
        let run = |seed| {
            runner.typed_with(graph, &RunOptions::new().shuffle(seed)).expect("no node fails");
            order.take()
        };
        (0..seeds).map(run).collect()
    };
    let orders = all();
    assert_eq!(all(), orders);
    orders
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_order_is_legal(nodes in 1..40_u32, density in 0..4_u32, seed: u64, demanding: bool) {
        let edges = random_dag(&mut SplitMix64::new(seed), nodes, density);
        let order = Order::default();
        let mut graph = graph(nodes, &edges, demanding, &order);
        for runner in [Runner::Serial, Runner::Async] {
            for order in orders(&runner, &mut graph, &order, 10) {
                prop_assert!(is_legal(&order, nodes, &edges));
            }
        }
        let executor = executor(3);
        for seed in 0..10 {
            graph.with(&RunOptions::new().shuffle(seed)).run_parallel(&executor).expect("no node fails");
            let order = order.take();
            prop_assert!(is_legal(&order, nodes, &edges) || !demanding && order.len() == nodes as usize);
        }
    }

    #[test]
    fn every_legal_order_occurs(nodes in 1..6_u32, density in 0..3_u32, seed: u64, demanding: bool) {
        let edges = random_dag(&mut SplitMix64::new(seed), nodes, density);
        let mut expected = BTreeSet::new();
        all_orders(nodes, &edges, &mut Vec::new(), &mut expected);
        let order = Order::default();
        let mut graph = graph(nodes, &edges, demanding, &order);
        let found: BTreeSet<_> = orders(&Runner::Serial, &mut graph, &order, 2000).into_iter().collect();
        prop_assert_eq!(found, expected);
    }
}

/// What a seed draws belongs to the interface.
#[test]
fn the_order_is_the_same_on_every_machine() {
    let edges = [(0, 3), (1, 3), (3, 7), (2, 5), (6, 5)];
    let order = Order::default();
    let mut graph = graph(8, &edges, false, &order);
    let orders = orders(&Runner::Serial, &mut graph, &order, 3);
    assert_eq!(orders, [[6, 1, 0, 3, 2, 7, 5, 4], [4, 1, 6, 2, 5, 0, 3, 7], [2, 6, 4, 5, 0, 1, 3, 7]]);
}

/// One at a time, every way to run takes the nodes in the order that was drawn.
fn nodes_that_run_one_at_a_time_keep_to_the_order(runner: &Runner) {
    let edges = random_dag(&mut SplitMix64::new(7), 20, 1);
    let order = Order::default();
    let mut graph = graph(20, &edges, true, &order);
    for seed in 0..100 {
        let options = RunOptions::new().shuffle(seed);
        graph.with(&options).run().expect("no node fails");
        let expected = order.take();
        runner.typed_with(&mut graph, &options).expect("no node fails");
        // Nodes that are bound to another thread wait until it has come.
        let alone = matches!(runner, Runner::Serial | Runner::Async);
        let ran = order.take();
        assert!(is_legal(&ran, 20, &edges) && (ran == expected || !alone));
    }
    // What comes after is as before.
    graph.run().expect("no node fails");
    let expected = order.take();
    graph.with(&RunOptions::new().shuffle(1)).run().expect("no node fails");
    assert_ne!(order.take(), expected);
    graph.run().expect("no node fails");
    assert_eq!(order.take(), expected);
}

/// Inputs, and nodes that aren't to run, take no turn: what waits for them has the same chance as the others.
fn what_runs_nothing_takes_no_turn(runner: &Runner) {
    let order = Order::default();
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let input = graph.input::<u32>("");
    let early = graph.node("", (input,), |number: &u32| *number);
    let fed = graph.node("", (input, early), |_: &u32, _: &u32| order.ran(0));
    let other = graph.node("", (), || order.ran(1));
    [fed, other].into_iter().for_each(|node| graph.limited(node, one));
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 1);
    runner.typed_with(&mut graph, &RunOptions::new().only([early])).expect("no node fails");
    let mut first = [0_i32; 2];
    for seed in 0..1000 {
        // Both have run, or not: they run again, and `early` doesn't.
        let _ = (graph.take(fed), graph.take(other));
        let options = RunOptions::new().update().shuffle(seed);
        let wants = options.only([fed, other]);
        let _ = runner.typed_with(&mut graph, &wants).expect("no node fails");
        if let [one, _] = order.take()[..] {
            first[one as usize] += 1;
        }
    }
    assert!(first[0] == 0 && first[1] == 0 || (first[0] - first[1]).abs() < 200, "{first:?}");
}

/// Graphs that are nodes are shuffled, and so are nodes that wait.
fn all_of_a_graph_is_shuffled(runner: &Runner) {
    let order = Order::default();
    let told = &order;
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let mut inner = GraphBuilder::new();
    let alone = inner.limit(1);
    for number in 0..3 {
        let node = inner.node("", (), move || told.ran(number));
        inner.limited(node, alone);
    }
    let inner = graph.graph("", (), inner.build().expect("a valid graph"), |_: &mut Graph<'_>| {}, |_| ());
    graph.limited(inner, one);
    for number in 3..6 {
        let node = graph.async_node("", (), move || async move {
            told.ran(number);
            yields(1).await;
        });
        graph.limited(node, one);
    }
    let mut graph = graph.build().expect("a valid graph");
    let mut found = BTreeSet::new();
    for seed in 0..200 {
        runner.typed_with(&mut graph, &RunOptions::new().shuffle(seed)).expect("no node fails");
        let order = order.take();
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 6);
        found.insert(order);
    }
    assert!(found.len() > 50, "of 144 orders {}", found.len());
}

/// A run that panics leaves nothing behind.
fn usable_after_a_panic(runner: &Runner) {
    let order = Order::default();
    let bad = Mutex::new(true);
    let mut graph = GraphBuilder::new();
    (0..5).for_each(|number| {
        _ = graph.node("", (), {
            let order = &order;
            move || order.ran(number)
        });
    });
    graph.node("", (), || assert!(!*bad.lock().expect("not held by whoever panics")));
    let mut graph = graph.build().expect("a valid graph");
    for seed in 0..10 {
        *bad.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = true;
        bad.clear_poison();
        let options = RunOptions::new().shuffle(seed);
        let ran = catch_unwind(AssertUnwindSafe(|| runner.typed_with(&mut graph, &options).map(drop)));
        assert!(ran.is_err());
        bad.clear_poison();
        *bad.lock().expect("cleared") = false;
        order.take();
        runner.typed_with(&mut graph, &options).expect("no node fails");
        assert_eq!(order.take().len(), 5);
    }
}

over_typed_runners! {
    nodes_that_run_one_at_a_time_keep_to_the_order,
    what_runs_nothing_takes_no_turn,
    all_of_a_graph_is_shuffled,
    usable_after_a_panic,
}

/// Other seeds give other orders also where two threads take nodes.
#[test]
fn orders_vary_on_an_executor() {
    let executor: Executor = executor(2);
    let order = Order::default();
    let mut graph = graph(6, &[], false, &order);
    let mut found = BTreeSet::new();
    for seed in 0..100 {
        graph.with(&RunOptions::new().shuffle(seed)).run_parallel(&executor).expect("no node fails");
        found.insert(order.take());
    }
    assert!(found.len() > 30, "{}", found.len());
}
