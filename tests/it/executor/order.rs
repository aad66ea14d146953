//! Every node once, after its predecessors, on every runner; also in runs within runs and from many callers.

use crate::support::runner::{Runner, over_all_runners};
use dgraph_exec::{AsDag, Dag, DagView, NodeId, StaticDag};
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::shapes::Shape;
use dgraph_tests::splitmix::SplitMix64;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

over_all_runners!(
    shapes_in_order,
    random_graphs_in_order,
    borrowed_graphs_in_order,
    one_slow_node_in_a_fast_graph,
    nested_runs,
    many_callers,
    same_graph_by_many_callers,
);

/// Runs the graph and checks that each node runs once, and starts when those that it depends on have ended.
fn check(runner: &Runner, dag: &impl AsDag, edges: &[(u32, u32)]) {
    check_with(runner, dag, edges, |_| {});
}

fn check_with(runner: &Runner, dag: &impl AsDag, edges: &[(u32, u32)], body: impl Fn(NodeId) + Sync) {
    const NEVER: u32 = u32::MAX;
    let clock = AtomicU32::new(0);
    let stamps = || (0..dag.view().node_count()).map(|_| AtomicU32::new(NEVER)).collect::<Vec<_>>();
    let (starts, ends) = (stamps(), stamps());
    runner.dag(dag, |node| {
        let earlier = starts[node.index()].swap(clock.fetch_add(1, Relaxed), Relaxed);
        assert_eq!(earlier, NEVER, "node {node} ran twice");
        body(node);
        ends[node.index()].store(clock.fetch_add(1, Relaxed), Relaxed);
    });
    assert_eq!(clock.load(Relaxed) as usize, 2 * starts.len(), "every node ran");
    for &(from, to) in edges {
        let (ended, started) = (ends[from as usize].load(Relaxed), starts[to as usize].load(Relaxed));
        assert!(ended < started, "node {to} started before {from} had ended");
    }
}

fn shapes_in_order(runner: &Runner) {
    for shape in Shape::ALL {
        let (nodes, edges) = shape.edges(if cfg!(miri) { 100 } else { 5_000 });
        let dag = Dag::from_edges(nodes, &edges).expect("a valid graph");
        for _ in 0..3 {
            check(runner, &dag, &edges);
        }
    }
}

fn random_graphs_in_order(runner: &Runner) {
    let mut random = SplitMix64::new(7);
    for nodes in (0..200).step_by(7) {
        let edges = random_dag(&mut random, nodes, nodes % 5);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("a valid graph");
        for _ in 0..20 {
            check(runner, &dag, &edges);
        }
    }
}

fn borrowed_graphs_in_order(runner: &Runner) {
    static DIAMOND: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
    let small: DagView<'_> = DIAMOND.view();
    let (nodes, edges) = Shape::Wave.edges(400);
    let large = Dag::from_edges(nodes, &edges).expect("a valid graph");
    for _ in 0..20 {
        check(runner, &small, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        check(runner, &large.view(), &edges);
    }
}

/// After some fast runs the executor walks through the graph on the caller. Then one node takes long, another
/// one in each run, and somebody has to break in at that point.
fn one_slow_node_in_a_fast_graph(runner: &Runner) {
    let mut random = SplitMix64::new(3);
    for nodes in [1, 2, 3, 40, 200] {
        let edges = random_dag(&mut random, nodes, 2);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("a valid graph");
        let run = |slow: Option<u32>| {
            check_with(runner, &dag, &edges, |node| {
                if Some(node.get()) == slow {
                    thread::sleep(Duration::from_millis(3));
                }
            });
        };
        for _ in 0..12 {
            (0..20).for_each(|_| run(None));
            run(Some(random.below(nodes)));
        }
    }
}

fn nested_runs(runner: &Runner) {
    let (nodes, edges) = Shape::Forkjoin.edges(132);
    let dag = Dag::from_edges(nodes, &edges).expect("a valid graph");
    let count = AtomicUsize::new(0);
    runner.dag(&dag, |_| {
        runner.dag(&dag, |_| {
            count.fetch_add(1, Relaxed);
        });
    });
    assert_eq!(count.into_inner(), nodes * nodes);
}

fn many_callers(runner: &Runner) {
    thread::scope(|scope| {
        for caller in 0..6 {
            scope.spawn(move || {
                let mut random = SplitMix64::new(caller);
                for _ in 0..30 {
                    let edges = random_dag(&mut random, 150, 2);
                    let dag = Dag::from_edges(150, &edges).expect("a valid graph");
                    check(runner, &dag, &edges);
                }
            });
        }
    });
}

fn same_graph_by_many_callers(runner: &Runner) {
    let (nodes, edges) = Shape::Wave.edges(900);
    let dag = Dag::from_edges(nodes, &edges).expect("a valid graph");
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..30).for_each(|_| check(runner, &dag, &edges)));
        }
    });
}
