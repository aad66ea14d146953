//! Runs in step: graphs with wide levels and short nodes, which the executor takes through supersteps from
//! the second or third run on.

use crate::support::runner::executor;
use dgraph_exec::{Dag, GraphBuilder, NodeId, RunStatistics, Values};
use dgraph_tests::body::busy;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::thread;

const WIDTH: u32 = 40;
const LEVELS: u32 = 30;
const NODES: u32 = WIDTH * LEVELS;

/// Levels of 40 nodes, each depending on that above it and the next one.
fn wide() -> Dag {
    let edges: Vec<_> = (WIDTH..NODES)
        .flat_map(|node| {
            let (above, column) = (node - WIDTH, node % WIDTH);
            [(above, node), (above - column + (column + 1) % WIDTH, node)]
        })
        .collect();
    Dag::from_edges(NODES as usize, &edges).expect("a valid graph")
}

/// Counts how often each node runs, and checks that those it depends on have run as often.
struct Ran(Vec<AtomicU32>);

impl Ran {
    fn new() -> Self {
        Self((0..NODES).map(|_| AtomicU32::new(0)).collect())
    }

    fn check(&self, node: NodeId) {
        // Relaxed is enough if the executor orders a node's effects before its successors.
        let ran = self.0[node.index()].fetch_add(1, Relaxed);
        if let Some(above) = node.index().checked_sub(WIDTH as usize) {
            assert_eq!(self.0[above].load(Relaxed), ran + 1, "{node} ran before {above}");
        }
    }

    fn all(&self, times: u32) {
        for (node, ran) in self.0.iter().enumerate() {
            assert_eq!(ran.load(Relaxed), times, "node {node}");
        }
    }
}

/// Runs a graph three times on a new executor, with one closure, since the executor tells runs apart by graph
/// and closure: the third time, mostly in step, with `body`. What happened then.
fn third_run(threads: usize, body: impl Fn(NodeId) + Sync) -> RunStatistics {
    let (dag, executor, ran) = (wide(), executor(threads), Ran::new());
    let now = AtomicBool::new(false);
    let run = |node: NodeId| {
        // So much that it pays to go in step.
        black_box(busy(node.get().into(), 300));
        if now.load(Relaxed) {
            ran.check(node);
            body(node);
        }
    };
    for _ in 0..2 {
        executor.run(&dag, run);
    }
    now.store(true, Relaxed);
    let statistics = executor.run_with_statistics(&dag, run);
    ran.all(1);
    statistics
}

/// How many of some third runs were in step, at least in part. (On a busy machine an early run may look too
/// long for it.)
#[derive(Default)]
struct InStep {
    runs: usize,
    broken_into: usize,
}

impl InStep {
    fn add(&mut self, statistics: RunStatistics) {
        self.runs += usize::from(statistics.in_step_nodes > 0);
        self.broken_into += usize::from((1..statistics.nodes).contains(&statistics.in_step_nodes));
    }

    fn check(&self) {
        assert!(self.runs > 0, "no run was in step");
        assert!(self.broken_into > 0, "nobody has broken in");
    }
}

#[test]
fn each_node_once_after_those_that_it_depends_on() {
    let mut in_step = 0;
    for threads in [2, 3, 5, 16] {
        let executor = executor(threads);
        for _ in 0..20 {
            let (dag, ran) = (wide(), Ran::new());
            for run in 1..=12 {
                let body = |node: NodeId| {
                    black_box(busy(node.get().into(), 300));
                    ran.check(node);
                };
                in_step += executor.run_with_statistics(&dag, body).in_step_nodes;
                ran.all(run);
            }
        }
    }
    assert!(in_step > 0, "no run was in step");
}

/// A node waits for one of a later level, which doesn't depend on it: somebody loses patience and breaks in.
#[test]
fn a_node_that_blocks_hides_no_ready_one() {
    let mut in_step = InStep::default();
    for threads in [2, 3] {
        for level in 0..LEVELS - 1 {
            for column in [0, 1, WIDTH / 2, WIDTH - 1] {
                // Below it, but far enough to the side.
                let other = (level + 1) * WIDTH + (column + 20) % WIDTH;
                let came = AtomicBool::new(false);
                in_step.add(third_run(threads, |node| {
                    if node.get() == level * WIDTH + column {
                        while !came.load(Relaxed) {
                            thread::yield_now();
                        }
                    } else if node.get() == other {
                        came.store(true, Relaxed);
                    }
                }));
            }
        }
    }
    in_step.check();
}

/// As many nodes of one level as there are threads wait for each other, all in what would be one thread's
/// part.
#[test]
fn nodes_of_one_part_overlap() {
    let mut in_step = InStep::default();
    for first in (0..20).flat_map(|_| [0, 3, WIDTH / 2, 5 * WIDTH, 9 * WIDTH + 17, NODES - WIDTH, NODES - 3])
    {
        let here = AtomicUsize::new(0);
        in_step.add(third_run(3, |node| {
            if (first..first + 3).contains(&node.get()) {
                here.fetch_add(1, Relaxed);
                while here.load(Relaxed) < 3 {
                    thread::yield_now();
                }
            }
        }));
        assert_eq!(here.into_inner(), 3);
    }
    in_step.check();
}

