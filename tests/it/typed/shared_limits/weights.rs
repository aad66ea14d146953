//! Never more than there are, whoever takes how many, in whichever runs.

use super::state;
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{DefinitionBuilder, Graph, GraphBuilder, SharedLimit};
use dgraph_tests::yields::yields;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

over_typed_runners!(
    several_graphs_at_once,
    alone_with_all_permits,
    two_limits_in_any_order,
    no_permits_are_no_limit,
    async_nodes_hold_their_permits,
    beside_limits_of_the_graph,
);

/// How much is taken at once, which must not exceed `most`.
struct Gauge {
    taken: AtomicUsize,
    most: usize,
}

struct Taken<'g>(&'g Gauge, usize);

impl Gauge {
    fn new(most: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most }
    }

    fn take(&self, count: usize) -> Taken<'_> {
        let before = self.taken.fetch_add(count, SeqCst);
        assert!(before + count <= self.most, "{count} with {before}");
        Taken(self, count)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(self.1, SeqCst);
    }
}

/// `graphs` of them, each run by a thread of its own, by this runner.
fn all_at_once<'g>(runner: &Runner, graphs: impl IntoIterator<Item = Graph<'g>>) {
    thread::scope(|scope| {
        for mut graph in graphs {
            scope.spawn(move || (0..10).for_each(|_| _ = runner.typed(&mut graph)));
        }
    });
}

fn several_graphs_at_once(runner: &Runner) {
    let (limit, gauge) = (SharedLimit::new(5), &Gauge::new(5));
    let graphs = (0..3).map(|number| {
        let mut graph = GraphBuilder::new();
        let first = graph.node("first", (), || ());
        for at in 0..40 {
            let permits = 1 + (at + number) % 5;
            let node = graph.node("", (first,), move |_: &()| {
                let _taken = gauge.take(permits);
                thread::yield_now();
            });
            graph.limited(node, limit.permits(permits));
            let priority = i32::try_from(at % 3).expect("small");
            if number == 2 {
                graph.priority(node, priority);
            }
        }
        graph.build().expect("a valid graph")
    });
    all_at_once(runner, graphs);
    assert_eq!(state(&limit, 5), (5, 0));
}

fn alone_with_all_permits(runner: &Runner) {
    let (limit, gauge) = (SharedLimit::new(3), &Gauge::new(3));
    let graphs = (0..2).map(|_| {
        let mut graph = GraphBuilder::new();
        for at in 0..30 {
            let all = at % 7 == 0;
            let node = graph.node("", (), move || drop(gauge.take(if all { 3 } else { 1 })));
            graph.limited(node, if all { limit.all() } else { limit.permits(1) });
        }
        graph.build().expect("a valid graph")
    });
    all_at_once(runner, graphs);
    assert_eq!(state(&limit, 3), (3, 0));
}

/// Each has one of the two and wants the other, if they were taken as they are named.
fn two_limits_in_any_order(runner: &Runner) {
    let limits = [SharedLimit::new(1), SharedLimit::new(2)];
    let gauges = &[Gauge::new(1), Gauge::new(2)];
    let graphs = [0, 1].map(|first| {
        let mut graph = GraphBuilder::new();
        for at in 0..40 {
            let node = graph.node("", (), move || {
                let _taken = [gauges[0].take(1), gauges[1].take(1 + at % 2)];
                thread::yield_now();
            });
            for which in [first, 1 - first] {
                graph.limited(node, limits[which].permits(1 + which * (at % 2)));
            }
        }
        graph.build().expect("a valid graph")
    });
    all_at_once(runner, graphs);
    assert_eq!((state(&limits[0], 1), state(&limits[1], 2)), ((1, 0), (2, 0)));
}

fn no_permits_are_no_limit(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let mut graph = GraphBuilder::new();
    let node = graph.node("", (), || 1);
    graph.limited(node, limit.permits(0));
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[node], 1);
}

/// Also while they wait for something else.
fn async_nodes_hold_their_permits(runner: &Runner) {
    let (limit, gauge) = (SharedLimit::new(3), &Gauge::new(3));
    let graphs = (0..2).map(|_| {
        let mut graph = GraphBuilder::new();
        for at in 0..30 {
            let permits = 1 + at % 3;
            let node = graph.async_node("", (), move || async move {
                let _taken = gauge.take(permits);
                yields(2).await;
            });
            graph.limited(node, limit.permits(permits));
        }
        graph.build().expect("a valid graph")
    });
    all_at_once(runner, graphs);
    assert_eq!(state(&limit, 3), (3, 0));
}

fn beside_limits_of_the_graph(runner: &Runner) {
    let (limit, shared) = (SharedLimit::new(2), &Gauge::new(2));
    let own = [Gauge::new(1), Gauge::new(1)];
    let graphs = own.iter().map(|own| {
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let state = graph.state("state", 0);
        for at in 0..30 {
            let node = graph.node("", (state.commute(),), move |count: &mut usize| {
                let _taken = (at % 3 == 0).then(|| own.take(1));
                let _taken = shared.take(1);
                *count += 1;
            });
            if at % 3 == 0 {
                graph.limited(node, one);
            }
            if at % 5 == 0 {
                graph.on_caller(node);
            }
            graph.limited(node, &limit);
        }
        graph.build().expect("a valid graph")
    });
    all_at_once(runner, graphs);
    assert_eq!(state(&limit, 2), (2, 0));
}

/// Requests of one definition, on two executors, as futures, and serially.
#[test]
fn instances_and_executors() {
    let limit = SharedLimit::new(2);
    let gauge = Arc::new(Gauge::new(2));
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<usize>("input");
    let nodes: Vec<_> = (0..8)
        .map(|at| {
            let gauge = Arc::clone(&gauge);
            let node = graph.node("", (input,), move |input: &usize| {
                let _taken = gauge.take(1 + at % 2);
                input + at
            });
            graph.limited(node, limit.permits(1 + at % 2));
            node
        })
        .collect();
    let definition = graph.build().expect("a valid graph");
    let request = |number: usize| {
        let mut request = definition.instance();
        request.set(input, number);
        request
    };
    let executors = [executor(1), executor(2), executor(3)];
    for round in 0..20 {
        let spawned: Vec<_> = (0..12).map(|number| request(number).spawn(&executors[number % 3])).collect();
        let (mut serial, mut future) = (request(round), request(round));
        serial.run().expect("no node fails");
        pollster::block_on(future.run_async()).expect("no node fails");
        for (number, spawned) in spawned.into_iter().enumerate() {
            let (request, outcome) = spawned.join();
            outcome.expect("no node fails");
            assert_eq!(request.results()[nodes[7]], number + 7);
        }
        assert_eq!((serial.results()[nodes[3]], future.results()[nodes[3]]), (round + 3, round + 3));
    }
    assert_eq!(state(&limit, 2), (2, 0));
}
