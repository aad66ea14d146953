//! Random graphs of branches against a naive oracle: what each node comes to, and that under `FailFast` what
//! lasts comes to the same as if nothing had stopped.

use crate::support::fate::Fate;
use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{
    Declared, EndBranch, FailurePolicy, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions, Values,
};
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::error::Error;

/// What an edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Feeds,
    Orders,
    Outcome,
    Always,
    /// The node runs only if that one gives the flag that is planned for it, or only if it doesn't.
    Condition(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Gives,
    Fails,
    Ends,
}

#[derive(Clone, Debug)]
struct Plan {
    nodes: usize,
    edges: Vec<(usize, usize, Edge)>,
    roles: Vec<Role>,
    flags: Vec<bool>,
    /// Which nodes give futures.
    futures: Vec<bool>,
    /// Runs are shuffled by it.
    shuffle: Option<u64>,
}

fn value(node: usize, fed: impl Iterator<Item = u64>) -> u64 {
    fed.fold(node as u64 + 100, |sum, fed| sum.wrapping_mul(31).wrapping_add(fed))
}

fn plans() -> impl Strategy<Value = Plan> {
    (1..40_u32, 0..4_u32, any::<u64>()).prop_map(|(nodes, density, seed)| {
        let mut random = SplitMix64::new(seed);
        let (fails, ends, some_futures) = (random.below(4), random.below(4), random.below(2) == 0);
        let mut edges: Vec<_> = random_shape(&mut random, nodes, density)
            .into_iter()
            .map(|(from, to)| {
                let edge = match random.below(10) {
                    0..=3 => Edge::Feeds,
                    4 => Edge::Orders,
                    5 | 6 => Edge::Outcome,
                    7 => Edge::Always,
                    _ => Edge::Condition(random.below(2) == 0),
                };
                (from as usize, to as usize, edge)
            })
            .collect();
        let nodes = nodes as usize;
        // A node is fed a list, or two outcomes at most.
        for node in 0..nodes {
            let mut outcomes = 0;
            let fed = edges.iter().any(|&(_, to, edge)| to == node && edge == Edge::Feeds);
            for (_, _, edge) in edges.iter_mut().filter(|(_, to, edge)| *to == node && *edge == Edge::Outcome)
            {
                outcomes += 1;
                if fed || outcomes > 2 {
                    *edge = Edge::Always;
                }
            }
        }
        let role = |random: &mut SplitMix64| match random.below(20) {
            role if role < fails => Role::Fails,
            role if role < fails + ends => Role::Ends,
            _ => Role::Gives,
        };
        let roles = (0..nodes).map(|_| role(&mut random)).collect();
        let flags = (0..nodes).map(|_| random.below(3) > 0).collect();
        let futures = (0..nodes).map(|_| some_futures && random.below(3) == 0).collect();
        let shuffle = (random.below(3) == 0).then_some(seed);
        Plan { nodes, edges, roles, flags, futures, shuffle }
    })
}

impl Plan {
    fn before(&self, node: usize) -> impl Iterator<Item = (usize, Edge)> {
        self.edges.iter().filter(move |(_, to, _)| *to == node).map(|&(from, _, edge)| (from, edge))
    }

    fn those(&self, node: usize, wanted: Edge) -> Vec<usize> {
        self.before(node).filter(|(_, edge)| *edge == wanted).map(|(from, _)| from).collect()
    }

    /// Naive: each node when all before it are there.
    fn fates(&self) -> Vec<Fate> {
        let mut fates: Vec<Option<Fate>> = vec![None; self.nodes];
        while fates.contains(&None) {
            for node in 0..self.nodes {
                if fates[node].is_none() && self.before(node).all(|(before, _)| fates[before].is_some()) {
                    fates[node] = Some(self.fate(node, |before| fates[before].expect("it is there")));
                }
            }
        }
        fates.into_iter().flatten().collect()
    }

    fn fate(&self, node: usize, fate: impl Fn(usize) -> Fate) -> Fate {
        let needed = || self.before(node).filter(|(_, edge)| !matches!(edge, Edge::Outcome | Edge::Always));
        if needed().any(|(before, _)| matches!(fate(before), Fate::Failed | Fate::Skipped)) {
            return Fate::Skipped;
        }
        let unchosen = |(before, edge)| {
            let ended = matches!(fate(before), Fate::Ended | Fate::NotChosen);
            ended || matches!(edge, Edge::Condition(wanted) if wanted != self.flags[before])
        };
        if needed().any(unchosen) {
            return Fate::NotChosen;
        }
        let fed = self.those(node, Edge::Feeds).into_iter().chain(self.those(node, Edge::Outcome));
        match self.roles[node] {
            Role::Fails => Fate::Failed,
            Role::Ends => Fate::Ended,
            Role::Gives => Fate::Value(value(node, fed.map(|before| fate(before).told()))),
        }
    }