/// Some nodes take long, others a little longer than most, so that somebody breaks in wherever the members
/// are.
#[test]
fn broken_into_anywhere() {
    let mut in_step = InStep::default();
    for threads in [2, 3, 5] {
        for round in 0..40_u32 {
            let number = |node: NodeId| {
                let mixed = node.get().wrapping_mul(0x9E37_79B9) ^ round.wrapping_mul(0x85EB_CA6B);
                mixed.wrapping_mul(0xC2B2_AE35) >> 7
            };
            in_step.add(third_run(threads, |node| {
                let pauses = match number(node) % 400 {
                    0 => 200_000,
                    1..20 => 3_000,
                    _ => 10,
                };
                (0..pauses).for_each(|_| std::hint::spin_loop());
            }));
        }
    }
    in_step.check();
}

/// One node panics, or a fifth of its level.
#[test]
fn a_panic_starts_nothing_behind_it() {
    for culprit in (0..NODES).step_by(61) {
        for (threads, others) in [(2, false), (2, true), (3, true)] {
            let (dag, executor, ran) = (wide(), executor(threads), Ran::new());
            let mut run = 0;
            let payload = loop {
                run += 1;
                let body = |node: NodeId| {
                    black_box(busy(node.get().into(), 300));
                    if run == 3 {
                        let (near, far) = (node.get() / WIDTH, node.get() % 5);
                        let panics = others && near == culprit / WIDTH && far == culprit % 5;
                        if panics || node.get() == culprit {
                            panic_any(node.get());
                        }
                        ran.check(node);
                    }
                };
                match catch_unwind(AssertUnwindSafe(|| executor.run(&dag, body))) {
                    Ok(()) => assert!(run < 3, "a node panics"),
                    Err(payload) => break payload,
                }
            };
            let thrown: u32 = *payload.downcast_ref().expect("a node's number");
            let ran: Vec<_> = ran.0.iter().map(|ran| ran.load(Relaxed)).collect();
            assert!(ran.iter().all(|&ran| ran <= 1));
            let below = (thrown + WIDTH) as usize;
            assert_eq!(ran.get(below).copied().unwrap_or(0), 0, "{below} ran after {thrown} had panicked");
            // As good as new.
            let again = Ran::new();
            for time in 1..=4 {
                executor.run(&dag, |node| again.check(node));
                again.all(time);
            }
        }
    }
}

/// On the same executor, and mostly both in step.
#[test]
fn a_node_runs_a_graph_of_its_own() {
    for outer in [0, 7, 3 * WIDTH + 20, NODES - 1] {
        let (dag, inner, executor) = (wide(), wide(), executor(2));
        let (ran, inner_ran) = (Ran::new(), Ran::new());
        for time in 1..=8 {
            executor.run(&dag, |node| {
                ran.check(node);
                if node.get() == outer {
                    executor.run(&inner, |node| inner_ran.check(node));
                }
            });
            ran.all(time);
            inner_ran.all(time);
        }
    }
}

#[test]
fn callers_at_once() {
    let executor = executor(3);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let (dag, ran) = (wide(), Ran::new());
                    for run in 1..=9 {
                        executor.run(&dag, |node| ran.check(node));
                        ran.all(run);
                    }
                }
            });
        }
    });
}

/// The results of a typed graph are there, whoever has run what, and those of a failed node's dependents
/// aren't.
#[test]
fn typed_graphs() {
    let executor = executor(2);
    let fails = AtomicBool::new(false);
    let mut builder = GraphBuilder::new();
    let mut level: Vec<_> =
        (0..u64::from(WIDTH)).map(|number| builder.node("", (), move || number)).collect();
    for _ in 1..LEVELS {
        level = (0..level.len())
            .map(|at| {
                let above = [level[at], level[(at + 1) % level.len()]];
                builder.node("", &above[..], |above: Values<'_, u64>| above.iter().sum::<u64>() % 1_000_003)
            })
            .collect();
    }
    let fallible = builder.try_node("fallible", (level[0],), |value: &u64| {
        if fails.load(Relaxed) { Err("it was to fail") } else { Ok(*value) }
    });
    let last = builder.node("last", (fallible, level[1]), |a: &u64, b: &u64| a + b);
    let mut graph = builder.build().expect("a valid graph");
    let expected = graph.run().expect("no failure")[last];
    for run in 0..40 {
        fails.store(run % 5 == 4, Relaxed);
        match graph.run_parallel(&executor) {
            Ok(results) => assert_eq!(results[last], expected),
            Err(error) => assert_eq!(error.to_string(), "1 node failed: fallible"),
        }
        assert_eq!(graph.results().get(last).is_ok(), run % 5 != 4);
    }
}
