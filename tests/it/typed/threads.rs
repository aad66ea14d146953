//! The threads of a run, in a node of it: loops over slices, nested graphs.

use crate::support::runner::{Runner, executor, over_typed_runners, with_all_runners};
use dgraph_exec::{
    CancelToken, Dag, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions, Stopped, Threads, Values,
    threads,
};
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    each_element_once,
    chunks_of_any_size,
    elements_without_size,
    a_fold_depends_on_the_size_of_its_chunks_alone,
    a_fold_of_nothing,
    loops_within_loops,
    several_nodes_with_loops,
    a_panic_in_a_loop,
    a_panic_in_a_nested_loop,
    a_cancel_during_a_loop,
    a_deadline_during_a_loop,
    cancelled_before_the_loop,
    a_loop_that_is_over_when_it_is_cancelled,
    who_handles_a_stop_has_a_result,
    a_stop_of_another_run_is_a_failure,
    a_nested_dag,
    a_nested_dag_is_called_off,
    a_nested_graph,
    a_nested_graph_is_called_off,
    a_panic_in_a_nested_graph,
    at_any_place_of_the_dependencies,
    across_await,
    in_local_nodes,
    in_bound_nodes,
);

type Anything = Box<dyn Error + Send + Sync>;

/// A graph of one node that does this.
fn one<'e, T: Send + Sync + 'e, E: Into<Anything> + 'e>(
    mut work: impl FnMut(&Threads<'_>) -> Result<T, E> + Send + 'e,
) -> (Graph<'e>, Node<T>) {
    let mut graph = GraphBuilder::new();
    let node = graph.try_node("node", threads(), move |threads: Threads<'_>| work(&threads));
    (graph.build().expect("a valid graph"), node)
}

/// So many that a loop over them doesn't end by itself.
fn endless() -> [(); usize::MAX / 2] {
    [(); usize::MAX / 2]
}

fn each_element_once(runner: &Runner) {
    for length in [0, 1, 2, 3, 64, 1_000, 100_003] {
        let (mut graph, node) = one(|threads| {
            let mut items: Vec<_> = (0..length).collect();
            threads.for_each(&mut items, |at, item| {
                assert_eq!(at, *item);
                *item += length;
            })?;
            Ok::<_, Stopped>(items)
        });
        for _ in 0..3 {
            assert!(runner.typed(&mut graph)[node].iter().copied().eq(length..2 * length), "{length}");
        }
    }
}

fn chunks_of_any_size(runner: &Runner) {
    for (length, size) in
        [(0, 1), (1, 1), (10, 3), (10, 10), (10, 11), (1_001, 10), (5, usize::MAX), (20_000, 7)]
    {
        let (mut graph, node) = one(|threads| {
            let mut items = vec![0_usize; length];
            threads.for_each_chunk_mut(&mut items, size, |at, chunk| {
                assert_eq!((at % size, chunk.len()), (0, size.min(length - at)));
                chunk.iter_mut().zip(at..).for_each(|(item, at)| *item += at);
            })?;
            let (visited, chunks) = (AtomicUsize::new(0), AtomicUsize::new(0));
            threads.for_each_chunk(&items, size, |at, chunk| {
                assert!(chunk.iter().copied().eq(at..at + chunk.len()));
                visited.fetch_add(chunk.len(), Relaxed);
                chunks.fetch_add(1, Relaxed);
            })?;
            Ok::<_, Stopped>((visited.into_inner(), chunks.into_inner()))
        });
        assert_eq!(runner.typed(&mut graph)[node], (length, length.div_ceil(size)));
    }
    let (mut graph, _) = one(|threads| threads.for_each_chunk(&[1], 0, |_, _| ()));
    assert!(catch_unwind(AssertUnwindSafe(|| _ = runner.typed(&mut graph))).is_err(), "chunks of nothing");
}

fn elements_without_size(runner: &Runner) {
    let (mut graph, node) = one(|threads| {
        let (mut items, sum) = (vec![(); 30_000], AtomicUsize::new(0));
        threads.for_each(&mut items, |at, ()| _ = sum.fetch_add(at, Relaxed))?;
        let count = threads.fold(&items, 100, || 0, |count, ()| count + 1, |a, b| a + b)?;
        Ok::<_, Stopped>((sum.into_inner(), count))
    });
    assert_eq!(runner.typed(&mut graph)[node], (30_000 * 29_999 / 2, 30_000));
}

fn a_fold_depends_on_the_size_of_its_chunks_alone(runner: &Runner) {
    let numbers: Vec<f32> = (0..20_011_u16).map(|number| 1.0 / (1.0 + f32::from(number))).collect();
    for size in [1, 2, 100, 256, 30_000] {
        let chunks = numbers.chunks(size).map(|chunk| chunk.iter().fold(0.0, |sum, number| sum + number));
        let expected: f32 = chunks.reduce(|a, b| a + b).expect("some chunks");
        let (mut graph, node) =
            one(|threads| threads.fold(&numbers, size, || 0.0, |sum, number| sum + number, |a, b| a + b));
        for _ in 0..3 {
            assert_eq!(runner.typed(&mut graph)[node].to_bits(), expected.to_bits());
        }
    }
}

fn a_fold_of_nothing(runner: &Runner) {
    let (mut graph, node) = one(|threads| {
        let join = |a: String, b: String| a + &b;
        let text = threads.fold(&[] as &[char], 3, || String::from("none"), |_, _| String::new(), join)?;
        let letters: Vec<_> = ('a'..='z').collect();
        let with = |text: String, letter: &char| text + &letter.to_string();
        Ok::<_, Stopped>(text + &threads.fold(&letters, 4, String::new, with, join)?)
    });
    assert_eq!(runner.typed(&mut graph)[node], "noneabcdefghijklmnopqrstuvwxyz");
}

fn loops_within_loops(runner: &Runner) {
    let (mut graph, node) = one(|threads| {
        let mut rows: Vec<Vec<usize>> = (0..40).map(|row| vec![row; row * 10]).collect();
        threads.for_each(&mut rows, |_, row| {
            threads.for_each(row, |at, cell| *cell += at).expect("nobody calls it off");
        })?;
        let sums = |sum: usize, row: &Vec<usize>| {
            let row = threads.fold(row, 16, || 0, |sum, cell| sum + cell, |a, b| a + b);
            sum + row.expect("nobody calls it off")
        };
        threads.fold(&rows, 3, || 0, sums, |a, b| a + b)
    });
    let expected: usize = (0..40).map(|row| (0..row * 10).map(|at| at + row).sum::<usize>()).sum();
    for _ in 0..5 {
        assert_eq!(runner.typed(&mut graph)[node], expected);
    }
}

fn several_nodes_with_loops(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let shared = graph.node("shared", (), || (0..5_000_usize).collect::<Vec<_>>());
    let sums: Vec<_> = (0..12)
        .map(|number| {
            graph.try_node("sum", (shared, threads()), move |shared: &Vec<usize>, threads: Threads<'_>| {
                threads.fold(shared, 64, || 0, |sum, item| sum + item * number, |a, b| a + b)
            })
        })
        .collect();
    let total = graph.node("total", &sums, |sums: Values<'_, usize>| sums.iter().sum::<usize>());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        assert_eq!(runner.typed(&mut graph)[total], 66 * 5_000 * 4_999 / 2);
    }
}

