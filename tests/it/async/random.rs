//! Random graphs of async and ordinary nodes against a naive serial oracle: who yields, waits for another
//! node, fails, moves its result, and how the run ends.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{
    CancelToken, Declared, FailurePolicy, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions, Values,
};
use dgraph_tests::oracle;
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;

/// What a node does before it gives its value.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    /// Lets others go on, so many times.
    Yields(u32),
    /// Waits for the gate with this number.
    Waits(usize),
}

#[derive(Clone, Debug)]
struct Plan {
    edges: Vec<(u32, u32)>,
    kinds: Vec<Kind>,
    /// The gates that each node opens, when it has run, or fails.
    opens: Vec<Vec<usize>>,
    fails: BTreeSet<u32>,
    limited: BTreeSet<u32>,
}

fn plans() -> impl Strategy<Value = Plan> {
    (1..40_u32, 0..4_u32, any::<u64>(), 0..5_u32).prop_map(|(nodes, density, seed, failures)| {
        let mut random = SplitMix64::new(seed);
        let edges = random_shape(&mut random, nodes, density);
        let kinds: Vec<_> = (0..nodes)
            .map(|_| match random.below(4) {
                0 => Kind::Plain,
                _ => Kind::Yields(random.below(4)),
            })
            .collect();
        let fails = (0..failures).map(|_| random.below(nodes)).collect();
        let limited = (0..nodes).filter(|_| random.below(5) == 0).collect();
        let mut plan = Plan { edges, kinds, opens: vec![Vec::new(); nodes as usize], fails, limited };
        // Some wait for a node that runs whatever they do: one without predecessors that doesn't wait itself.
        let roots: Vec<u32> = (0..nodes).filter(|&node| plan.edges.iter().all(|&(_, v)| v != node)).collect();
        let opener = roots[random.below(u32::try_from(roots.len()).expect("few")) as usize];
        plan.limited.remove(&opener);
        for node in (0..nodes).filter(|&node| node != opener) {
            if random.below(5) == 0 {
                plan.kinds[node as usize] = Kind::Waits(node as usize);
                plan.opens[opener as usize].push(node as usize);
            }
        }
        plan
    })
}

impl Plan {
    fn nodes(&self) -> u32 {
        u32::try_from(self.kinds.len()).expect("few")
    }

    fn before(&self) -> Predecessors {
        Predecessors::new(self.kinds.len(), &self.edges)
    }

    /// The value of `node`, or its failure.
    fn result(&self, node: u32, fed: &Values<'_, u64>) -> Result<u64, &'static str> {
        if self.fails.contains(&node) {
            Err("planned")
        } else {
            Ok(oracle::value(node as usize, fed.iter().copied()))
        }
    }

    fn build<'e>(&'e self, gates: &'e [Gate]) -> (Graph<'e>, Vec<Node<u64>>) {
        let mut graph = GraphBuilder::new();
        let declared: Vec<_> =
            (0..self.nodes()).map(|node| graph.declare::<u64>(format!("n{node}"))).collect();
        let nodes: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
        let (two, before) = (graph.limit(2), self.before());
        for (node, declared) in (0..).zip(declared) {
            let at = node as usize;
            let dependencies: Vec<_> = before.of(at).iter().map(|&before| nodes[before as usize]).collect();
            let open = move || self.opens[at].iter().for_each(|&gate| gates[gate].open());
            let node = match self.kinds[at] {
                Kind::Plain => graph.try_node(declared, dependencies, move |fed: Values<'_, u64>| {
                    open();
                    self.result(node, &fed)
                }),
                Kind::Yields(times) => {
                    graph.try_async_node(declared, dependencies, move |fed: Values<'_, u64>| {
                        let result = self.result(node, &fed);
                        async move {
                            yields(times).await;
                            open();
                            result
                        }
                    })
                }
                Kind::Waits(gate) => {
                    graph.try_async_node(declared, dependencies, move |fed: Values<'_, u64>| {
                        let result = self.result(node, &fed);
                        async move {
                            gates[gate].wait().await;
                            result
                        }
                    })
                }
            };
            if self.limited.contains(&(at as u32)) {
                graph.limited(node, two);
            }
        }
        (graph.build().expect("an acyclic graph"), nodes)
    }

    fn values(&self) -> Vec<Option<u64>> {
        let before = self.before();
        oracle::values(self.kinds.len(), &before, &before, &self.fails)
    }
}

