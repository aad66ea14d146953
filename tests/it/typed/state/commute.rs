//! Nodes that change a state in any order among themselves.

use super::watch::Watch;
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, GraphBuilder, NoResult, NodeId, RunError, RunOptions};
use std::sync::{Barrier, Mutex};

over_typed_runners!(
    never_two_at_once,
    between_readers_and_writers,
    at_several_states,
    a_crowd_beside_a_crowd,
    joints_are_in_no_list,
    beside_limits_and_priorities,
);

fn never_two_at_once(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let sum = graph.state("sum", 0_u64);
    for number in 1..=100_u64 {
        graph.node("add", sum.commute(), move |sum: &mut u64| {
            let _alone = watch.change();
            *sum += number;
        });
    }
    let total = graph.node("total", sum.read(), |sum: &u64| *sum);
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=20 {
        assert_eq!(runner.typed(&mut graph)[total], run * 5050);
    }
}

/// They come after what was defined before them, and before what was defined behind them.
fn between_readers_and_writers(runner: &Runner) {
    let watch = &Watch::default();
    let mut graph = GraphBuilder::new();
    let list = graph.state("list", Vec::new());
    let mut lengths = Vec::new();
    for round in 0..5_u32 {
        graph.node("clear", list.write(), |list: &mut Vec<u32>| {
            let _alone = watch.change();
            list.clear();
        });
        let read = |list: &Vec<u32>| {
            let _reading = watch.read();
            list.len()
        };
        lengths.extend((0..3).map(|_| (graph.node("empty", list.read(), read), 0)));
        for number in 0..7 {
            graph.node("push", list.commute(), move |list: &mut Vec<u32>| {
                let _alone = watch.change();
                list.push(round * 10 + number);
            });
        }
        lengths.extend((0..3).map(|_| (graph.node("full", list.read(), read), 7)));
        for _ in 0..3 {
            graph.node("pop", list.commute(), |list: &mut Vec<u32>| {
                let _alone = watch.change();
                list.pop().expect("there were seven");
            });
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let results = runner.typed(&mut graph);
        assert!(lengths.iter().all(|&(node, length)| results[node] == length));
        assert_eq!(results[list].len(), 4);
    }
}

/// Nobody waits for one state while holding another.
fn at_several_states(runner: &Runner) {
    let watches = &[(); 3].map(|()| Watch::default());
    let mut graph = GraphBuilder::new();
    let states = [0, 1, 2].map(|number| graph.state(format!("{number}"), 0_u32));
    for number in 0..60 {
        let (one, other) = (number % 3, (number + 1 + number % 2) % 3);
        graph.node(
            "both",
            (states[one].commute(), states[other].commute()),
            move |a: &mut u32, b: &mut u32| {
                let _alone = (watches[one].change(), watches[other].change());
                *a += 1;
                *b += 1;
            },
        );
    }
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=10 {
        runner.typed(&mut graph);
        assert_eq!(states.map(|state| *graph.state(state)).iter().sum::<u32>(), run * 120);
    }
}

const CROWD: u32 = 300;

/// Readers, commuters, readers, commuters, all of them many.
fn crowds<'e>(watch: &'e Watch) -> (GraphBuilder<'e>, Vec<dgraph_exec::Node<u32>>, dgraph_exec::State<u32>) {
    let mut graph = GraphBuilder::new();
    let count = graph.state("count", 0);
    let read = |count: &u32| {
        let _reading = watch.read();
        *count
    };
    let add = |count: &mut u32| {
        let _alone = watch.change();
        *count += 1;
        CROWD * 100
    };
    let mut nodes = Vec::new();
    for _ in 0..2 {
        nodes.extend((0..CROWD).map(|_| graph.node("read", count.read(), read)));
        nodes.extend((0..CROWD).map(|_| graph.node("add", count.commute(), add)));
    }
    (graph, nodes, count)
}