/// When the panic arrives at the node, no other thread is in the loop.
fn a_panic_in_a_loop(runner: &Runner) {
    let (inside, panics) = (AtomicUsize::new(0), AtomicBool::new(true));
    let (mut graph, node) = one(|threads| {
        let mut items = vec![1; 3_000];
        let each = |at: usize, _: &mut i32| {
            inside.fetch_add(1, SeqCst);
            let ends = at == 1_500 && panics.load(Relaxed);
            if !ends {
                inside.fetch_sub(1, SeqCst);
            }
            assert!(!ends, "at {at}");
        };
        let caught = catch_unwind(AssertUnwindSafe(|| threads.for_each(&mut items, each)));
        assert_eq!(inside.swap(0, SeqCst), usize::from(caught.is_err()), "somebody is still in the loop");
        caught.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("it panics");
    assert_eq!(error.to_string(), "panicked: node (at 1500)");
    assert_eq!(graph.result(node), Err(NoResult::Panicked));
    panics.store(false, Relaxed);
    assert_eq!(runner.typed(&mut graph)[node], ());
}

fn a_panic_in_a_nested_loop(runner: &Runner) {
    let (mut graph, _) = one(|threads| {
        threads.for_each(&mut [1, 2, 3], |_, outer| {
            threads
                .for_each(&mut vec![0; 100], |at, _| assert!(*outer != 2 || at != 50, "inside"))
                .expect("nobody calls it off");
        })
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("it panics");
    assert_eq!(error.to_string(), "panicked: node (inside)");
}

fn a_cancel_during_a_loop(runner: &Runner) {
    let (token, never) = (CancelToken::new(), CancelToken::new());
    let mut graph = GraphBuilder::new();
    let state = graph.state("state", vec![0; 100]);
    let loops = |state: &mut Vec<i32>, threads: Threads<'_>| {
        threads.for_each(state, |_, item| *item += 1)?;
        threads.for_each(&mut endless(), |at, ()| {
            if at == 10_000 {
                token.cancel();
            }
        })
    };
    let node = graph.try_node("node", (state.write(), threads()), loops);
    let after = graph.node("after", (node,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let error =
        runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect_err("cancelled");
    let RunError::Cancelled { not_run, interrupted, .. } = error else { panic!("{error}") };
    assert_eq!((not_run[0].name(), interrupted[0].name()), ("after", "node"));
    assert_eq!(graph.result(node), Err(NoResult::Interrupted));
    assert_eq!(graph.result(after), Err(NoResult::NotRun));
    assert!(graph.half_written(state).map(|node| node.name().to_string()).eq(["node"]));
    assert!(!never.is_cancelled() && graph.state(state).iter().all(|&item| item == 1));
}

fn a_deadline_during_a_loop(runner: &Runner) {
    let deadline = Instant::now() + Duration::from_millis(20);
    let visited = AtomicUsize::new(0);
    let (mut graph, node) = one(|threads| {
        threads.for_each(&mut [0; 1_000], |_, _| {
            visited.fetch_add(1, Relaxed);
            while Instant::now() <= deadline {
                thread::yield_now();
            }
        })
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new().deadline(deadline)).expect_err("late");
    assert!(matches!(error, RunError::DeadlineExceeded { .. }), "{error}");
    assert!(visited.load(Relaxed) <= 5, "one for each thread, since nobody begins another one");
    // (A machine that was busy elsewhere for so long may not have begun.)
    assert!(matches!(graph.result(node), Err(NoResult::Interrupted | NoResult::NotRun)));
}

fn cancelled_before_the_loop(runner: &Runner) {
    let token = CancelToken::new();
    let (mut graph, node) = one(|threads| {
        token.cancel();
        threads.for_each(&mut [1, 2], |_, _| unreachable!("it is cancelled"))
    });
    runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect_err("cancelled");
    assert_eq!(graph.result(node), Err(NoResult::Interrupted));
}

/// All was done, so the node has a result.
fn a_loop_that_is_over_when_it_is_cancelled(runner: &Runner) {
    let token = CancelToken::new();
    let (mut graph, node) = one(|threads| {
        threads.for_each(&mut [1], |_, _| token.cancel())?;
        threads.for_each(&mut [] as &mut [i32], |_, _| unreachable!("there is none"))
    });
    runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect("nothing was left to do");
    assert_eq!(graph.result(node), Ok(&()));
}

fn who_handles_a_stop_has_a_result(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", threads(), |threads: Threads<'_>| {
        threads
            .for_each(&mut endless(), |at, ()| {
                if at == 100 {
                    token.cancel();
                }
            })
            .is_err()
    });
    let mut graph = graph.build().expect("a valid graph");
    let _ = runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token));
    assert_eq!(graph.result(node), Ok(&true));
}

fn a_stop_of_another_run_is_a_failure(runner: &Runner) {
    let (mut graph, node) = one(|_| {
        let token = CancelToken::new();
        token.cancel();
        let (mut other, _) = one(|_| Ok::<_, Stopped>(()));
        other.with(&RunOptions::new().cancel_token(&token)).run().map(drop)
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("it fails");
    assert_eq!(error.to_string(), "1 node failed: node");
    assert_eq!(graph.result(node), Err(NoResult::Failed));
}

fn a_nested_dag(runner: &Runner) {
    let dag = Dag::from_edges(5, &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]).expect("a valid graph");
    let (mut graph, node) = one(|threads| {
        let (turn, turns) = (AtomicUsize::new(0), [const { AtomicUsize::new(0) }; 5]);
        threads.run(&dag, |node| turns[node.index()].store(turn.fetch_add(1, SeqCst), SeqCst))?;
        Ok::<_, Stopped>(turns.map(AtomicUsize::into_inner))
    });
    for _ in 0..20 {
        let turns = runner.typed(&mut graph)[node];
        assert!((turns[0], turns[3], turns[4]) == (0, 3, 4) && turns[1] + turns[2] == 3, "{turns:?}");
    }
}

fn a_nested_dag_is_called_off(runner: &Runner) {
    let chain: Vec<_> = (0..99).map(|node| (node, node + 1)).collect();
    let dag = Dag::from_edges(100, &chain).expect("a valid graph");
    let (token, ran) = (CancelToken::new(), AtomicUsize::new(0));
    let (mut graph, node) = one(|threads| {
        threads.run(&dag, |node| {
            ran.fetch_add(1, Relaxed);
            if node.index() == 49 {
                token.cancel();
            }
        })
    });
    runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect_err("cancelled");
    assert_eq!((ran.load(Relaxed), graph.result(node)), (50, Err(NoResult::Interrupted)));
}

/// As many nodes as were found only now, each with a loop of its own.
fn a_nested_graph(runner: &Runner) {
    let (mut graph, node) = one(|outer| {
        let mut graph = GraphBuilder::new();
        let parts: Vec<_> = (0..20_usize)
            .map(|part| {
                graph.try_node("part", threads(), move |threads: Threads<'_>| {
                    assert_eq!(threads.count(), outer.count(), "they are the same threads");
                    let items: Vec<_> = (0..part * 100).collect();
                    threads.fold(&items, 16, || 0, |sum, item| sum + item, |a, b| a + b)
                })
            })
            .collect();
        let sum = graph.node("sum", &parts, |parts: Values<'_, usize>| parts.iter().sum::<usize>());
        let mut graph = graph.build()?;
        Ok::<_, Anything>(outer.run_graph(&mut graph)?[sum])
    });
    let expected: usize = (0..20).map(|part| (0..part * 100).sum::<usize>()).sum();
    for _ in 0..5 {
        assert_eq!(runner.typed(&mut graph)[node], expected);
    }
}

fn a_nested_graph_is_called_off(runner: &Runner) {
    let token = CancelToken::new();
    let (mut graph, node) = one(|outer| {
        let mut graph = GraphBuilder::new();
        let first = graph.node("first", (), || token.cancel());
        graph.node("second", (first,), |(): &()| unreachable!("it is cancelled"));
        outer.run_graph(&mut graph.build()?).map(drop).map_err(Anything::from)
    });
    let error =
        runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect_err("cancelled");
    assert!(matches!(error, RunError::Cancelled { .. }), "{error}");
    assert_eq!(graph.result(node), Err(NoResult::Interrupted));
}

fn a_panic_in_a_nested_graph(runner: &Runner) {
    let (mut graph, _) = one(|outer| {
        let mut graph = GraphBuilder::new();
        graph.node("inside", (), || panic!("no"));
        outer.run_graph(&mut graph.build()?).map(drop).map_err(Anything::from)
    });
    let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("it panics");
    assert_eq!(error.to_string(), "panicked: node (no)");
}

fn at_any_place_of_the_dependencies(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (a, b) = (graph.node("a", (), || 1), graph.node("b", (), || vec![2]));
    let first = graph.node("first", (threads(), a), |threads: Threads<'_>, a: &i32| {
        threads.count() * usize::try_from(*a).expect("small")
    });
    let last = graph.node("last", (a, b.moved(), threads()), |a: &i32, b: Vec<i32>, _: Threads<'_>| a + b[0]);
    let twice =
        graph.node("twice", (threads(), threads()), |a: Threads<'_>, b: Threads<'_>| a.count() == b.count());
    let alone = graph.node("alone", threads(), |threads: Threads<'_>| threads.clone().count() > 0);
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    assert!(results[first] > 0 && results[last] == 3 && results[twice] && results[alone]);
}

fn across_await(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let seven = graph.node("seven", (), || 7_usize);
    let sums: Vec<_> = (0..4)
        .map(|_| {
            graph.try_async_node("sum", (seven, threads()), async |seven: &usize, threads: Threads<'_>| {
                let mut items = vec![0; 5_000];
                threads.for_each(&mut items, |at, item| *item = at)?;
                yields(3).await;
                threads.for_each(&mut items, |_, item| *item *= seven)?;
                yields(1).await;
                threads.fold(&items, 99, || 0, |sum, item| sum + item, |a, b| a + b)
            })
        })
        .collect();
    let alone = graph.async_node("alone", threads(), async |threads: Threads<'_>| threads.count());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let results = runner.typed(&mut graph);
        assert!(sums.iter().all(|&sum| results[sum] == 7 * 5_000 * 4_999 / 2) && results[alone] > 0);
    }
    let mut graph = GraphBuilder::new();
    let node = graph.try_async_node("node", threads(), async |threads: Threads<'_>| {
        yields(2).await;
        threads.for_each(&mut endless(), |at, ()| {
            if at == 100 {
                token.cancel();
            }
        })
    });
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).expect_err("cancelled");
    assert_eq!(graph.result(node), Err(NoResult::Interrupted));
}

fn in_local_nodes(runner: &Runner) {
    let mut graph = GraphBuilder::new_local();
    let factor = std::rc::Rc::new(3);
    let node = graph.local().try_node("node", threads(), move |threads: Threads<'_>| {
        let (mut items, factor) = (vec![1; 1_000], *factor);
        threads.for_each(&mut items, |_, item| *item *= factor)?;
        Ok::<_, Stopped>(std::rc::Rc::new(items.iter().sum::<i32>()))
    });
    let later = graph.local().async_node(
        "later",
        (node, threads()),
        async |sum: &std::rc::Rc<i32>, threads: Threads<'_>| {
            yields(1).await;
            **sum + i32::from(threads.count() == 0)
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[later], 3_000);
}

