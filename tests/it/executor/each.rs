//! Runs in which each node has an item of its own.

use crate::support::counted::{Counted, Counter};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, executor, over_all_runners};
use dgraph_exec::{AsDag, Before, CancelToken, Dag, GraphBuilder, NodeId, RunOptions, Threads, threads};
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

over_all_runners!(
    items_are_replaced_and_dropped,
    a_panic_leaves_what_depends_on_it,
    items_without_size,
    nested_in_a_run_of_the_same_graph,
    counters_that_others_have_left_anyhow,
    as_many_items_as_nodes,
);

/// The values that are in what a node has made.
type Sums = Vec<Option<Counted>>;

fn wide() -> Dag {
    let edges: Vec<_> =
        (0..40_u32).flat_map(|node| (0..3).map(move |to| (node, 40 + (node * 7 + to) % 40))).collect();
    Dag::from_edges(80, &edges).expect("two layers")
}

/// Each node counts the paths to it, in an item that it makes.
fn count_paths(runner: &Runner, dag: &Dag, counter: &Counter) -> u64 {
    let mut items: Sums = Vec::new();
    items.resize_with(dag.view().node_count(), || None);
    runner.each(dag, &mut items, |_, own, before| {
        let sum: u64 = before.iter().map(|(_, item)| item.as_ref().expect("it has run").get()).sum();
        *own = Some(counter.make(sum.max(1)));
    });
    assert_eq!(Ok(counter.alive()), isize::try_from(items.len()));
    items.iter().flatten().map(Counted::get).sum()
}

fn items_are_replaced_and_dropped(runner: &Runner) {
    let counter = Counter::default();
    for _ in 0..30 {
        assert_eq!(count_paths(runner, &wide(), &counter), 40 + 120);
        assert_eq!(counter.alive(), 0);
    }
}

fn a_panic_leaves_what_depends_on_it(runner: &Runner) {
    let dag =
        Dag::from_edges(100, &(1..100).map(|node| (node - 1, node)).collect::<Vec<_>>()).expect("a chain");
    let mut items = vec![0; 100];
    for _ in 0..20 {
        items.fill(0);
        payload_of::<Payload>(|| {
            runner.each(&dag, &mut items, |node, own, before| {
                *own = before.first().map_or(1, |(_, before)| **before + 1);
                if node.get() == 41 {
                    panic_any(Payload(41));
                }
            });
        });
        assert!(items[..42].iter().copied().eq(1..=42));
        assert!(items[42..].iter().all(|&item| item == 0));
    }
}

fn items_without_size(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    runner.each(&wide(), &mut [(); 80], |_, (), before| _ = calls.fetch_add(1 + before.len(), Relaxed));
    assert_eq!(calls.into_inner(), 80 + 120);
}

/// The counters that are kept with the graph are away meanwhile.
fn nested_in_a_run_of_the_same_graph(runner: &Runner) {
    let dag = wide();
    runner.dag(&dag, |node| {
        if node.get() % 20 == 0 {
            assert_eq!(count_paths(runner, &dag, &Counter::default()), 160);
        }
    });
}

/// Whoever borrows a graph's counters can leave them so that later runs begin nodes too early: `run`, but not
/// this. An item that isn't there yet would be noticed by `count_paths`.
fn counters_that_others_have_left_anyhow(runner: &Runner) {
    let dag = wide();
    let spoil = || {
        let lent = dag.lend_countdown().expect("nobody else has it");
        lent.countdown().complete(NodeId::new(0), |_| {});
        lent.countdown().complete(NodeId::new(1), |_| {});
    };
    for _ in 0..30 {
        spoil();
        assert_eq!(count_paths(runner, &dag, &Counter::default()), 160);
    }
}

fn as_many_items_as_nodes(runner: &Runner) {
    for items in [0, 79, 81] {
        let message = payload_of::<String>(|| runner.each(&wide(), &mut vec![0; items], |_, _, _| {}));
        assert_eq!(message, format!("{items} items for the 80 nodes of a graph"));
    }
}

#[test]
fn what_comes_before_by_position_and_by_node() {
    let dag = Dag::from_edges(5, &[(3, 4), (1, 4), (3, 4), (0, 1)]).expect("a valid graph");
    let mut items = [0, 10, 20, 30, 40];
    executor(2).run_each(&dag, &mut items, |node, own, before: Before<'_, i32>| {
        if node.get() == 4 {
            assert!(before.nodes().eq([1, 3, 3].map(NodeId::new)));
            assert!(before.iter().eq(&[10, 30, 30]));
            assert_eq!((before[NodeId::new(3)], before.get(NodeId::new(0))), (30, None));
            assert_eq!(before.get(NodeId::new(4)), None, "its own");
            assert_eq!(format!("{before:?}"), "{1: 10, 3: 30, 3: 30}");
            *own = 1;
        }
    });
    assert_eq!(items, [0, 10, 20, 30, 1]);
    let by_number = || {
        executor(2).run_each(&dag, &mut items, |node, _, before| {
            if node.get() == 4 {
                let _ = before[NodeId::new(0)];
            }
        });
    };
    assert_eq!(payload_of::<String>(by_number), "node 0 is none that this node depends on");
}

/// In a node: no body is called for a node behind one that was left out.
#[test]
fn called_off() {
    for threads_of_run in [None, Some(2)] {
        let token = CancelToken::new();
        let chain = Dag::from_edges(1_000, &(1..1_000).map(|node| (node - 1, node)).collect::<Vec<_>>());
        let chain = chain.expect("a chain");
        let mut graph = GraphBuilder::new();
        let items = graph.state("items", vec![0; 1_000]);
        graph.try_node("chain", (items.write(), threads()), |items: &mut Vec<i32>, threads: Threads<'_>| {
            let stopped = threads.run_each(&chain, items, |node, own, before| {
                *own = before.iter().next().map_or(1, |before| before + 1);
                if node.get() == 500 {
                    token.cancel();
                }
            });
            assert!(stopped.is_err());
            stopped
        });
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().cancel_token(&token);
        let error = match threads_of_run {
            None => graph.with(&options).run().map(drop).unwrap_err(),
            Some(threads) => graph.with(&options).run_parallel(&executor(threads)).map(drop).unwrap_err(),
        };
        assert_eq!(error.to_string(), "cancelled, 1 node interrupted: chain");
        let items = graph.state(items);
        assert!(items[..=500].iter().copied().eq(1..=501));
        assert!(items[501..].iter().all(|&item| item == 0));
    }
}
