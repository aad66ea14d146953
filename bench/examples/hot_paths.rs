//! One hot path on one thread, to count its instructions: see `bench/instructions`.
//!
//! What is counted happens in functions called `measured`, which callgrind is told to look at.

use dgraph_core::sync::{AtomicU32, AtomicUsize};
use dgraph_core::{Countdown, Dag, Run, ready_words};
use dgraph_exec::{CancelToken, Declared, Graph, GraphBuilder, KeyedGraph, Node, RunOptions, Values};
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::shapes::Shape;
use std::hint::black_box;
use std::process::ExitCode;

const NODES: usize = 10_000;
const PATHS: &str = "build, walk, countdown, bare, pairs, keyed, typed, checked, polled";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(Ok(shape))) = (arguments.next(), arguments.next().map(|name| name.parse())) else {
        eprintln!("usage: hot_paths PATH SHAPE, where PATH is one of {PATHS}");
        return ExitCode::FAILURE;
    };
    let shape: Shape = shape;
    let (nodes, edges) = shape.edges(NODES);
    println!("{nodes}");
    let dag = Dag::from_edges(nodes, &edges).expect("an acyclic graph");
    match path.as_str() {
        "build" => build::measured(nodes, &edges),
        "walk" => walk::measured(&dag),
        "countdown" => {
            let mut counters: Vec<AtomicU32> = (0..nodes).map(|_| AtomicU32::new(0)).collect();
            let countdown = Countdown::new(dag.view(), &mut counters).expect("as many counters as nodes");
            countdown::measured(countdown);
        }
        "bare" | "pairs" => {
            let mut words: Vec<_> = (0..nodes).map(|_| AtomicU32::new(0)).collect();
            let mut ready: Vec<_> = (0..ready_words(nodes)).map(|_| AtomicUsize::new(0)).collect();
            let run = Run::in_memory(dag.view(), &mut words, &mut ready).expect("enough memory");
            run.start().expect("it is at rest");
            if path == "bare" { bare::measured(&run) } else { pairs::measured(&run) }
        }
        "keyed" => {
            let predecessors = Predecessors::new(nodes, &edges);
            let mut builder = KeyedGraph::builder();
            for node in 0_u32..u32::try_from(nodes).expect("node ids have 32 bits") {
                let inputs = predecessors.of(node as usize).iter().copied();
                builder = builder.task(node, inputs, move |args| u64::from(node) + args.len() as u64);
            }
            keyed::measured(&mut builder.build().expect("an acyclic graph"));
        }
        "typed" => run::measured(&mut typed_graph(nodes, &edges), &RunOptions::new()),
        "checked" => {
            run::measured(
                &mut typed_graph(nodes, &edges),
                &RunOptions::new().cancel_token(&CancelToken::new()),
            );
        }
        "polled" => run::measured(&mut polled_graph(nodes, &edges), &RunOptions::new()),
        _ => {
            eprintln!("no such path: {path}; there are {PATHS}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Nodes that add up what they are fed.
fn typed_graph(nodes: usize, edges: &[(u32, u32)]) -> Graph<'static> {
    declared(nodes, edges, |graph, node, fed| graph.node(node, fed, |fed: Values<'_, u64>| sum(fed)))
}

/// Nodes that add up what they are fed, each by a future that is ready at once.
fn polled_graph(nodes: usize, edges: &[(u32, u32)]) -> Graph<'static> {
    declared(nodes, edges, |graph, node, fed| {
        graph.async_node(node, fed, async |fed: Values<'_, u64>| sum(fed))
    })
}

fn sum(fed: Values<'_, u64>) -> u64 {
    black_box(fed.iter().fold(1, |sum, value| sum.wrapping_add(*value)))
}

fn declared(
    nodes: usize,
    edges: &[(u32, u32)],
    define: impl Fn(&mut GraphBuilder<'static>, Declared<u64>, Vec<Node<u64>>) -> Node<u64>,
) -> Graph<'static> {
    let predecessors = Predecessors::new(nodes, edges);
    let mut graph = GraphBuilder::new();
    let declared: Vec<Declared<u64>> = (0..nodes).map(|_| graph.declare("")).collect();
    let handles: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
    for (node, declared) in declared.into_iter().enumerate() {
        let fed = predecessors.of(node).iter().map(|&before| handles[before as usize]).collect();
        define(&mut graph, declared, fed);
    }
    graph.build().expect("an acyclic graph")
}

/// A typed graph, whatever its nodes are.
mod run {
    use super::{Graph, RunOptions, black_box};

    #[inline(never)]
    pub(crate) fn measured(graph: &mut Graph<'_>, options: &RunOptions) {
        black_box(graph.with(options).run().is_ok());
    }
}

mod build {
    use super::{Dag, black_box};

    #[inline(never)]
    pub(crate) fn measured(nodes: usize, edges: &[(u32, u32)]) {
        let _ = black_box(Dag::from_edges(nodes, black_box(edges)));
    }
}

mod walk {
    use super::{Dag, black_box};

    #[inline(never)]
    pub(crate) fn measured(dag: &Dag) {
        dag.run(|node| {
            black_box(node);
        });
    }
}

/// Nodes of a run that needs no operating system, on one thread.
mod bare {
    use super::{HeapRun, black_box};

    #[inline(never)]
    pub(crate) fn measured(run: &HeapRun<'_>) {
        let _ = run.work(|node| {
            black_box(node);
        });
    }
}

/// Nodes of a run that needs no operating system, taken and completed one by one.
mod pairs {
    use super::{HeapRun, black_box};

    #[inline(never)]
    pub(crate) fn measured(run: &HeapRun<'_>) {
        while let Some(node) = run.take() {
            run.complete(black_box(node));
        }
    }
}

type HeapRun<'a> = Run<'a, &'a mut [AtomicU32], &'a mut [AtomicUsize]>;

mod countdown {
    use super::{Countdown, black_box};

    #[inline(never)]
    pub(crate) fn measured(countdown: Countdown<'_>) {
        for &node in countdown.dag().order() {
            countdown.complete(node, |next| {
                black_box(next);
            });
        }
    }
}

mod keyed {
    use super::{KeyedGraph, black_box};

    #[inline(never)]
    pub(crate) fn measured(graph: &mut KeyedGraph<'_, u32, u64>) {
        black_box(graph.run().is_ok());
    }
}
