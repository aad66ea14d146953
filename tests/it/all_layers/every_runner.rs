//! Graphs of extreme shapes: every runner of every kind of graph gives what a naive oracle does.

use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{Dag, Declared, GraphBuilder, KeyedGraph, Node, Values};
use dgraph_tests::oracle;
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

#[derive(Clone, Debug)]
struct Plan {
    nodes: usize,
    edges: Vec<(u32, u32)>,
}

fn plans() -> impl Strategy<Value = Plan> {
    (0..120_u32, 0..5_u32, any::<u64>()).prop_map(|(nodes, density, seed)| Plan {
        nodes: nodes as usize,
        edges: random_shape(&mut SplitMix64::new(seed), nodes, density),
    })
}

impl Plan {
    fn values(&self) -> Vec<u64> {
        let before = Predecessors::new(self.nodes, &self.edges);
        oracle::values(self.nodes, &before, &before, &BTreeSet::new()).into_iter().flatten().collect()
    }

    /// The order in which nodes end is one of the graph.
    fn bare(&self, runner: &Runner) {
        let dag = Dag::from_edges(self.nodes, &self.edges).expect("an acyclic graph");
        for _ in 0..3 {
            let order = Mutex::new(Vec::new());
            runner.dag(&dag, |node| order.lock().expect("no panic").push(node.get()));
            let order = order.into_inner().expect("no panic");
            assert_eq!(oracle::check_order(self.nodes, &self.edges, &order), Ok(()));
        }
    }

    /// Each node makes its item from those before it.
    fn each(&self, runner: &Runner) {
        let dag = Dag::from_edges(self.nodes, &self.edges).expect("an acyclic graph");
        let mut before = Predecessors::new(self.nodes, &self.edges).lists();
        before.iter_mut().for_each(|before| before.sort_unstable());
        let mut expected = Vec::new();
        expected.resize(self.nodes, None);
        for node in dag.view().order().iter().map(|node| node.index()) {
            let values =
                before[node].iter().map(|&before| expected[before as usize].expect("it comes before"));
            expected[node] = Some(oracle::value(node, values));
        }
        for _ in 0..3 {
            let mut items = vec![None; self.nodes];
            runner.each(&dag, &mut items, |node, own, fed| {
                assert!(fed.iter().map(|(node, _)| node.get()).eq(before[node.index()].iter().copied()));
                let values = fed.iter().map(|(_, item)| item.expect("it comes before"));
                *own = Some(oracle::value(node.index(), values));
            });
            assert_eq!(items, expected);
        }
    }

    fn keyed(&self, runner: &Runner) {
        let before = Predecessors::new(self.nodes, &self.edges);
        let mut builder = KeyedGraph::builder();
        for node in 0..self.nodes {
            let dependencies = before.of(node).iter().map(|&before| before as usize);
            builder = builder.task(node, dependencies, move |args| oracle::value(node, args.iter().copied()));
        }
        let mut graph = builder.build().expect("an acyclic graph");
        for _ in 0..3 {
            let results = runner.dictionary(&mut graph);
            assert!((0..).zip(self.values()).all(|(node, value)| results[&node] == value));
        }
    }

    /// One node in three is a future, which waits up to twice. Each node is called once a run.
    fn typed(&self, runner: &Runner, waits: bool) {
        let before = Predecessors::new(self.nodes, &self.edges);
        let calls: Arc<[AtomicUsize]> = (0..self.nodes).map(|_| AtomicUsize::new(0)).collect();
        let mut graph = GraphBuilder::new();
        let declared: Vec<_> = (0..self.nodes).map(|_| graph.declare::<u64>("")).collect();
        let nodes: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
        for (node, declared) in declared.into_iter().enumerate() {
            let dependencies: Vec<_> = before.of(node).iter().map(|&before| nodes[before as usize]).collect();
            let calls = Arc::clone(&calls);
            let body = move |fed: Values<'_, u64>| {
                calls[node].fetch_add(1, Relaxed);
                oracle::value(node, fed.iter().copied())
            };
            if waits && node % 3 == 0 {
                graph.async_node(declared, dependencies, move |fed: Values<'_, u64>| {
                    let value = body(fed);
                    async move {
                        yields(value as u32 % 3).await;
                        value
                    }
                });
            } else {
                graph.node(declared, dependencies, body);
            }
        }
        let mut graph = graph.build().expect("an acyclic graph");
        for run in 1..=3 {
            let results = runner.typed(&mut graph);
            let given: Vec<_> = nodes.iter().map(|&node| results.get(node).copied()).collect();
            let called: Vec<_> = calls.iter().map(|calls| calls.load(Relaxed)).collect();
            let expected = self.values().into_iter().map(Ok).collect::<Vec<_>>();
            assert_eq!(
                (given, called),
                (expected, vec![run; self.nodes]),
                "{runner:?}, with futures: {waits}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_oracle(plan in plans()) {
        with_all_runners(|runner| {
            plan.bare(runner);
            plan.each(runner);
            plan.keyed(runner);
            plan.typed(runner, false);
            plan.typed(runner, true);
        });
    }
}