    /// Naive: those that depend on something in any case, and what these need.
    fn lasting(&self) -> Vec<bool> {
        let any = |edge| matches!(edge, Edge::Outcome | Edge::Always);
        let mut lasting: Vec<_> =
            (0..self.nodes).map(|node| self.before(node).any(|(_, edge)| any(edge))).collect();
        for _ in 0..self.nodes {
            for &(from, to, edge) in &self.edges {
                lasting[from] |= lasting[to] && !any(edge);
            }
        }
        lasting
    }

    fn build(&self) -> (Graph<'_>, Vec<Node<u64>>) {
        let mut graph = GraphBuilder::new();
        let declared: Vec<_> = (0..self.nodes).map(|node| graph.declare::<u64>(format!("n{node}"))).collect();
        let nodes: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
        for (node, declared) in declared.into_iter().enumerate() {
            let of =
                |edge| self.those(node, edge).into_iter().map(|before| nodes[before]).collect::<Vec<_>>();
            let (fed, outcomes) = (of(Edge::Feeds), of(Edge::Outcome));
            type Told<'a> = Result<&'a u64, NoResult>;
            let told = |told: Told<'_>| Fate::of(&told.copied()).map_or(0, Fate::told);
            match (&outcomes[..], self.futures[node]) {
                ([], false) => graph.try_node(declared, fed, move |fed: Values<'_, u64>| {
                    self.give(node, fed.iter().copied())
                }),
                ([], true) => graph.try_async_node(declared, fed, move |fed: Values<'_, u64>| {
                    let fed: Vec<u64> = fed.iter().copied().collect();
                    async move {
                        yields(2).await;
                        self.give(node, fed.into_iter())
                    }
                }),
                ([a], _) => graph.try_node(declared, a.outcome(), move |a: Told<'_>| {
                    self.give(node, [told(a)].into_iter())
                }),
                ([a, b, ..], _) => {
                    graph.try_node(declared, (a.outcome(), b.outcome()), move |a: Told<'_>, b: Told<'_>| {
                        self.give(node, [told(a), told(b)].into_iter())
                    })
                }
            };
        }
        let flags: Vec<_> = nodes
            .iter()
            .zip(&self.flags)
            .map(|(&node, &flag)| graph.node("flag", node, move |_: &u64| flag))
            .collect();
        for &(from, to, edge) in &self.edges {
            match edge {
                Edge::Orders => graph.after(nodes[to], nodes[from]),
                Edge::Always => graph.always_after(nodes[to], nodes[from]),
                Edge::Condition(true) => graph.only_if(nodes[to], flags[from]),
                Edge::Condition(false) => graph.unless(nodes[to], flags[from]),
                Edge::Feeds | Edge::Outcome => {}
            }
        }
        (graph.build().expect("an acyclic graph"), nodes)
    }

    fn give(&self, node: usize, fed: impl Iterator<Item = u64>) -> Result<u64, Box<dyn Error + Send + Sync>> {
        match self.roles[node] {
            Role::Fails => Err("planned".into()),
            Role::Ends => Err(EndBranch.into()),
            Role::Gives => Ok(value(node, fed)),
        }
    }
}

fn check(runner: &Runner, plan: &Plan) {
    let (mut graph, nodes) = plan.build();
    let (fates, lasting) = (plan.fates(), plan.lasting());
    let fails = fates.contains(&Fate::Failed);
    for run in 0..4 {
        let options = plan.shuffle.into_iter().fold(RunOptions::new(), RunOptions::shuffle);
        let keep_going = run % 2 == 0;
        let policy = if keep_going { FailurePolicy::KeepGoing } else { FailurePolicy::FailFast };
        match runner.typed_with(&mut graph, &options.policy(policy)).map(drop) {
            Ok(()) => assert!(!fails),
            Err(RunError::Failed(failures)) => assert!(fails && !failures.is_empty()),
            Err(other) => panic!("{other}"),
        }
        for (node, handle) in nodes.iter().enumerate() {
            match Fate::of(&graph.results().get(*handle).copied()) {
                Some(fate) if keep_going || !fails => assert_eq!(fate, fates[node], "node {node}"),
                // What it was told may differ.
                Some(Fate::Value(_)) => assert!(matches!(fates[node], Fate::Value(_)), "node {node}"),
                Some(fate) => assert_eq!(fate, fates[node], "node {node}"),
                None => assert!(fails && !keep_going && !lasting[node], "node {node} did not run"),
            }
        }
    }
    // Nothing is out of date, or fails again.
    if !fails {
        let update = RunOptions::new().update();
        let results = runner.typed_with(&mut graph, &update).expect("nothing fails");
        for (node, handle) in nodes.iter().enumerate() {
            assert_eq!(Fate::of(&results.get(*handle).copied()), Some(fates[node]), "node {node}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn agree_with_the_oracle(plan in plans()) {
        with_all_runners(|runner| check(runner, &plan));
    }
}