fn in_bound_nodes(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let sums = [1, 2, 3].map(|factor| {
        let sum = graph.try_node("sum", threads(), move |threads: Threads<'_>| {
            let items = vec![factor; 10_000];
            threads.fold(&items, 64, || 0, |sum, item| sum + item, |a, b| a + b)
        });
        graph.on_caller(sum);
        sum
    });
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    assert_eq!(sums.map(|sum| results[sum]), [10_000, 20_000, 30_000]);
}

/// Both threads are in the loop at once, so none of it waits for the other's end.
#[test]
fn the_threads_take_part() {
    let executor = executor(2);
    let barrier = Barrier::new(2);
    let (mut graph, _) = one(|threads| threads.for_each(&mut [0; 2], |_, _| _ = barrier.wait()));
    for _ in 0..100 {
        graph.run_parallel(&executor).expect("nobody calls it off");
    }
}

/// A loop sees that another node of the run has failed.
#[test]
fn a_failure_elsewhere_during_a_loop() {
    let executor = executor(2);
    let begun = AtomicBool::new(false);
    let mut graph = GraphBuilder::new();
    let node = graph.try_node("loop", threads(), |threads: Threads<'_>| {
        threads.for_each(&mut endless(), |_, ()| begun.store(true, Relaxed))
    });
    graph.try_node("fails", (), || {
        while !begun.load(Relaxed) {
            thread::yield_now();
        }
        Err::<(), _>("no")
    });
    let mut graph = graph.build().expect("a valid graph");
    let error = graph.run_parallel(&executor).map(drop).expect_err("it fails");
    assert_eq!(error.to_string(), "1 node failed: fails");
    assert_eq!(graph.result(node), Err(NoResult::Interrupted));
}