/// KeepGoing: everybody has the oracle's value, or fails, or is skipped.
fn keep_going(runner: &Runner, plan: &Plan) {
    let gates: Vec<Gate> = plan.kinds.iter().map(|_| Gate::default()).collect();
    let (mut graph, nodes) = plan.build(&gates);
    let values = plan.values();
    for _ in 0..3 {
        gates.iter().for_each(Gate::shut);
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let ended = runner.typed_with(&mut graph, &options).map(|_| ());
        assert_eq!(ended.is_ok(), plan.fails.is_empty());
        let results = graph.results();
        for (node, &handle) in nodes.iter().enumerate() {
            match results.get(handle) {
                Ok(value) => assert_eq!(Some(*value), values[node]),
                Err(NoResult::Failed) => assert!(plan.fails.contains(&u32::try_from(node).expect("few"))),
                Err(NoResult::Skipped { .. }) => assert_eq!(values[node], None),
                Err(other) => panic!("{other}"),
            }
        }
        let absent = values.iter().filter(|value| value.is_none()).count();
        assert_eq!(results.absent_nodes().count(), absent);
    }
    assert!(gates.iter().all(|gate| gate.polls() <= 2 * 3));
}

/// FailFast, and then without the failures: who has a value has the oracle's.
fn fail_fast(runner: &Runner, plan: &Plan) {
    let gates: Vec<Gate> = plan.kinds.iter().map(|_| Gate::default()).collect();
    let (mut graph, nodes) = plan.build(&gates);
    let values = plan.values();
    let ended = runner.typed_with(&mut graph, &RunOptions::new()).map(|_| ());
    assert_eq!(ended.is_ok(), plan.fails.is_empty());
    let results = graph.results();
    for (&node, value) in nodes.iter().zip(values) {
        assert!(results.get(node).map_or(true, |&found| Some(found) == value));
    }
}

/// Polled by hand, so many times, with one more gate open each time; then dropped or cancelled; then to the
/// end. Whether something waited when it was dropped or cancelled.
fn half_way(plan: &Plan, polls: usize, cancel: bool) -> bool {
    let nobody = vec![Vec::new(); plan.kinds.len()];
    let plan = Plan { fails: BTreeSet::new(), opens: nobody, ..plan.clone() };
    let gates: Vec<Gate> = plan.kinds.iter().map(|_| Gate::default()).collect();
    let (mut graph, nodes) = plan.build(&gates);
    let mut shut = gates.iter().zip(&plan.kinds).filter(|(_, kind)| matches!(kind, Kind::Waits(_)));
    let (token, hand) = (CancelToken::new(), Hand::new());
    let mut run = graph.with(&RunOptions::new().cancel_token(&token)).run_async();
    let ended = (0..polls).any(|_| {
        let ended = hand.poll(&mut run).is_ready();
        shut.next().into_iter().for_each(|(gate, _)| gate.open());
        ended
    });
    let waited = gates.iter().map(|gate| gate.polls() - gate.drops().min(gate.polls())).sum::<usize>() > 0;
    if cancel && !ended {
        token.cancel();
        match hand.poll(&mut run) {
            Poll::Ready(Err(RunError::Cancelled { not_run, interrupted, .. })) => {
                assert!(!not_run.is_empty() || !interrupted.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
    drop(run);
    let begun: usize = gates.iter().map(Gate::polls).sum();
    gates.iter().for_each(Gate::open);
    assert_eq!(gates.iter().map(Gate::polls).sum::<usize>(), begun, "nobody is polled afterwards");
    let results = pollster::block_on(graph.run_async()).expect("no node fails");
    for (&node, value) in nodes.iter().zip(plan.values()) {
        assert_eq!(Some(results[node]), value);
    }
    waited && !ended
}

#[test]
fn runs_are_dropped_and_cancelled_half_way() {
    let waited = AtomicUsize::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 150, ..ProptestConfig::default() });
    let tried = runner.run(&(plans(), 0..6_usize, any::<bool>()), |(plan, polls, cancel)| {
        waited.fetch_add(usize::from(half_way(&plan, polls, cancel)), Relaxed);
        Ok(())
    });
    tried.expect("all go well");
    assert!(waited.into_inner() > 40, "there is hardly anything to be dropped");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn agree_with_the_oracle(plan in plans()) {
        with_all_runners(|runner| {
            keep_going(runner, &plan);
            fail_fast(runner, &plan);
        });
    }
}
