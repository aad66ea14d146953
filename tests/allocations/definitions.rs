//! Runs of one definition at once: as soon as there are as many instances as are used at a time, there is
//! nothing to allocate but a waker for whoever blocks.

use crate::{allocations, of_waiting};
use dgraph_exec::{Definition, DefinitionBuilder, Executor, Input, Node, SharedLimit};
use dgraph_tests::yields::yields;

/// Its nodes may be under a limit that all runs share.
fn definition(ordered: bool, limited: bool) -> (Definition<'static>, Input<u64>, Node<u64>) {
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<u64>("input");
    let mut layer: Vec<_> = (0..4).map(|n| graph.node("", (input,), move |x: &u64| x + n)).collect();
    let limit = SharedLimit::new(3);
    for at in 0..8 {
        let (a, b) = (layer[at % 4], layer[(at + 1) % 4]);
        layer[at % 4] = graph.async_node("", (a, b), async |a: &u64, b: &u64| {
            yields(1).await;
            a.wrapping_mul(*b)
        });
        if limited {
            graph.limited(layer[at % 4], limit.permits(1 + at % 3));
        }
        if ordered {
            graph.priority(layer[at % 4], 1);
        }
    }
    let last = graph.node("last", (layer[0], layer[3]), |a: &u64, b: &u64| a ^ b);
    graph.at_most(RUNS);
    (graph.build().expect("a valid graph"), input, last)
}

const RUNS: usize = 20;

/// So many at once, on the workers of an executor and as futures here.
pub(crate) fn runs_at_once() {
    let executor = Executor::builder().threads(2).build().expect("an executor");
    for (ordered, limited) in [(false, false), (false, true), (true, false), (true, true)] {
        let (definition, input, last) = definition(ordered, limited);
        let mut spawned = Vec::with_capacity(RUNS);
        let mut run = || {
            for value in 0..RUNS {
                let mut run = definition.try_instance().expect("the others have gone back");
                run.set(input, value as u64);
                spawned.push(run.spawn(&executor));
            }
            for run in spawned.drain(..) {
                let (mut run, outcome) = run.join();
                outcome.expect("no node fails");
                let there = run.take(last).expect("it was spawned");
                pollster::block_on(async {
                    let here = run.run_async().await.expect("no node fails")[last];
                    assert_eq!(here, there);
                });
            }
        };
        (0..50).for_each(|_| run());
        let count = (0..20).map(|_| allocations(&mut run)).min().unwrap_or(u64::MAX);
        assert_eq!(
            count,
            of_waiting(2 * RUNS as u64),
            "runs of a definition, ordered: {ordered}, limited: {limited}"
        );
    }
}