fn a_crowd_beside_a_crowd(runner: &Runner) {
    let watch = &Watch::default();
    let (graph, nodes, count) = crowds(watch);
    let mut graph = graph.build().expect("a valid graph");
    assert!(graph.dag().edge_count() <= 6 * CROWD as usize, "{} edges", graph.dag().edge_count());
    assert_eq!(nodes.last().map(|node| node.id().get()), Some(4 * CROWD - 1));
    for run in 0..3 {
        let results = runner.typed(&mut graph);
        for (at, &node) in (0..).zip(&nodes) {
            let expected = match at / CROWD {
                0 => run * 2 * CROWD,
                2 => run * 2 * CROWD + CROWD,
                _ => CROWD * 100,
            };
            assert_eq!(results[node], expected, "node {at} in run {run}");
        }
    }
    assert_eq!(*graph.state(count), 6 * CROWD);
}

/// A joint is no node of the user's: it is in the graph, and in no list of what nodes came to.
fn joints_are_in_no_list(runner: &Runner) {
    let (watch, token) = (&Watch::default(), &CancelToken::new());
    let (mut graph, nodes, count) = crowds(watch);
    let first = graph.node("cancel", (), || token.cancel());
    graph.after(nodes[0], first);
    let mut graph = graph.build().expect("a valid graph");
    let declared = 4 * CROWD + 1;
    assert!(graph.dag().node_count() > declared as usize);
    assert_eq!(graph.name(NodeId::new(declared)).name(), "count");
    let mut durations = vec![std::time::Duration::ZERO; declared as usize].into_iter();
    graph.prioritize_by(|node| {
        assert!(node.get() < declared);
        durations.next().expect("asked once for each")
    });
    let options = RunOptions::new().cancel_token(token);
    let error = runner.typed_with(&mut graph, &options).map(|_| ()).expect_err("it is cancelled");
    let RunError::Cancelled { not_run, .. } = error else { panic!("{error}") };
    assert!(not_run.iter().all(|node| node.id().get() < declared));
    let results = graph.results();
    assert!(results.absent_nodes().all(|(node, _)| node.id().get() < declared));
    let lines = format!("{results:?}").matches(": ").count();
    assert_eq!(lines, declared as usize);
    assert!(*graph.state(count) < CROWD * 2);
}

/// A limit of their own, a user's limit, priorities and places, all at once.
fn beside_limits_and_priorities(runner: &Runner) {
    let (watch, few) = (&Watch::default(), &Mutex::new(0));
    let mut graph = GraphBuilder::new();
    let sum = graph.state("sum", 0_i32);
    let two = graph.limit(2);
    for number in 0..40 {
        let node = graph.node("add", sum.commute(), move |sum: &mut i32| {
            let _alone = watch.change();
            *sum += number;
        });
        graph.priority(node, number % 3);
        match number % 4 {
            0 => graph.limited(node, two),
            1 => graph.on_caller(node),
            2 => graph.on_worker(node, 0),
            _ => {}
        }
        let beside = graph.node("beside", (), move || *few.lock().expect("no panic") += 1);
        graph.limited(beside, two);
    }
    let total = graph.node("total", sum.read(), |sum: &i32| *sum);
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=5 {
        assert_eq!(runner.typed(&mut graph)[total], run * 780);
    }
}

/// The failure of a commuting node is no reason for the others not to run, whichever comes first; those
/// behind them are skipped.
#[test]
fn a_failure_among_them() {
    for (threads, failing) in [(1, 0), (1, 4), (2, 0), (2, 4), (5, 2)] {
        let mut graph = GraphBuilder::new();
        let sum = graph.state("sum", 0);
        let adds = [0, 1, 2, 3, 4].map(|number| {
            graph.try_node("add", sum.commute(), move |sum: &mut i32| {
                *sum += 1;
                if number == failing { Err("planned") } else { Ok(()) }
            })
        });
        let read = graph.node("read", sum.read(), |sum: &i32| *sum);
        let later = graph.node("write", sum.write(), |sum: &mut i32| *sum = 0);
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let error = graph.with(&options).run_parallel(&executor(threads)).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: add");
        let results = graph.results();
        for (number, &add) in (0..).zip(&adds) {
            assert_eq!(results.get(add).is_ok(), number != failing);
        }
        let skipped = |absent: NoResult| matches!(absent, NoResult::Skipped { because_of } if because_of.name() == "add");
        assert!(results.get(read).is_err_and(skipped) && results.get(later).is_err_and(skipped));
        assert_eq!(*graph.state(sum), 5);
        assert_eq!(graph.half_written(sum).count(), 1);
    }
}

