//! How often runs of typed graphs allocate, also as futures: not at all, from the second one on.
//!
//! A program of its own, since the allocator counts for the whole process; and without libtest, which says
//! something, and allocates for it, when a test takes long.

#![allow(unsafe_code, reason = "that is how an allocator is declared")]

mod blocks;
mod counting;
mod definitions;
mod items;
mod thousand;

use counting::allocations;
use dgraph_exec::{
    CancelToken, Executor, FailurePolicy, Graph, GraphBuilder, Input, Node, RunOptions, State, Stopped,
    Threads, Values, create_graph, threads,
};
use dgraph_tests::yields::yields;
use std::future::ready;
use std::ops::ControlFlow;

struct Case {
    graph: Graph<'static>,
    input: Input<u64>,
    last: Node<u64>,
}

/// How often so many calls of `block_on` allocate by themselves: it makes a waker each time.
fn of_waiting(calls: u64) -> u64 {
    allocations(|| (0..calls).for_each(|_| pollster::block_on(ready(()))))
}

/// Nodes that change and read a state, and if order matters anyway, commute at it.
fn use_state(graph: &mut GraphBuilder<'static>, kept: State<Vec<u64>>, x: Node<u64>, ordered: bool) {
    graph.node("change", (kept.write(), x), |kept: &mut Vec<u64>, x: &u64| {
        kept[0] ^= x;
        kept.rotate_left(3);
    });
    for at in 0..3 {
        graph.node("read", kept.read(), move |kept: &Vec<u64>| kept[at]);
        if ordered {
            graph.node("add", (kept.commute(), x), move |kept: &mut Vec<u64>, x: &u64| kept[at] ^= x);
            graph.node("add", (x, kept.commute()), move |x: &u64, kept: &mut Vec<u64>| kept[at] ^= x << 1);
        }
    }
}

/// What a graph that repeats gives after three rounds.
fn three_rounds(of: Node<u64>) -> impl FnMut(&mut Graph<'static>) -> ControlFlow<u64> {
    let mut rounds = 0;
    move |inner| {
        rounds = (rounds + 1) % 3;
        if rounds > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(inner.results()[of]) }
    }
}

/// A loop on the threads of the run.
fn loops(x: &u64, threads: &Threads<'_>) -> Result<u64, Stopped> {
    let mut items = [*x; 500];
    threads.for_each(&mut items, |at, item| *item ^= at as u64)?;
    threads.for_each_chunk_mut(&mut items, 7, |_, chunk| chunk.reverse())?;
    Ok(items[0])
}

/// Layers of async nodes that are ready at once, that yield, that hold what they are fed meanwhile; and a
/// graph of such as a node.
fn async_case(ordered: bool) -> Case {
    let mut inner = GraphBuilder::new();
    let side = inner.input::<u64>("side");
    let area = inner.async_node("area", (side,), async |side: &u64| {
        yields(1).await;
        side.wrapping_mul(*side)
    });
    let inner = inner.build().expect("a valid graph");

    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let kept = graph.state("kept", vec![0_u64; 8]);
    graph.async_node("reset", (input, kept.write()), async |x: &u64, kept: &mut Vec<u64>| {
        yields(1).await;
        kept.fill(*x);
    });
    let mut layer: Vec<_> = (0..8).map(|n| graph.node("", (input,), move |x: &u64| x + n)).collect();
    for _ in 0..20 {
        use_state(&mut graph, kept, layer[5], ordered);
        graph.async_node("hold", (kept.write(), layer[6]), async |kept: &mut Vec<u64>, x: &u64| {
            kept[6] ^= x;
            yields(1).await;
            kept[7] ^= x;
        });
        let next = (0..8).map(|at| {
            let (a, b) = (layer[at], layer[(at + 1) % 8]);
            match at % 4 {
                0 => graph.async_node("ready", (a, b), async |a: &u64, b: &u64| a.wrapping_mul(*b)),
                1 => graph.try_async_node("tried", (a,), async |a: &u64| {
                    yields(u32::try_from(a % 3).expect("small")).await;
                    a.checked_add(0).ok_or("never")
                }),
                2 => {
                    let pair = graph.node("pair", (a, b), |a: &u64, b: &u64| [*a, *b]);
                    graph.async_node("moved", (pair.moved(),), async |pair: [u64; 2]| {
                        yields(2).await;
                        pair[0] ^ pair[1]
                    })
                }
                _ => graph.async_node("many", &layer, async |all: Values<'_, u64>| {
                    yields(1).await;
                    all.iter().fold(0, |a, b| a ^ b)
                }),
            }
        });
        layer = next.collect();
    }
    let set = move |inner: &mut Graph<'_>, x: &u64| _ = inner.set(side, *x);
    let nested = graph.repeat("nested", (layer[0],), inner, set, three_rounds(area));
    let nested = graph.try_async_node("loops", (nested, threads()), async |x: &u64, threads: Threads<'_>| {
        yields(1).await;
        loops(x, &threads)
    });
    if ordered {
        let (one, two) = (graph.limit(1), graph.limit(2));
        for (at, &node) in (0..).zip(&layer) {
            graph.priority(node, at % 3);
            graph.limited(node, if at % 2 == 0 { one } else { two });
        }
    }
    let last = graph.node("last", (nested, layer[3], kept.read()), |x: &u64, y: &u64, kept: &Vec<u64>| {
        x ^ y ^ kept.iter().fold(0, |a, b| a ^ b)
    });
    Case { graph: graph.build().expect("a valid graph"), input, last }
}

