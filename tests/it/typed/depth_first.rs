//! Graphs that go depth first: how many results are alive at once, on each way to run.

#![allow(clippy::drop_non_drop, reason = "results that nobody wants")]

use dgraph_exec::{Executor, Graph, GraphBuilder, Node};
use dgraph_tests::body::busy;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Counts those that are alive, and the most that ever were.
#[derive(Default)]
struct Counter {
    alive: AtomicUsize,
    most: AtomicUsize,
}

struct Large(Arc<Counter>);

impl Large {
    fn new(counter: &Arc<Counter>) -> Self {
        counter.most.fetch_max(counter.alive.fetch_add(1, SeqCst) + 1, SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

const CHAINS: usize = 200;

/// Loads, processes, writes, declared layer by layer; the last layer may want something.
fn layers(
    counter: &Arc<Counter>,
    work: u64,
    depth_first: bool,
    wish: impl Fn(&mut GraphBuilder<'static>, usize, Node<Large>),
) -> Graph<'static> {
    let mut graph = GraphBuilder::new();
    let loads: Vec<_> = (0..CHAINS)
        .map(|_| {
            let counter = Arc::clone(counter);
            graph.node("load", (), move || {
                _ = busy(1, work);
                Large::new(&counter)
            })
        })
        .collect();
    loads.iter().enumerate().for_each(|(at, &load)| wish(&mut graph, at, load));
    let processed: Vec<_> = loads
        .iter()
        .map(|load| {
            graph.node("process", (load.moved(),), move |large: Large| {
                _ = busy(1, work);
                large
            })
        })
        .collect();
    for large in processed {
        graph.node("write", (large.moved(),), move |large: Large| {
            _ = busy(1, work);
            drop(large);
        });
    }
    if depth_first {
        graph.depth_first();
    }
    graph.build().expect("a valid graph")
}

/// The most that were alive in some runs.
fn most(counter: &Arc<Counter>, mut run: impl FnMut()) -> usize {
    counter.most.store(0, SeqCst);
    (0..10).for_each(|_| run());
    assert_eq!(counter.alive.load(SeqCst), 0);
    counter.most.load(SeqCst)
}

fn no_wish(_: &mut GraphBuilder<'static>, _: usize, _: Node<Large>) {}

#[test]
fn one_result_alive_on_one_thread() {
    let counter = Arc::new(Counter::default());
    for (depth_first, expected) in [(false, CHAINS), (true, 1)] {
        let mut graph = layers(&counter, 0, depth_first, no_wish);
        assert_eq!(most(&counter, || _ = graph.run().expect("no node fails")), expected);
        assert_eq!(
            most(&counter, || _ = pollster::block_on(graph.run_async()).expect("no node fails")),
            expected
        );
        let one = Executor::builder().threads(1).build().expect("no special demands");
        assert_eq!(most(&counter, || _ = graph.run_parallel(&one).expect("no node fails")), expected);
    }
}

/// Each thread has one at the most, whether the run is short or long.
#[test]
fn few_results_alive_on_several_threads() {
    let counter = Arc::new(Counter::default());
    for threads in [2, 3] {
        let executor = Executor::builder().threads(threads).build().expect("no special demands");
        for work in [0, 100, 5_000] {
            let mut graph = layers(&counter, work, true, no_wish);
            let most = most(&counter, || _ = graph.run_parallel(&executor).expect("no node fails"));
            assert!(most <= threads, "{most} on {threads} threads with bodies of {work}");
        }
    }
}

/// Also if the graph has one queue of ready nodes, in which otherwise the first declared comes first.
#[test]
fn few_results_alive_in_a_graph_whose_order_matters() {
    let counter = Arc::new(Counter::default());
    let executor = Executor::builder().threads(2).build().expect("no special demands");
    for work in [0, 5_000] {
        let mut bound = layers(&counter, work, true, |graph, at, load| {
            if at == 0 {
                graph.on_worker(load, 1);
            }
        });
        let alive = most(&counter, || _ = bound.run_parallel(&executor).expect("no node fails"));
        assert!(alive <= 3, "{alive} on 2 threads, one of which may wait");
        assert_eq!(most(&counter, || _ = bound.run().expect("no node fails")), 1);
        // The last load is urgent: it comes first, with what it feeds among the others.
        let mut urgent =
            layers(&counter, work, true, |graph, at, load| graph.priority(load, i32::from(at == CHAINS - 1)));
        assert!(most(&counter, || _ = urgent.run().expect("no node fails")) <= 2);
        let alive = most(&counter, || _ = urgent.run_parallel(&executor).expect("no node fails"));
        assert!(alive <= 3, "{alive} on 2 threads");
    }
}

/// A tree of sums whose leaves are declared first, in an order that has nothing to do with it.
#[test]
fn a_tree_keeps_one_result_a_level() {
    let counter = Arc::new(Counter::default());
    let mut graph = GraphBuilder::new();
    let leaf = |graph: &mut GraphBuilder<'static>| {
        let counter = Arc::clone(&counter);
        graph.node("leaf", (), move || Large::new(&counter))
    };
    let mut level: Vec<_> = (0..256).map(|_| leaf(&mut graph)).collect();
    level = (0..256).map(|at| level[at * 77 % 256]).collect();
    while level.len() > 1 {
        let pairs = level.chunks(2).map(|pair| {
            graph.node("both", (pair[0].moved(), pair[1].moved()), |left: Large, right: Large| {
                drop(right);
                left
            })
        });
        level = pairs.collect();
    }
    graph.node("end", (level[0].moved(),), |last: Large| drop(last));
    graph.depth_first();
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(most(&counter, || _ = graph.run().expect("no node fails")), 9);
}

/// Nodes with futures: one after the other where they don't wait.
#[test]
fn few_results_of_futures_alive() {
    let counter = Arc::new(Counter::default());
    let mut graph = GraphBuilder::new();
    let loads: Vec<_> = (0..CHAINS)
        .map(|_| {
            let counter = Arc::clone(&counter);
            graph.async_node("load", (), move || {
                let large = Large::new(&counter);
                async move { large }
            })
        })
        .collect();
    for load in loads {
        graph.node("write", (load.moved(),), |large: Large| drop(large));
    }
    graph.depth_first();
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(most(&counter, || _ = graph.run().expect("no node fails")), 1);
    for threads in [1, 2] {
        let executor = Executor::builder().threads(threads).build().expect("no special demands");
        let most = most(&counter, || {
            pollster::block_on(graph.run_parallel_async(&executor)).expect("no node fails");
        });
        assert!(most <= threads, "{most} on {threads} threads");
    }
}
