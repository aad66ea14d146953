//! Runs on an executor for real-time runs: no system call, no allocation, whatever nodes take.

use crate::counting::allocations;
use crate::linux::{self, End};
use dgraph_exec::{Dag, Executor, ExecutorError, Graph, GraphBuilder, Node};
use dgraph_tests::body::busy;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const RUNS: u64 = 10_000;
const THREADS: usize = 2;

/// What nodes do in a run: mostly nothing much, a few hundred nanoseconds, or some microseconds; now and then
/// one of them takes so long that it is broken into whatever the run has begun with.
fn steps(run: u64, node: u64) -> u64 {
    match (run / 64 % 4, (run * 31 + node * 17) % 61) {
        _ if (run + 3) % 97 == 0 && node == run % 64 => 400_000,
        (0, _) => 0,
        (1, odd) => odd,
        (2, odd) => 100 + 20 * odd,
        (_, odd) => 100 * odd,
    }
}

/// The shape of an audio patch: 16 voices of three nodes each, mixed by a tree.
fn edges() -> Vec<(u32, u32)> {
    let voices = (0..16).flat_map(|voice| [(3 * voice, 3 * voice + 1), (3 * voice + 1, 3 * voice + 2)]);
    let tree = (0..15).flat_map(|mixer: u32| {
        let input = |number: u32| if number < 16 { 3 * number + 2 } else { 32 + number };
        [(input(2 * mixer), 48 + mixer), (input(2 * mixer + 1), 48 + mixer)]
    });
    voices.chain(tree).chain([(62, 63)]).collect()
}

/// Which demands the typed graph has beside its edges.
#[derive(Clone, Copy, Debug)]
enum Demands {
    None,
    Priorities,
    LimitAndCaller,
}

/// The same as a typed graph; `run` is the number of the run.
fn graph(run: &AtomicU64, demands: Demands) -> (Graph<'_>, Node<u64>) {
    let mut graph = GraphBuilder::new();
    let mut nodes: Vec<Node<u64>> = Vec::new();
    let limit = graph.limit(1);
    for node in 0..64 {
        let inputs = edges().into_iter().filter(|&(_, to)| to == node).map(|(from, _)| nodes[from as usize]);
        let inputs: Vec<_> = inputs.collect();
        let name = format!("node {node}");
        let made = graph.node(name, inputs, move |values: dgraph_exec::Values<'_, u64>| {
            black_box(busy(1, steps(run.load(Relaxed), node.into())));
            values.iter().sum::<u64>() + 1
        });
        match demands {
            Demands::Priorities => graph.priority(made, i32::try_from(node % 7).expect("small")),
            Demands::LimitAndCaller if node % 16 == 2 => graph.limited(made, limit),
            Demands::LimitAndCaller if node == 63 => graph.on_caller(made),
            _ => {}
        }
        nodes.push(made);
    }
    (graph.build().expect("a valid graph"), nodes[63])
}

/// All kinds of runs, with every system call forbidden from the third one on.
pub(crate) fn without_system_calls() -> String {
    if linux::cores().len() < THREADS {
        return "left out: threads that spin for each other need a core each".to_owned();
    }
    let mut lines = Vec::new();
    let mut case = |name: &str, body: &dyn Fn()| {
        let ended = linux::in_a_child(body);
        assert_eq!(ended, End::Exited(0), "{name} (signal 31: a system call)");
        lines.push(name.to_owned());
    };
    case("numbers", &|| {
        let executor = executor();
        let dag = Dag::from_edges(64, &edges()).expect("a valid graph");
        let done = AtomicU64::new(0);
        run(&|run| {
            done.store(0, Relaxed);
            executor.run(&dag, |node| {
                black_box(busy(1, steps(run, node.get().into())));
                done.fetch_add(1, Relaxed);
            });
            done.load(Relaxed) == 64
        });
    });
    for demands in [Demands::None, Demands::Priorities, Demands::LimitAndCaller] {
        case(&format!("typed, demands: {demands:?}"), &|| {
            let (executor, number) = (executor(), AtomicU64::new(0));
            let (graph, last) = graph(&number, demands);
            let graph = std::cell::RefCell::new(graph);
            run(&|run| {
                number.store(run, Relaxed);
                let mut graph = graph.borrow_mut();
                graph.run_parallel(&executor).is_ok_and(|results| results[last] == 64)
            });
        });
    }
    format!(
        "{RUNS} runs of 64 nodes on {THREADS} threads without a system call or an allocation: {}",
        lines.join("; ")
    )
}

fn executor() -> Executor {
    Executor::builder().threads(THREADS).real_time(true).build().expect("nobody uses membarrier yet")
}

/// Calls `one` with the number of each run; all but the first two without system calls and allocations. Ends
/// the process.
fn run(one: &dyn Fn(u64) -> bool) {
    let first = one(0) && one(1);
    linux::forbid_all();
    let mut right = first;
    let allocated = allocations(|| (2..RUNS).for_each(|run| right &= one(run)));
    linux::exit(if !right { 2 } else { i32::from(allocated > 0) * 3 })
}

/// A graph's first run is beside another one, in a team of its own; the second one finds memory in whichever
/// team it takes.
pub(crate) fn in_another_team() -> String {
    if linux::cores().len() < THREADS {
        return "left out: threads that spin for each other need a core each".to_owned();
    }
    let ended = linux::in_a_child(|| {
        let executor = executor();
        let dag = |nodes: u32| {
            let edges: Vec<_> = (1..nodes).map(|node| (node / 2, node)).collect();
            Dag::from_edges(nodes as usize, &edges).expect("a valid graph")
        };
        let (one, small, large) = (dag(1), dag(40), dag(400));
        let run = |dag: &Dag| executor.run(dag, |_| ());
        let items = |dag: &Dag, items: &mut [u64]| executor.run_each(dag, items, |_, item, _| *item += 1);
        let within = |work: &(dyn Fn() + Sync)| executor.run(&one, |_| work());
        let [mut some, many] = [vec![0; 40], vec![0; 400]];
        let many = Mutex::new(many);
        (0..3).for_each(|_| run(&small));
        (0..3).for_each(|_| items(&small, &mut some));
        (0..3).for_each(|_| within(&|| run(&large)));
        (0..3).for_each(|_| within(&|| items(&large, &mut many.lock().expect("no panic"))));
        let allocated = allocations(|| {
            (0..100).for_each(|_| run(&large)); // in the first team
            (0..100).for_each(|_| items(&large, &mut many.lock().expect("no panic")));
            (0..100).for_each(|_| within(&|| run(&small))); // in the second one
        });
        linux::exit(i32::from(allocated > 0) * 3)
    });
    assert_eq!(ended, End::Exited(0), "3: an allocation");
    "a graph that was run in one team allocates nothing in another".to_owned()
}

/// Others in this process rely on `membarrier` already: refused, and they go on.
pub(crate) fn comes_too_late() -> String {
    let first = Executor::builder().threads(THREADS).build().expect("no demands");
    let error = Executor::builder().threads(THREADS).real_time(true).build().expect_err("it is used");
    assert_eq!(error, ExecutorError::MembarrierInUse);
    let done = AtomicU64::new(0);
    first.run(&Dag::from_edges(64, &edges()).expect("a valid graph"), |_| _ = done.fetch_add(1, Relaxed));
    assert_eq!(done.into_inner(), 64);
    error.to_string()
}
