//! Random graphs, owners, delays and failures, against a serial oracle.

use crate::simulate;
use dgraph_mpi::{
    DistributedBuilder, DistributedRunError, FailurePolicy, Network, Owners, RankOptions, Values,
};
use dgraph_tests::splitmix::SplitMix64;

#[derive(Clone)]
struct Case {
    ranks: usize,
    sources: Vec<Vec<usize>>,
    owners: Vec<usize>,
    /// Which nodes fail.
    fails: Vec<bool>,
    policy: FailurePolicy,
}

impl Case {
    fn draw(seed: u64) -> Self {
        let mut random = SplitMix64::new(seed);
        let ranks = 1 + random.below(6) as usize;
        let nodes = 1 + random.below(60);
        let odds = [0, 0, 30, 10][random.below(4) as usize];
        let sources = (0..nodes)
            .map(|node| {
                let count = if node == 0 { 0 } else { random.below(4) };
                (0..count).map(|_| random.below(node) as usize).collect()
            })
            .collect();
        Self {
            ranks,
            sources,
            owners: (0..nodes).map(|_| random.below(u32::try_from(ranks).unwrap()) as usize).collect(),
            fails: (0..nodes).map(|_| odds > 0 && random.below(odds) == 0).collect(),
            policy: if random.below(2) == 0 { FailurePolicy::FailFast } else { FailurePolicy::KeepGoing },
        }
    }

    /// What each node gives if everything goes on as far as it can.
    fn oracle(&self) -> Vec<Option<u64>> {
        let mut values: Vec<Option<u64>> = Vec::new();
        for (node, sources) in self.sources.iter().enumerate() {
            let fed: Option<Vec<u64>> = sources.iter().map(|&source| values[source]).collect();
            values.push(fed.filter(|_| !self.fails[node]).map(|fed| combine(node, fed)));
        }
        values
    }
}

fn combine(node: usize, fed: impl IntoIterator<Item = u64>) -> u64 {
    fed.into_iter()
        .fold(node as u64 + 1, |all, one| (all.rotate_left(5) ^ one).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[test]
fn random_graphs_give_what_a_serial_run_gives() {
    for seed in 0..300 {
        let case = Case::draw(seed);
        let (oracle, failing) = (case.oracle(), case.fails.iter().any(|&fails| fails));
        let network = Network::new(case.ranks).delays(seed, 25);
        simulate(network, seed, async |mut link| {
            let mut graph = DistributedBuilder::new();
            let mut nodes = Vec::new();
            for (node, sources) in case.sources.iter().enumerate() {
                let listed: Vec<_> = sources.iter().map(|&source| nodes[source]).collect();
                let fails = case.fails[node];
                nodes.push(graph.try_node(node.to_string(), listed, move |fed: Values<'_, u64>| {
                    if fails { Err("as it was told") } else { Ok(combine(node, fed.iter().copied())) }
                }));
            }
            let owners = case.owners.clone();
            let mut graph =
                graph.build_async(&mut link, &Owners::by(move |node| owners[node])).await.unwrap();
            for round in 0..3 {
                let outcome =
                    graph.with(&RankOptions::new().policy(case.policy)).run_async(&mut link).await.map(drop);
                match &outcome {
                    Ok(()) => assert!(!failing),
                    Err(DistributedRunError::Faults(faults)) => {
                        assert!(failing);
                        for fault in faults.first() {
                            let node = fault.node().expect("nothing else goes wrong");
                            assert!(case.fails[node] && case.owners[node] == fault.rank());
                        }
                    }
                    Err(other) => panic!("{other}"),
                }
                let results = graph.results();
                for (node, wanted) in oracle.iter().enumerate() {
                    if case.owners[node] != results.rank() {
                        continue;
                    }
                    let got = results.get(nodes[node]).ok().copied();
                    if case.policy == FailurePolicy::KeepGoing || !failing {
                        assert_eq!(got, *wanted, "seed {seed}, round {round}, node {node}");
                    } else {
                        assert!(got.is_none() || got == *wanted, "seed {seed}, round {round}, node {node}");
                    }
                }
            }
        });
    }
}
