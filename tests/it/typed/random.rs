//! Random typed graphs against a naive serial oracle: results, failures, who is skipped, what a cancel leaves
//! undone.

use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{
    CancelToken, Declared, FailurePolicy, Graph, GraphBuilder, NoResult, Node, NodeId, RunError, RunOptions,
    Values,
};
use dgraph_tests::oracle;
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A random graph with roles: who fails, who cancels, which edges only order.
#[derive(Clone, Debug)]
struct Plan {
    nodes: u32,
    edges: Vec<(u32, u32)>,
    /// Whether each edge feeds, or only orders.
    feeds: Vec<bool>,
    fails: BTreeSet<u32>,
    cancels: Option<u32>,
    /// Demands of order and threads, by this seed; none if there is none.
    demands: Option<u64>,
    /// Runs are shuffled by it.
    shuffle: Option<u64>,
}

fn plans() -> impl Strategy<Value = Plan> {
    (1..60_u32, 0..4_u32, any::<u64>(), 0..8_u32).prop_map(|(nodes, density, seed, failures)| {
        let mut random = SplitMix64::new(seed);
        let edges = random_shape(&mut random, nodes, density);
        let feeds = edges.iter().map(|_| random.below(5) > 0).collect();
        let fails = (0..failures).map(|_| random.below(nodes)).collect();
        let cancels = Some(random.below(nodes));
        let demands = (random.below(2) == 0).then_some(seed);
        let shuffle = (random.below(3) == 0).then_some(seed);
        Plan { nodes, edges, feeds, fails, cancels, demands, shuffle }
    })
}

impl Plan {
    fn fed(&self) -> Predecessors {
        let edges: Vec<_> =
            self.edges.iter().zip(&self.feeds).filter(|(_, feeds)| **feeds).map(|(edge, _)| *edge).collect();
        Predecessors::new(self.nodes as usize, &edges)
    }

    /// All nodes declared first, since edges go against the numbers.
    fn build<'e>(&'e self, token: &'e CancelToken) -> (Graph<'e>, Vec<Node<u64>>) {
        let mut graph = GraphBuilder::new();
        let declared: Vec<_> = (0..self.nodes).map(|node| graph.declare::<u64>(format!("n{node}"))).collect();
        let nodes: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
        let fed = self.fed();
        for (node, declared) in (0..).zip(declared) {
            let dependencies: Vec<_> =
                fed.of(node as usize).iter().map(|&before| nodes[before as usize]).collect();
            graph.try_node(declared, dependencies, move |fed: Values<'_, u64>| {
                if self.cancels == Some(node) {
                    token.cancel();
                }
                if self.fails.contains(&node) {
                    Err("planned")
                } else {
                    Ok(oracle::value(node as usize, fed.iter().copied()))
                }
            });
        }
        for (&(before, node), feeds) in self.edges.iter().zip(&self.feeds) {
            if !feeds {
                graph.after(nodes[node as usize], [nodes[before as usize]]);
            }
        }
        if let Some(seed) = self.demands {
            demand(&mut SplitMix64::new(!seed), &mut graph, &nodes);
        }
        (graph.build().expect("an acyclic graph"), nodes)
    }

    fn options(&self) -> RunOptions {
        self.shuffle.into_iter().fold(RunOptions::new(), RunOptions::shuffle)
    }

    fn values(&self) -> Vec<Option<u64>> {
        let nodes = self.nodes as usize;
        oracle::values(nodes, &self.fed(), &Predecessors::new(nodes, &self.edges), &self.fails)
    }

    /// Naive: the nodes that depend on one of `roots`, directly or not.
    fn descendants(&self, roots: &BTreeSet<u32>) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        loop {
            let reached = |node: &u32| roots.contains(node) || found.contains(node);
            let more: BTreeSet<u32> =
                self.edges.iter().filter(|(u, _)| reached(u)).map(|(_, v)| *v).collect();
            if more.is_subset(&found) {
                return found;
            }
            found.extend(more);
        }
    }
}

/// Random priorities, limits and places. Any executor has a worker 0.
fn demand(random: &mut SplitMix64, graph: &mut GraphBuilder<'_>, nodes: &[Node<u64>]) {
    let limits = [graph.limit(1), graph.limit(2)];
    for &node in nodes {
        match random.below(6) {
            0 => graph.on_caller(node),
            1 => graph.on_worker(node, 0),
            2 => graph.priority(node, 7 - i32::try_from(random.below(15)).expect("small")),
            _ => {}
        }
        limits.iter().filter(|_| random.below(4) == 0).for_each(|&limit| graph.limited(node, limit));
    }
}

fn number(node: NodeId) -> u32 {
    node.get()
}

