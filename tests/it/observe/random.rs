//! Random graphs whose nodes compute, wait, fail and panic: what observers are told agrees with the results.

use super::log::{Log, What};
use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{
    Declared, FailurePolicy, Graph, GraphBuilder, NoResult, Node, NodeOutcome, RunOptions, SkipReason, Values,
};
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::collections::HashMap;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Computes,
    Yields,
    Fails,
    Panics,
}

/// All of one graph: its nodes, in the order of declaration; whether order matters in it.
fn build(shape: &[(u32, u32)], does: &[Does], ordered: bool) -> (Graph<'static>, Vec<Node<u64>>) {
    let mut graph = GraphBuilder::new();
    let declared: Vec<Declared<u64>> = does.iter().map(|_| graph.declare("")).collect();
    let nodes: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
    let before = Predecessors::new(does.len(), shape);
    for ((at, &what), declared) in does.iter().enumerate().zip(declared) {
        let fed: Vec<_> = before.of(at).iter().map(|&before| nodes[before as usize]).collect();
        let sum = |fed: Values<'_, u64>| fed.iter().fold(1_u64, |sum, value| sum.wrapping_add(*value));
        let node = match what {
            Does::Computes => graph.node(declared, fed, sum),
            Does::Yields => graph.async_node(declared, fed, async move |fed: Values<'_, u64>| {
                yields(2).await;
                fed.iter().fold(1_u64, |sum, value| sum.wrapping_add(*value))
            }),
            Does::Fails => graph.try_node(declared, fed, |_: Values<'_, u64>| Err("planned")),
            Does::Panics => graph.node(declared, fed, |_: Values<'_, u64>| panic!("planned")),
        };
        if ordered {
            graph.priority(node, i32::try_from(at % 5).expect("small"));
        }
    }
    (graph.build().expect("an acyclic graph"), nodes)
}

/// What was told of each node at last is what its result says.
fn agrees(runner: &Runner, shape: &[(u32, u32)], does: &[Does], policy: FailurePolicy, ordered: bool) {
    let log = Log::new();
    let (mut graph, nodes) = build(shape, does, ordered);
    for _ in 0..3 {
        let options = RunOptions::new().observer(log.clone()).policy(policy).catch_panics();
        let _ = runner.typed_with(&mut graph, &options).map(drop);
        let told = log.take();
        let last: HashMap<_, _> = told.iter().filter_map(|told| Some((told.node?, told.what))).collect();
        let results = graph.results();
        for &node in &nodes {
            let last = last[&node.id()];
            match results.get(node) {
                Ok(_) => assert_eq!(last, What::Ends(NodeOutcome::Completed)),
                Err(NoResult::Failed) => assert_eq!(last, What::Ends(NodeOutcome::Failed)),
                Err(NoResult::Panicked) => assert_eq!(last, What::Ends(NodeOutcome::Panicked)),
                Err(NoResult::Interrupted) => assert_eq!(last, What::Ends(NodeOutcome::Interrupted)),
                Err(NoResult::NotRun) => assert_eq!(last, What::Skipped(SkipReason::Stopped)),
                Err(NoResult::Skipped { because_of }) => {
                    let culprit = because_of.id();
                    assert_eq!(last, What::Skipped(SkipReason::DependencyFailed { culprit }));
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_results_say(
        (nodes, density, seed) in (1..60_u32, 0..4_u32, any::<u64>()),
        (waits, fails, panics) in (any::<bool>(), 0..4_u32, 0..3_u32),
        (keep_going, ordered) in (any::<bool>(), any::<bool>()),
    ) {
        let mut random = SplitMix64::new(seed);
        let shape = random_shape(&mut random, nodes, density);
        let yields = |random: &mut SplitMix64| waits && random.below(3) == 0;
        let mut does: Vec<_> =
            (0..nodes).map(|_| if yields(&mut random) { Does::Yields } else { Does::Computes }).collect();
        (0..fails).for_each(|_| does[random.below(nodes) as usize] = Does::Fails);
        (0..panics).for_each(|_| does[random.below(nodes) as usize] = Does::Panics);
        let policy = if keep_going { FailurePolicy::KeepGoing } else { FailurePolicy::FailFast };
        with_all_runners(|runner| agrees(runner, &shape, &does, policy, ordered));
    }
}
