//! Items of nodes, lists among dependencies, results that are dropped early.

use super::allocations;
use dgraph_exec::{Dag, Executor, Graph, GraphBuilder, MovedValues, Node, Outcomes, Values};

pub(super) fn runs() {
    let executors =
        [1, 2, 5].map(|threads| Executor::builder().threads(threads).build().expect("an executor"));
    let (mut graph, last) = graph();
    let mut serially = || assert!(graph.run().expect("no node fails")[last] > 0);
    serially();
    assert_eq!(allocations(|| (0..50).for_each(|_| serially())), 0, "lists, serially");
    for executor in &executors {
        none("lists", executor, || assert!(graph.run_parallel(executor).expect("no node fails")[last] > 0));
        let dag = grid();
        let mut items = [1_u64; 400];
        none("items", executor, || {
            executor.run_each(&dag, &mut items, |_, own, before| *own ^= before.iter().sum::<u64>());
        });
    }
}

/// What is made once may come late, as for other runs.
fn none(what: &str, executor: &Executor, mut run: impl FnMut()) {
    (0..200).for_each(|_| run());
    let mut fifty = || allocations(|| (0..50).for_each(|_| run()));
    let count = (0..20).map(|_| fifty()).min();
    assert_eq!(count, Some(0), "{what} on {} threads", executor.threads());
}

fn grid() -> Dag {
    let right = (0..400).filter(|at| at % 20 < 19).map(|at| (at, at + 1));
    let down = (0..380).map(|at| (at, at + 20));
    Dag::from_edges(400, &right.chain(down).collect::<Vec<_>>()).expect("a grid")
}

fn graph() -> (Graph<'static>, Node<u64>) {
    let mut graph = GraphBuilder::new();
    let mut layer: Vec<_> = (1..9).map(|number| graph.node("", (), move || number)).collect();
    for _ in 0..10 {
        let pairs = [0, 1, 2].map(|at| graph.node("pair", layer[at], |x: &u64| [*x, x + 1]).moved());
        let moved = graph.node("moved", (layer[0], pairs), |x: &u64, pairs: MovedValues<'_, [u64; 2]>| {
            pairs.flatten().fold(*x, u64::wrapping_add)
        });
        let told: Vec<_> = layer.iter().map(|node| node.outcome()).collect();
        let told = graph.node("told", (&told, moved), |told: Outcomes<'_, u64>, moved: &u64| {
            told.flatten().fold(*moved, |a, b| a ^ b) | 1
        });
        layer.iter().for_each(|&node| graph.drop_early(node));
        layer = (0..8)
            .map(|_| {
                graph.node("sum", ([told, moved], told), |all: Values<'_, u64>, x: &u64| all[0] ^ all[1] | x)
            })
            .collect();
    }
    let last = graph.node("last", &layer, |all: Values<'_, u64>| all.iter().fold(1, |a, b| a | b));
    (graph.build().expect("a valid graph"), last)
}
