//! How many threads a run uses, by counting them.

use super::{executor, graph};
use dgraph_exec::Dag;
use dgraph_tests::body::busy;
use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

/// In steps of a nanosecond: long enough that the executor shares each run from its beginning.
const GRAIN: u64 = 3_000;

/// The threads that a run of `dag` has used.
fn threads_of_a_run(executor: &dgraph_exec::Executor, dag: &Dag) -> HashSet<ThreadId> {
    let seen = Mutex::new(HashSet::new());
    executor.run(dag, |node| {
        black_box(busy(node.get().into(), GRAIN));
        seen.lock().expect("no panic").insert(thread::current().id());
    });
    seen.into_inner().expect("no panic")
}

pub(crate) fn chain(scale: usize) -> String {
    let edges: Vec<_> = (1..1_000).map(|node| (node - 1, node)).collect();
    let dag = graph(1_000, &edges);
    let runs = 4 * scale;
    for threads in [2, 4, 16] {
        let executor = executor(threads);
        for run in 0..runs {
            // (A first run begins with a probe, and a helper takes it over that has waited for too long.)
            let most = if run == 0 { 2 } else { 1 };
            assert!(threads_of_a_run(&executor, &dag).len() <= most, "run {run} of {threads} threads");
        }
    }
    format!("{} chains of 1000 nodes, 2 to 16 threads", 3 * runs)
}

pub(crate) fn chains(scale: usize) -> String {
    let (mut runs, mut most) = (0, 0);
    for chains in [2, 3, 5] {
        let nodes = chains * 60;
        let edges: Vec<_> = (chains..nodes).map(|node| (node - chains, node)).collect();
        let dag = graph(nodes, &edges);
        for threads in [2, 8, 16] {
            let executor = executor(threads);
            for run in 0..8 * scale {
                let used = threads_of_a_run(&executor, &dag).len();
                // (As above: in a first run one chain may go on on another thread.)
                let most_now = threads.min(chains as usize + usize::from(run == 0));
                assert!(used <= most_now, "{used} threads for {chains} chains");
                (runs, most) = (runs + 1, most.max(used));
            }
        }
    }
    format!("{runs} runs of 2, 3 and 5 chains, 2 to 16 threads: {most} threads at most")
}
