//! Predictions: what holds for every graph, whatever its nodes take.

use dgraph_exec::{AsDag, Dag, NodeId, SchedulingPolicy, WhatIf};
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use proptest::prelude::*;
use std::time::Duration;

const POLICIES: [SchedulingPolicy; 2] = [SchedulingPolicy::WorkStealing, SchedulingPolicy::LongestPathFirst];

fn random(nodes: u32, density: u32, seed: u64) -> WhatIf<Dag> {
    let mut random = SplitMix64::new(seed);
    let edges = random_shape(&mut random, nodes, density);
    let dag = Dag::from_edges(nodes as usize, &edges).expect("an acyclic graph");
    WhatIf::new(dag, |_| match random.below(4) {
        0 => Duration::ZERO,
        1 => Duration::from_nanos(random.below(10_000).into()),
        _ => Duration::from_nanos(random.below(100).into()),
    })
}

/// The longest path, by looking at all of them.
fn longest(dag: &impl AsDag, duration: &impl Fn(NodeId) -> u64, from: NodeId) -> u64 {
    let behind = dag.view().successors(from).iter().map(|edge| longest(dag, duration, edge.target()));
    duration(from) + behind.max().unwrap_or(0)
}

proptest! {
    #[test]
    fn between_the_bounds(nodes in 0..60_u32, density in 0..4_u32, seed: u64) {
        let what_if = random(nodes, density, seed);
        let (work, span) = (what_if.work().as_nanos(), what_if.span().as_nanos());
        for policy in POLICIES {
            for threads in [1, 2, 3, 4, 7, 8, 16, 64, 1024] {
                let makespan = what_if.makespan(threads, policy).as_nanos();
                let threads = threads as u128;
                prop_assert!(makespan >= span && makespan * threads >= work);
                prop_assert!(makespan * threads <= work + span * (threads - 1), "Graham's bound");
            }
            prop_assert_eq!(what_if.makespan(1, policy), what_if.work());
            prop_assert_eq!(what_if.makespan(60, policy), what_if.span()); // a thread for each node
        }
    }

    #[test]
    fn slack_is_what_changes_nothing(nodes in 1..12_u32, density in 0..3_u32, seed: u64, at: u32) {
        let mut random = SplitMix64::new(seed);
        let edges = random_shape(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("an acyclic graph");
        let durations: Vec<u64> = (0..nodes).map(|_| 1 + u64::from(random.below(50))).collect();
        let node = NodeId::new(at % nodes);
        let what_if = WhatIf::new(&dag, |node| Duration::from_nanos(durations[node.index()]));
        let slack = u64::try_from(what_if.slack(node).as_nanos()).expect("small");
        let span = |more: u64| {
            let duration = |other: NodeId| durations[other.index()] + if other == node { more } else { 0 };
            (0..nodes).map(|from| longest(&dag, &duration, NodeId::new(from))).max().unwrap_or(0)
        };
        prop_assert_eq!(u128::from(span(0)), what_if.span().as_nanos());
        prop_assert_eq!(span(slack), span(0));
        prop_assert_eq!(span(slack + 1), span(0) + 1);
    }

    #[test]
    fn the_most_effective_node_is_the_best_of_all(
        nodes in 1..20_u32, density in 0..3_u32, seed: u64, threads in 1..6_usize,
    ) {
        let what_if = random(nodes, density, seed);
        for policy in POLICIES {
            let now = what_if.makespan(threads, policy);
            let with = |node| what_if.faster(NodeId::new(node), 2.0).makespan(threads, policy);
            let best = what_if.most_effective(2.0, threads, policy);
            if let Some((node, makespan)) = best {
                prop_assert!(makespan == with(node.get()) && makespan < now);
            }
            // But for anomalies, by which a node saves more than it takes less.
            let saves = |node: u32| {
                let duration = what_if.duration(NodeId::new(node));
                duration - duration / 2
            };
            let honest = (0..nodes).map(|node| with(node).max(now.saturating_sub(saves(node)))).min();
            prop_assert!(best.map_or(now, |(_, makespan)| makespan) <= honest.expect("some node"));
        }
    }
}

/// A chain beside many short nodes: stealing may begin with these, the longest path first doesn't.
#[test]
fn policies_differ() {
    let chain: Vec<_> = (20..29).map(|node| (node, node + 1)).collect();
    let dag = Dag::from_edges(30, &chain).expect("an acyclic graph");
    let what_if = WhatIf::new(dag, |_| Duration::from_millis(1));
    let makespans = POLICIES.map(|policy| what_if.makespan(2, policy).as_millis());
    assert_eq!(makespans, [20, 15]);
}

#[test]
fn large_graphs_and_many_threads() {
    let nodes = 100_000;
    let edges: Vec<_> = (1..nodes).map(|node| (node / 3, node)).collect();
    let dag = Dag::from_edges(nodes as usize, &edges).expect("a tree");
    let what_if = WhatIf::new(dag, |node| Duration::from_nanos(u64::from(node.get() % 7) * 100));
    for policy in POLICIES {
        let makespans = [1, 2, 16, 1024].map(|threads| what_if.makespan(threads, policy));
        assert!(makespans.is_sorted_by(|fewer, more| fewer > more), "{makespans:?}");
    }
}

#[test]
fn nothing_to_run_and_too_much() {
    let none = WhatIf::new(Dag::from_edges(0, &[]).expect("no nodes"), |_| Duration::MAX);
    assert_eq!((none.makespan(4, SchedulingPolicy::default()), none.parallelism()), (Duration::ZERO, 1.0));
    assert_eq!(none.most_effective(2.0, 4, SchedulingPolicy::default()), None);
    let dag = Dag::from_edges(2, &[(0, 1)]).expect("a pair");
    let much = WhatIf::new(dag, |_| Duration::MAX);
    assert_eq!(much.makespan(1, SchedulingPolicy::default()), Duration::from_nanos(u64::MAX));
}

#[test]
fn twice_as_fast_takes_half() {
    let dag = Dag::from_edges(3, &[(0, 1)]).expect("a valid graph");
    let what_if = WhatIf::new(&dag, |node| Duration::from_millis(6 + u64::from(node.get())));
    assert!((what_if.parallelism() - 21.0 / 13.0).abs() < 1e-9);
    let faster = what_if.faster(NodeId::new(0), 2.0);
    assert_eq!((faster.span(), what_if.span()), (Duration::from_millis(10), Duration::from_millis(13)));
    assert_eq!(faster.makespan(1, SchedulingPolicy::default()), Duration::from_millis(18));
}