/// Tiny nodes, run so often that each way to run comes up: walks, alone and in step, into which somebody
/// breaks, and queues.
#[test]
fn never_two_at_once_in_any_way() {
    let watches = &[(); 2].map(|()| Watch::default());
    for threads in [2, 3, 5] {
        let mut graph = GraphBuilder::new();
        let states = [graph.state("one", 0_u64), graph.state("other", 0)];
        for number in 0..120 {
            let which = number % 2;
            let feeds = graph.node("feed", (), move || number as u64);
            graph.node("add", (states[which].commute(), feeds), move |sum: &mut u64, number: &u64| {
                let _alone = watches[which].change_at_once();
                if number % 37 == 0 {
                    std::thread::yield_now(); // long enough for somebody to come
                }
                *sum += number;
            });
        }
        let total = graph.node("total", (states[0].read(), states[1].read()), |a: &u64, b: &u64| a + b);
        let mut graph = graph.build().expect("a valid graph");
        let executor = executor(threads);
        for run in 1..=if cfg!(miri) { 3 } else { 2000 } {
            assert_eq!(graph.run_parallel(&executor).expect("no node fails")[total], run * 7140);
        }
    }
}

/// A run on one thread goes on in the order of declaration, whatever stands between the nodes.
#[test]
fn joints_leave_the_order_as_it_is() {
    let order = &Mutex::new(Vec::new());
    let ran = |number: u32| order.lock().expect("no panic").push(number);
    let mut graph = GraphBuilder::new();
    let count = graph.state("count", 0_u32);
    for number in 0..100 {
        match number / 20 {
            0 | 2 | 4 if number % 5 > 0 => graph.node("", count.read(), move |_: &u32| ran(number)),
            1 | 3 if number % 5 > 0 => graph.node("", count.commute(), move |_: &mut u32| ran(number)),
            _ => graph.node("beside", (), move || ran(number)),
        };
    }
    let mut graph = graph.build().expect("a valid graph");
    assert!(graph.dag().node_count() > 100);
    for _ in 0..2 {
        graph.run().expect("no node fails");
        assert!(order.lock().expect("no panic").drain(..).eq(0..100));
        pollster::block_on(graph.run_async()).expect("no node fails");
        assert!(order.lock().expect("no panic").drain(..).eq(0..100));
        graph.run_parallel(&executor(1)).expect("no node fails");
        assert!(order.lock().expect("no panic").drain(..).eq(0..100));
    }
}

/// Two that commute at different states are at it at once: they wait for each other.
#[test]
fn at_different_states_side_by_side() {
    let barrier = Barrier::new(2);
    let mut graph = GraphBuilder::new();
    let states = [graph.state("one", 0), graph.state("other", 0)];
    for state in states {
        graph.node("meet", state.commute(), |number: &mut i32| {
            barrier.wait();
            *number += 1;
        });
        graph.node("beside", state.commute(), |number: &mut i32| *number += 1);
    }
    let mut graph = graph.build().expect("a valid graph");
    let executor = executor(2);
    (0..50).for_each(|_| _ = graph.run_parallel(&executor).expect("no node fails"));
    assert_eq!(states.map(|state| *graph.state(state)), [100, 100]);
}

/// One that commutes alone is a writer: the graph needs no queue, so nodes bound to nothing go on as ever.
#[test]
fn one_alone_is_a_writer() {
    let mut graph = GraphBuilder::new();
    let number = graph.state("number", 1);
    graph.node("add", number.commute(), |number: &mut i32| *number += 1);
    graph.node("read", number.read(), |number: &i32| *number);
    graph.node("double", number.commute(), |number: &mut i32| *number *= 2);
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.dag().edge_count(), 2);
    graph.run_parallel(&executor(2)).expect("no node fails");
    assert_eq!(*graph.state(number), 4);
}