/// A worker leaves a loop that doesn't end for another run.
#[test]
fn other_runs_get_on_during_a_loop() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    let (executor, token) = (executor(2), CancelToken::new());
    let (graph, _) = one(|threads| threads.for_each(&mut endless(), |_, ()| BEGUN.store(true, Relaxed)));
    let endless = graph.into_with(&RunOptions::new().cancel_token(&token)).spawn(&executor);
    while !BEGUN.load(Relaxed) {
        thread::yield_now();
    }
    for _ in 0..20 {
        let (graph, node) = one(|threads| threads.fold(&[1; 1_000], 10, || 0, |a, b| a + b, |a, b| a + b));
        let (graph, ended) = graph.spawn(&executor).join();
        ended.expect("nobody calls it off");
        assert_eq!(graph.result(node), Ok(&1_000));
    }
    token.cancel();
    assert!(matches!(endless.join().1, Err(RunError::Cancelled { .. })));
}

#[test]
fn a_shutdown_during_a_loop() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    let executor = executor(2);
    let (graph, node) = one(|threads| threads.for_each(&mut endless(), |_, ()| BEGUN.store(true, Relaxed)));
    let spawned = graph.spawn(&executor);
    while !BEGUN.load(Relaxed) {
        thread::yield_now();
    }
    executor.shutdown();
    let (graph, ended) = spawned.join();
    assert!(matches!(ended, Err(RunError::Cancelled { .. })));
    assert_eq!(graph.result(node), Err(NoResult::Interrupted));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// Loops against the obvious ones.
    #[test]
    fn as_the_sequential_loops(items in prop::collection::vec(any::<u32>(), 0..3_000), size in 1..200_usize) {
        let mut changed = items.clone();
        changed.iter_mut().zip(0..).for_each(|(item, at)| *item = item.rotate_left(at));
        changed.chunks_mut(size).for_each(<[u32]>::reverse);
        let mix = |a: u64, b: u64| a.wrapping_mul(31).rotate_left(7) ^ b;
        let chunks = changed.chunks(size).map(|chunk| chunk.iter().fold(1, |mixed, &item| mix(mixed, item.into())));
        let expected = chunks.reduce(mix).unwrap_or(1);
        with_all_runners(|runner| {
            let (mut graph, node) = one(|threads| {
                let mut items = items.clone();
                threads.for_each(&mut items, |at, item| *item = item.rotate_left(at as u32))?;
                threads.for_each_chunk_mut(&mut items, size, |_, chunk| chunk.reverse())?;
                assert_eq!(items, changed);
                threads.fold(&items, size, || 1, |mixed, &item| mix(mixed, item.into()), mix)
            });
            assert_eq!(runner.typed(&mut graph)[node], expected);
        });
    }
}
