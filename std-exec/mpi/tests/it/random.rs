//! Random graphs, owners, delays and failures, against a serial oracle.

use crate::asynchronous::polls;
use crate::simulate;
use dgraph_mpi::{
    DistributedBuilder, DistributedDeclared, DistributedName, DistributedNode, DistributedRunError,
    FailurePolicy, Network, Owners, RankOptions, Values,
};
use dgraph_tests::splitmix::SplitMix64;

#[derive(Clone)]
struct Case {
    ranks: usize,
    sources: Vec<Vec<usize>>,
    /// What each node only comes after.
    after: Vec<Vec<usize>>,
    /// Which nodes are futures, of so many polls.
    polls: Vec<Option<u32>>,
    /// Which nodes are declared before all others, and defined at the end.
    declared: Vec<bool>,
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
        let mut edges = |most| {
            let mut lower = |node| {
                let count = if node == 0 { 0 } else { random.below(most) };
                (0..count).map(|_| random.below(node) as usize).collect()
            };
            (0..nodes).map(&mut lower).collect()
        };
        let (sources, after) = (edges(4), edges(3));
        Self {
            ranks,
            sources,
            after,
            polls: (0..nodes).map(|_| Some(random.below(12)).filter(|&polls| polls < 3)).collect(),
            declared: (0..nodes).map(|_| random.below(5) == 0).collect(),
            owners: (0..nodes).map(|_| random.below(u32::try_from(ranks).unwrap()) as usize).collect(),
            fails: (0..nodes).map(|_| odds > 0 && random.below(odds) == 0).collect(),
            policy: if random.below(2) == 0 { FailurePolicy::FailFast } else { FailurePolicy::KeepGoing },
        }
    }

    /// Adds the nodes to `graph`. Their handles, and who owns those by the graph's numbers.
    fn describe(&self, graph: &mut DistributedBuilder<'_>) -> (Vec<DistributedNode<u64>>, Vec<usize>) {
        let ahead = |node: usize| self.declared[node].then(|| graph.declare::<u64>(node.to_string()));
        let mut declared: Vec<_> = (0..self.sources.len()).map(ahead).collect();
        let mut nodes: Vec<Option<DistributedNode<u64>>> =
            declared.iter().map(|declared| declared.as_ref().map(DistributedDeclared::node)).collect();
        let (first, last): (Vec<_>, Vec<_>) = (0..nodes.len()).partition(|&node| !self.declared[node]);
        // What depends on a node that is declared, and is never defined before, is defined all the same.
        for node in first.into_iter().chain(last.into_iter().rev()) {
            let listed = self.sources[node].iter().map(|&source| nodes[source].unwrap()).collect();
            let added = match declared[node].take() {
                Some(declared) => self.add(graph, declared, node, listed),
                None => self.add(graph, node.to_string(), node, listed),
            };
            nodes[node] = Some(added);
        }
        for (node, after) in self.after.iter().enumerate() {
            let after: Vec<_> = after.iter().map(|&before| nodes[before].unwrap()).collect();
            graph.after(nodes[node].unwrap(), after);
        }
        let nodes: Vec<_> = nodes.into_iter().map(Option::unwrap).collect();
        let mut owners = vec![0; nodes.len()];
        nodes.iter().zip(&self.owners).for_each(|(node, &owner)| owners[node.index()] = owner);
        (nodes, owners)
    }

    fn add(
        &self,
        graph: &mut DistributedBuilder<'_>,
        name: impl DistributedName<u64>,
        node: usize,
        listed: Vec<DistributedNode<u64>>,
    ) -> DistributedNode<u64> {
        let fails = self.fails[node];
        let give = move |fed: Values<'_, u64>| {
            if fails { Err("as it was told") } else { Ok(combine(node, fed.iter().copied())) }
        };
        match self.polls[node] {
            None => graph.try_node(name, listed, give),
            Some(times) => graph.try_async_node(name, listed, move |fed: Values<'_, u64>| {
                let given = give(fed);
                async move {
                    polls(times).await;
                    given
                }
            }),
        }
    }

    /// What each node gives if everything goes on as far as it can.
    fn oracle(&self) -> Vec<Option<u64>> {
        let mut values: Vec<Option<u64>> = Vec::new();
        for (node, sources) in self.sources.iter().enumerate() {
            let fed: Option<Vec<u64>> = sources.iter().map(|&source| values[source]).collect();
            let runs = !self.fails[node] && self.after[node].iter().all(|&before| values[before].is_some());
            values.push(fed.filter(|_| runs).map(|fed| combine(node, fed)));
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
            let (nodes, owners) = case.describe(&mut graph);
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
                            let node = nodes.iter().position(|known| known.index() == node).unwrap();
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