/// Layers of nodes with all kinds of dependencies, 8 wide: no thread has more than 64 ready nodes at once.
fn case(ordered: bool) -> Case {
    let mut inner = GraphBuilder::new();
    let side = inner.input::<u64>("side");
    let area = inner.node("area", (side,), |side: &u64| side * side);
    let inner = inner.build().expect("a valid graph");

    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let kept = graph.state("kept", vec![0_u64; 8]);
    graph.node("reset", (input, kept.write()), |x: &u64, kept: &mut Vec<u64>| kept.fill(*x));
    let mut layer: Vec<_> = (0..8).map(|n| graph.node("", (input,), move |x: &u64| x + n)).collect();
    for _ in 0..20 {
        use_state(&mut graph, kept, layer[5], ordered);
        let next = (0..8).map(|at| {
            let (a, b) = (layer[at], layer[(at + 1) % 8]);
            match at % 4 {
                0 => graph.node("lent", (a, b), |a: &u64, b: &u64| a.wrapping_mul(*b)),
                1 => graph.try_node("tried", (a,), |a: &u64| a.checked_add(0).ok_or("never")),
                2 => {
                    let pair = graph.node("pair", (a, b), |a: &u64, b: &u64| [*a, *b]);
                    graph.node("moved", (pair.moved(),), |pair: [u64; 2]| pair[0] ^ pair[1])
                }
                _ => graph.node("many", &layer, |all: Values<'_, u64>| all.iter().fold(0, |a, b| a ^ b)),
            }
        });
        layer = next.collect();
    }
    let set = move |inner: &mut Graph<'_>, x: &u64| _ = inner.set(side, x % 1000);
    let nested = graph.repeat("nested", (layer[0],), inner, set, three_rounds(area));
    let nested =
        graph.try_node("loops", (nested, threads()), |x: &u64, threads: Threads<'_>| loops(x, &threads));
    if ordered {
        let (one, two) = (graph.limit(1), graph.limit(2));
        for (at, &node) in (0..).zip(&layer) {
            graph.priority(node, at % 3);
            graph.limited(node, if at % 2 == 0 { one } else { two });
        }
        graph.on_caller(layer[1]);
        graph.on_worker(layer[2], 0);
    }
    let last = graph.node("last", (nested, layer[3], kept.read()), |x: &u64, y: &u64, kept: &Vec<u64>| {
        x ^ y ^ kept.iter().fold(0, |a, b| a ^ b)
    });
    Case { graph: graph.build().expect("a valid graph"), input, last }
}

/// Runs of a dictionary that are futures, on the thread that polls them.
fn of_a_dictionary() {
    async fn number() -> u64 {
        7
    }
    async fn double(number: &u64) -> u64 {
        ready(number * 2).await
    }
    fn sum(number: &u64, double: &u64) -> u64 {
        number + double
    }
    let mut graph =
        create_graph! { sum: [number, double], double: [number], number: [] }.expect("a valid graph");
    let mut run = || {
        let results = pollster::block_on(graph.run_async()).expect("no function fails");
        assert_eq!(results.get(sum), Some(&21));
    };
    run();
    assert_eq!(allocations(&mut run), of_waiting(1), "a dictionary's run as a future");
}

fn main() {
    // Options are meant for libtest, which this isn't.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_part = |at: usize| !arguments[at].starts_with('-') && (at == 0 || arguments[at - 1] != "--skip");
    let mut chosen = (0..arguments.len()).filter(|&at| is_part(at)).peekable();
    let listing = arguments.iter().any(|argument| argument == "--list");
    if !listing && (chosen.peek().is_none() || chosen.any(|at| "allocations".contains(&arguments[at]))) {
        runs_but_the_first_allocate_nothing();
        println!("runs but the first allocate nothing: ok");
    }
}

fn runs_but_the_first_allocate_nothing() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0, "the allocator counts");
    blocks::of_graphs();
    thousand::runs();
    of_a_dictionary();
    definitions::runs_at_once();
    items::runs();
    let executors =
        [1, 2, 5].map(|threads| Executor::builder().threads(threads).build().expect("an executor"));
    let token = CancelToken::new();
    let plain = RunOptions::new();
    let full = RunOptions::new().policy(FailurePolicy::KeepGoing).cancel_token(&token).catch_panics();
    let update = RunOptions::new().update();

    let serial = |case: &mut Case, options: &RunOptions| {
        case.graph.with(options).run().expect("no node fails")[case.last]
    };
    let kinds =
        [false, true].into_iter().flat_map(|ordered| [&plain, &full, &update].map(|it| (ordered, it)));
    for (ordered, options) in kinds {
        let mut case = case(ordered);
        case.graph.set(case.input, 0);
        let once = serial(&mut case, options);
        let count = allocations(|| {
            for value in (0..50).rev() {
                case.graph.set(case.input, value);
                let result = serial(&mut case, options);
                assert!(value > 0 || result == once);
            }
        });
        assert_eq!(count, 0, "serially, {options:?}");
        for executor in &executors {
            let parallel = |case: &mut Case| {
                case.graph.with(options).run_parallel(executor).expect("no node fails")[case.last]
            };
            // The executor's own memory grows until it has teams for as many nested runs as there ever are at
            // once.
            for value in 0..200 {
                case.graph.set(case.input, value);
                parallel(&mut case);
            }
            // What is made once may come late: a stack that grows, a thread's first theft. What runs need
            // comes each time.
            let mut fifty = || {
                allocations(|| {
                    for value in (0..50).rev() {
                        case.graph.set(case.input, value);
                        let result = parallel(&mut case);
                        assert!(value > 0 || result == once);
                    }
                })
            };
            let count = (0..20).map(|_| fifty()).min().unwrap_or(u64::MAX);
            assert_eq!(count, 0, "on {} threads, ordered: {ordered}, {options:?}", executor.threads());
        }
        as_futures(case, options);
        as_futures(async_case(ordered), options);
        for executor in &executors {
            on_workers(async_case(ordered), executor, options);
        }
    }
    executors.iter().for_each(from_worker_to_worker);
}

