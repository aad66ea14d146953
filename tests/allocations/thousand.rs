//! A thousand runs of one graph on a fresh executor, each kind: only the first allocates, whoever takes part
//! in which of the others.

use crate::{allocations, of_waiting};
use dgraph_exec::{Dag, Executor, Graph, GraphBuilder, Input, NodeId, Values};
use dgraph_tests::yields::yields;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many steps a body takes: none, some hundred nanoseconds, a microsecond.
const STEPS: [u64; 3] = [0, 100, 1_000];
const RUNS: u64 = 1_000;

static BODY: AtomicU64 = AtomicU64::new(0);

fn body(seed: u64) -> u64 {
    (0..BODY.load(Relaxed))
        .fold(seed, |x, _| black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
}

/// Runs it so often on fresh executors of 1, 2 and 5 threads. In each run a future is waited for, if `waits`.
fn check(name: &str, waits: bool, mut run: impl FnMut(&Executor, u64)) {
    let expected = of_waiting(waits.into());
    for threads in [1, 2, 5] {
        for steps in STEPS {
            BODY.store(steps, Relaxed);
            let executor = Executor::builder().threads(threads).build().expect("no special demands");
            run(&executor, 0);
            let later = (1..RUNS).find_map(|number| {
                let count = allocations(|| run(&executor, number));
                (count != expected).then_some((number, count))
            });
            assert_eq!(
                later, None,
                "run and allocations of {name}, other than {expected}, {threads} threads, bodies of {steps} steps"
            );
        }
    }
}

fn raw() {
    let layers = (0..300).flat_map(|node| [(node, 300 + node), (300 + node, 600)]).collect::<Vec<_>>();
    let fan = (1..300).map(|node| (0, node)).collect::<Vec<_>>();
    let chain = (1..500).map(|node| (node - 1, node)).collect::<Vec<_>>();
    for (name, nodes, edges) in [("layers", 601, layers), ("a fan", 300, fan), ("a chain", 500, chain)] {
        let dag = Dag::from_edges(nodes, &edges).expect("a valid graph");
        check(name, false, |executor, number| {
            executor.run(&dag, |node: NodeId| _ = body(number + u64::from(node.get())));
        });
    }
}

/// Many nodes of one kind between an input and an end; `change` changes some of them.
fn wide(
    change: impl Fn(&mut GraphBuilder<'static>, Input<u64>, usize) -> dgraph_exec::Node<u64>,
) -> (Graph<'static>, Input<u64>) {
    let mut graph = GraphBuilder::new();
    let seed = graph.input::<u64>("seed");
    let parts: Vec<_> = (0..300).map(|number| change(&mut graph, seed, number)).collect();
    graph.node("end", &parts, |parts: Values<'_, u64>| parts.iter().copied().max());
    (graph.build().expect("a valid graph"), seed)
}

fn typed() {
    let (mut graph, seed) = wide(|graph, seed, _| graph.node("part", (seed,), |seed: &u64| body(*seed)));
    check("a typed graph", false, |executor, number| {
        graph.set(seed, number);
        graph.run_parallel(executor).expect("no node fails");
    });
    let (mut graph, seed) = wide(|graph, seed, number| {
        let node = graph.node("part", (seed,), |seed: &u64| body(*seed));
        graph.priority(node, i32::try_from(number % 5).expect("small"));
        node
    });
    check("a graph with priorities", false, |executor, number| {
        graph.set(seed, number);
        graph.run_parallel(executor).expect("no node fails");
    });
}

/// Bodies that become shorter: the executor takes samples of such a graph anew, as if it had not run yet.
/// That allocated if the graph had priorities, and its bodies had been long: the first run hadn't found what
/// walks in step need.
fn shorter() {
    for (prioritized, threads) in [(false, 2), (true, 1), (true, 2), (true, 5)] {
        let (mut graph, seed) = wide(|graph, seed, number| {
            let node = graph.node("part", (seed,), |seed: &u64| body(*seed));
            if prioritized && number == 7 {
                graph.priority(node, 1);
            }
            node
        });
        let executor = Executor::builder().threads(threads).build().expect("no special demands");
        let mut run = |number, steps| {
            BODY.store(steps, Relaxed);
            graph.set(seed, number);
            graph.run_parallel(&executor).expect("no node fails");
        };
        run(0, 30_000);
        let later = (1..100)
            .map(|number| (number, allocations(|| run(number, if number < 20 { 30_000 } else { 300 }))))
            .find(|&(_, count)| count > 0);
        assert_eq!(later, None, "run and allocations, {threads} threads, priorities: {prioritized}");
    }
}

fn futures() {
    let waiting = || {
        wide(|graph, seed, _| {
            graph.async_node("part", (seed,), async |seed: &u64| {
                yields(u32::try_from(seed % 3).expect("small")).await;
                body(*seed)
            })
        })
    };
    let (mut graph, seed) = waiting();
    check("a graph with futures", false, |executor, number| {
        graph.set(seed, number);
        graph.run_parallel(executor).expect("no node fails");
    });
    check("a run that is a future", true, |executor, number| {
        graph.set(seed, number);
        pollster::block_on(graph.run_parallel_async(executor)).expect("no node fails");
    });
    let (mut graph, seed) = waiting();
    check("a run on one thread", true, |_, number| {
        graph.set(seed, number);
        graph.run().expect("no node fails");
        pollster::block_on(graph.run_async()).expect("no node fails");
    });
}

pub(crate) fn runs() {
    raw();
    typed();
    shorter();
    futures();
}
