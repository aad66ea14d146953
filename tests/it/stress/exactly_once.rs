//! Each node once a run, after its predecessors, whatever the bodies, the threads and the way that the
//! executor chooses.

use super::{executor, graph};
use dgraph_exec::{Dag, Executor};
use dgraph_tests::body::busy;
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::splitmix::SplitMix64;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

/// 1000 reruns of hundreds of graphs at scale 200.
const RERUNS: usize = 20;
const GRAPHS: usize = 10;

/// A random graph, and for each node the number of the run that it has done last.
struct Subject {
    dag: Dag,
    predecessors: Predecessors,
    done: Vec<AtomicU32>,
}

fn random_nodes(random: &mut SplitMix64) -> (u32, Vec<(u32, u32)>) {
    let nodes = 1 + random.below(60);
    let density = random.below(4);
    (nodes, random_dag(random, nodes, density))
}

/// Levels of different widths, of which most are wide enough to be run in step.
fn wide(random: &mut SplitMix64) -> (u32, Vec<(u32, u32)>) {
    let (mut nodes, mut above, mut edges) = (0, 0..0, Vec::new());
    for _ in 0..1 + random.below(8) {
        let level = nodes..nodes + 1 + random.below(60);
        for node in level.clone().filter(|_| !above.is_empty()) {
            edges.extend(
                (0..1 + random.below(3)).map(|_| (above.start + random.below(above.end - above.start), node)),
            );
        }
        nodes = level.end;
        above = level;
    }
    (nodes, edges)
}

impl Subject {
    fn new(random: &mut SplitMix64) -> Self {
        let (nodes, edges) = if random.below(2) == 0 { wide(random) } else { random_nodes(random) };
        Self {
            dag: graph(nodes, &edges),
            predecessors: Predecessors::new(nodes as usize, &edges),
            done: (0..nodes).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Run number `run`, counted from 1; one node in `rarity` works for some `grain` nanoseconds. The number
    /// of nodes.
    fn run(&self, executor: &Executor, run: u32, grain: u64, rarity: u32) -> usize {
        executor.run(&self.dag, |node| {
            for &before in self.predecessors.of(node.index()) {
                // Relaxed is enough if the executor orders a node's effects before its successors.
                assert_eq!(self.done[before as usize].load(Relaxed), run, "{node} ran before {before}");
            }
            if (node.get() + run) % rarity == 0 {
                black_box(busy(run.into(), grain));
            }
            assert_eq!(
                self.done[node.index()].swap(run, Relaxed),
                run - 1,
                "{node} ran twice, or not in each run"
            );
        });
        for (node, done) in self.done.iter().enumerate() {
            assert_eq!(done.load(Relaxed), run, "node {node} didn't run");
        }
        self.done.len()
    }

    /// Bodies change every few runs from nothing to several microseconds and back, so that runs are walked,
    /// broken into and shared.
    fn rerun(&self, executor: &Executor, reruns: usize) -> usize {
        let reruns = u32::try_from(reruns).expect("a sensible scale");
        let kinds = [(0, 1), (3_000, 1), (0, 1), (20_000, 16)];
        let kind = |run: u32| kinds[(run / 12) as usize % kinds.len()];
        (1..=reruns).map(|run| self.run(executor, run, kind(run).0, kind(run).1)).sum()
    }
}

pub(crate) fn random_graphs(scale: usize) -> String {
    let mut random = SplitMix64::new(11);
    let (graphs, reruns) = (GRAPHS * scale.min(20), RERUNS * scale.div_ceil(20).max(2));
    let (mut nodes, mut runs) = (0, 0);
    for threads in [1, 2, 4, 16, 64] {
        let executor = executor(threads);
        for _ in 0..graphs {
            nodes += Subject::new(&mut random).rerun(&executor, reruns);
            runs += reruns;
        }
    }
    format!("{graphs} graphs, {reruns} reruns, 1 to 64 threads: {runs} runs, {nodes} nodes")
}

/// Each caller has graphs of its own; the executor's teams and workers are everybody's.
pub(crate) fn several_callers(scale: usize) -> String {
    let (graphs, reruns) = (3 * scale, 2 * RERUNS);
    let mut nodes = 0;
    for threads in [2, 4, 16] {
        let executor = executor(threads);
        let call = |caller| {
            let mut random = SplitMix64::new(caller);
            (0..graphs).map(|_| Subject::new(&mut random).rerun(&executor, reruns)).sum::<usize>()
        };
        nodes += thread::scope(|scope| {
            let callers = [1, 2, 3, 4].map(|caller| scope.spawn(move || call(caller)));
            callers.into_iter().map(|caller| caller.join().expect("no panic")).sum::<usize>()
        });
    }
    format!("{} runs by 4 callers, 2 to 16 threads: {nodes} nodes", 3 * 4 * graphs * reruns)
}