/// A spawned run that nobody can go on with but one worker, and then another one, and so forth, allocates as
/// often as one that anybody can go on with: for its owner only.
fn from_worker_to_worker(executor: &Executor) {
    let [bound, free] = [true, false].map(|bound| {
        let mut graph = GraphBuilder::new();
        let mut last = None;
        for number in 0..12 {
            let node = graph.node("", (), || ());
            graph.after(node, last.replace(node));
            if bound {
                graph.on_worker(node, number % executor.threads());
            }
        }
        let mut graph = Some(graph.build().expect("a valid graph"));
        let mut run = || {
            let (same, outcome) = graph.take().expect("given back").spawn(executor).join();
            outcome.expect("no node fails");
            graph = Some(same);
        };
        (0..200).for_each(|_| run());
        // As for blocking runs.
        let mut fifty = || allocations(|| (0..50).for_each(|_| run()));
        (0..20).map(|_| fifty()).min().unwrap_or(u64::MAX)
    });
    assert_eq!(bound, free, "from worker to worker, {} threads", executor.threads());
}

/// Runs that are futures. The first one makes what all need: the wakers, lists of ready and of woken nodes.
fn as_futures(mut case: Case, options: &RunOptions) {
    let mut run = |value| {
        case.graph.set(case.input, value);
        pollster::block_on(case.graph.with(options).run_async()).expect("no node fails")[case.last]
    };
    let once = run(0);
    // Fuller lists may come late.
    (0..3).rev().for_each(|value| _ = run(value));
    let count = allocations(|| {
        for value in (0..50).rev() {
            let result = run(value);
            assert!(value > 0 || result == once);
        }
    });
    assert_eq!(count, of_waiting(50), "as futures, {options:?}");
}

/// Runs that are futures, on the workers of an executor.
fn on_workers(mut case: Case, executor: &Executor, options: &RunOptions) {
    let mut run = |value| {
        case.graph.set(case.input, value);
        let run = case.graph.with(options).run_parallel_async(executor);
        pollster::block_on(run).expect("no node fails")[case.last]
    };
    let once = run(0);
    (0..200).for_each(|value| _ = run(value));
    // As for blocking runs.
    let mut fifty = || {
        allocations(|| {
            for value in (0..50).rev() {
                let result = run(value);
                assert!(value > 0 || result == once);
            }
        })
    };
    let count = (0..20).map(|_| fifty()).min().unwrap_or(u64::MAX);
    assert_eq!(count, of_waiting(50), "on the workers of {} threads, {options:?}", executor.threads());
}