/// KeepGoing: the failures are those planned that no other failure is before; skipped are exactly their
/// descendants; the others have the oracle's values.
fn keep_going(runner: &Runner, plan: &Plan) {
    let token = CancelToken::new();
    let (mut graph, nodes) = plan.build(&token);
    let values = plan.values();
    for _ in 0..3 {
        let options = plan.options().policy(FailurePolicy::KeepGoing);
        let failed: BTreeSet<u32> = match runner.typed_with(&mut graph, &options) {
            Ok(_) => BTreeSet::new(),
            Err(RunError::Failed(failures)) => {
                failures.iter().map(|failure| number(failure.node().id())).collect()
            }
            Err(other) => panic!("{other}"),
        };
        let behind = plan.descendants(&failed);
        let expected: BTreeSet<u32> = plan.fails.difference(&behind).copied().collect();
        assert_eq!(failed, expected);
        let results = graph.results();
        for (node, handle) in (0..).zip(&nodes) {
            match results.get(*handle) {
                Ok(value) => assert_eq!(Some(*value), values[node as usize]),
                Err(NoResult::Failed) => assert!(failed.contains(&node)),
                Err(NoResult::Skipped { because_of }) => {
                    assert!(behind.contains(&node));
                    let culprit = BTreeSet::from([number(because_of.id())]);
                    assert!(culprit.is_subset(&failed) && plan.descendants(&culprit).contains(&node));
                }
                Err(other) => panic!("{other}"),
            }
            assert_eq!(behind.contains(&node), matches!(results.get(*handle), Err(NoResult::Skipped { .. })));
        }
    }
}

/// FailFast: at least one of the planned failures; whoever has run has the oracle's value; nobody has run
/// behind one.
fn fail_fast(runner: &Runner, plan: &Plan) {
    let token = CancelToken::new();
    let (mut graph, nodes) = plan.build(&token);
    let values = plan.values();
    let ended = runner.typed_with(&mut graph, &plan.options()).map(|_| ());
    assert_eq!(ended.is_ok(), plan.fails.is_empty());
    let results = graph.results();
    for (node, handle) in nodes.iter().enumerate() {
        match results.get(*handle) {
            Ok(value) => assert_eq!(Some(*value), values[node]),
            Err(NoResult::Failed | NoResult::NotRun | NoResult::Skipped { .. }) => assert!(ended.is_err()),
            Err(other) => panic!("{other}"),
        }
    }
}

/// A cancel: what did not run is closed under dependence, and is what the error lists.
fn cancel(runner: &Runner, plan: &Plan) {
    let plan = Plan { fails: BTreeSet::new(), ..plan.clone() };
    let token = CancelToken::new();
    let (mut graph, nodes) = plan.build(&token);
    let values = plan.values();
    let options = plan.options().cancel_token(&token);
    let undone: BTreeSet<u32> = match runner.typed_with(&mut graph, &options) {
        Ok(_) => BTreeSet::new(),
        Err(RunError::Cancelled { not_run, .. }) => not_run.iter().map(|node| number(node.id())).collect(),
        Err(other) => panic!("{other}"),
    };
    let canceller = plan.cancels.into_iter().collect();
    assert!(plan.descendants(&canceller).is_subset(&undone), "they come after the cancel");
    assert!(plan.descendants(&undone).is_subset(&undone), "they come after one that did not run");
    let results = graph.results();
    for (node, handle) in (0..).zip(&nodes) {
        match results.get(*handle) {
            Ok(value) => assert!(!undone.contains(&node) && Some(*value) == values[node as usize]),
            Err(absent) => assert!(undone.contains(&node) && absent == NoResult::NotRun),
        }
    }
}

/// Random targets: exactly what they need has run.
fn targets(runner: &Runner, plan: &Plan) {
    let plan = Plan { fails: BTreeSet::new(), ..plan.clone() };
    let token = CancelToken::new();
    let (mut graph, nodes) = plan.build(&token);
    let values = plan.values();
    let target = plan.cancels.expect("there is one");
    let needed = |node: u32| node == target || plan.descendants(&BTreeSet::from([node])).contains(&target);
    let options = plan.options().only([nodes[target as usize]]);
    let results = runner.typed_with(&mut graph, &options).expect("no node fails");
    for (node, handle) in (0..).zip(&nodes) {
        let expected = if needed(node) {
            Ok(values[node as usize].expect("no failure"))
        } else {
            Err(NoResult::NotNeeded)
        };
        assert_eq!(results.get(*handle).copied(), expected);
    }
    // An update completes what was left out.
    let results = runner.typed_with(&mut graph, &plan.options().update()).expect("no node fails");
    for (handle, value) in nodes.iter().zip(values) {
        assert_eq!(Some(results[*handle]), value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn agree_with_the_oracle(plan in plans()) {
        with_all_runners(|runner| {
            keep_going(runner, &plan);
            fail_fast(runner, &plan);
            cancel(runner, &plan);
            targets(runner, &plan);
        });
    }
}
