//! Typed graphs: everything is dropped exactly once.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, Node, RunOptions};
use dgraph_tests::splitmix::SplitMix64;
use std::sync::Mutex;

over_typed_runners!(closures_results_and_inputs, random_endings);

fn closures_results_and_inputs(runner: &Runner) {
    let (closures, results, inputs) = (Counter::default(), Counter::default(), Counter::default());
    let mut graph = GraphBuilder::new();
    let input = graph.input::<Counted>("input");
    let mut last = graph.node("first", (input,), |input: &Counted| results.make(input.value));
    for _ in 0..40 {
        let captured = closures.make(1);
        let results = results.clone();
        last = graph.node("", (last,), move |x: &Counted| results.make(x.value + captured.get()));
    }
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..4 {
        graph.set(input, inputs.make(run));
        assert_eq!(runner.typed(&mut graph)[last].value, run + 40);
        assert_eq!((closures.alive(), results.alive(), inputs.alive()), (40, 41, 1));
    }
    drop(graph);
    assert_eq!((closures.alive(), results.alive(), inputs.alive()), (0, 0, 0));
}

/// Nodes that move, lend, fail, panic; results that are taken; runs of parts. After each run as many payloads
/// are alive as there are results.
fn random_endings(runner: &Runner) {
    let counter = Counter::default();
    let random = Mutex::new(SplitMix64::new(5));
    let below = |bound| random.lock().unwrap_or_else(std::sync::PoisonError::into_inner).below(bound);
    let act = || match below(60) {
        0 => panic!("by chance"),
        1 => Err("by chance"),
        _ => Ok(counter.make(1)),
    };
    for _ in 0..30 {
        let mut graph = GraphBuilder::new();
        let mut all: Vec<Node<Counted>> = Vec::new();
        let mut used = Vec::new();
        for _ in 0..25 {
            let node = match (all.len(), below(3)) {
                (0, _) | (_, 0) => graph.try_node("", (), act),
                (count, 1) => {
                    let lent = below(u32::try_from(count).expect("small")) as usize;
                    used[lent] = true;
                    graph.try_node("", (all[lent],), move |_: &Counted| act())
                }
                _ => match used.iter().position(|used| !used) {
                    Some(free) => {
                        used[free] = true;
                        // From now on nobody else may use it.
                        let taken = all.swap_remove(free);
                        used.swap_remove(free);
                        graph.try_node("", (taken.moved(),), move |taken: Counted| act().map(|_| taken))
                    }
                    None => graph.try_node("", (), act),
                },
            };
            all.push(node);
            used.push(false);
        }
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..20 {
            let mut options = RunOptions::new().catch_panics();
            if below(2) == 0 {
                options = options.policy(FailurePolicy::KeepGoing);
            }
            if below(2) == 0 {
                options = options.update();
            }
            if below(3) == 0 {
                options = options.only([all[below(u32::try_from(all.len()).expect("small")) as usize]]);
            }
            let _ = runner.typed_with(&mut graph, &options);
            let absent = graph.results().absent_nodes().count();
            assert_eq!(usize::try_from(counter.alive()), Ok(25 - absent));
            let chosen = all[below(u32::try_from(all.len()).expect("small")) as usize];
            let before = counter.alive();
            if let Ok(taken) = graph.take(chosen) {
                drop(taken);
                assert_eq!(counter.alive(), before - 1);
            }
        }
        drop(graph);
        assert_eq!(counter.alive(), 0);
    }
}
