//! Random graphs with states against a naive oracle, which runs the nodes one by one in the order of their
//! definition.

use super::watch::Watch;
use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{
    Declared, FailurePolicy, Graph, GraphBuilder, Input, NoResult, Node, RunError, RunOptions, State,
};
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
    Commute,
}

/// A node, as it is defined.
#[derive(Clone, Debug)]
struct Spec {
    /// Two states at most, each once.
    uses: Vec<(usize, Mode)>,
    /// A node before it that feeds it; otherwise an input does.
    fed: Option<usize>,
    after: Option<usize>,
    fails: bool,
    /// Lets others go first so many times, while it has the states.
    waits: Option<u32>,
}

#[derive(Clone, Debug)]
struct Plan {
    nodes: Vec<Spec>,
    states: usize,
    /// The order in which nodes are declared, long before they are defined.
    declared: Vec<usize>,
    /// The first node at each state writes to it, and doesn't care what was there.
    overwrites: bool,
}

const INPUTS: usize = 2;

fn plans(overwrites: bool) -> impl Strategy<Value = Plan> {
    (1..40_u32, 1..5_u32, any::<u64>()).prop_map(move |(nodes, states, seed)| {
        let random = &mut SplitMix64::new(seed);
        let (failing, waiting, commuting) = (random.below(2), random.below(2), random.below(3));
        let earlier = |random: &mut SplitMix64, node| {
            (node > 0 && random.below(3) == 0).then(|| random.below(node) as usize)
        };
        let specs = (0..nodes).map(|node| {
            let mut uses: Vec<(usize, Mode)> = Vec::new();
            for _ in 0..random.below(3) {
                let state = random.below(states) as usize;
                let mode = match random.below(6) {
                    0..=2 => Mode::Read,
                    3 => Mode::Write,
                    _ if commuting > 0 => Mode::Commute,
                    _ => Mode::Write,
                };
                if uses.iter().all(|(other, _)| *other != state) {
                    uses.push((state, mode));
                }
            }
            Spec {
                uses,
                fed: earlier(random, node),
                after: earlier(random, node),
                fails: !overwrites && failing > 0 && random.below(12) == 0,
                waits: (waiting > 0 && random.below(3) == 0).then(|| random.below(3)),
            }
        });
        let mut plan =
            Plan { nodes: specs.collect(), states: states as usize, declared: Vec::new(), overwrites };
        plan.declared = (0..plan.nodes.len()).collect();
        if random.below(2) == 0 {
            (1..plan.declared.len())
                .for_each(|at| plan.declared.swap(at, random.below(at as u32 + 1) as usize));
        }
        if overwrites {
            for state in 0..plan.states {
                let mut uses = plan.nodes.iter_mut().flat_map(|node| &mut node.uses);
                if let Some((_, mode)) = uses.find(|(used, _)| *used == state) {
                    *mode = Mode::Write;
                }
            }
        }
        plan
    })
}

/// What a node is given of a state.
enum Given<'s> {
    Nothing,
    Shared(&'s u64),
    Own(&'s mut u64),
}

impl<'s> From<&'s ()> for Given<'s> {
    fn from((): &'s ()) -> Self {
        Given::Nothing
    }
}

impl<'s> From<&'s u64> for Given<'s> {
    fn from(state: &'s u64) -> Self {
        Given::Shared(state)
    }
}

impl<'s> From<&'s mut u64> for Given<'s> {
    fn from(state: &'s mut u64) -> Self {
        Given::Own(state)
    }
}

/// What a node does, whoever runs it.
struct Body<'p> {
    plan: &'p Plan,
    node: usize,
    watches: &'p [Watch],
}

impl Body<'_> {
    /// Whether the node is the first that uses this state of all that do.
    fn overwrites(&self, state: usize) -> bool {
        let uses = |node: &Spec| node.uses.iter().any(|(used, _)| *used == state);
        self.plan.overwrites && !self.plan.nodes[..self.node].iter().any(uses)
    }

    fn run(&self, fed: u64, given: [Given<'_>; 2]) -> Result<u64, &'static str> {
        let spec = &self.plan.nodes[self.node];
        let number = self.node as u64 + 1;
        let mix = |a: u64, b: u64| a.wrapping_mul(31).wrapping_add(b);
        let mut result = mix(number, fed);
        for (&(state, mode), given) in spec.uses.iter().zip(given) {
            match (given, mode) {
                (Given::Shared(value), Mode::Read) => result = mix(result, *value),
                (Given::Own(value), Mode::Write) => {
                    if !self.overwrites(state) {
                        result = mix(result, *value);
                    }
                    *value = mix(result, number);
                }
                (Given::Own(value), Mode::Commute) => *value = value.wrapping_add(mix(number * 7, fed)),
                _ => panic!("given something else than it uses"),
            }
        }
        if spec.fails { Err("planned") } else { Ok(result) }
    }

    /// Holds what it is given for a while.
    async fn wait(&self, fed: u64, given: [Given<'_>; 2]) -> Result<u64, &'static str> {
        let _present = self.present();
        yields(self.plan.nodes[self.node].waits.unwrap_or(0)).await;
        self.run(fed, given)
    }

    /// Says for all states that the node is there, until what this gives is dropped.
    fn present(&self) -> impl Send + use<'_> {
        let all = self.plan.nodes[self.node].uses.iter().map(|&(state, mode)| match mode {
            Mode::Read => (Some(self.watches[state].read()), None),
            Mode::Write | Mode::Commute => (None, Some(self.watches[state].change())),
        });
        all.collect::<Vec<_>>()
    }
}

struct Built<'p> {
    graph: Graph<'p>,
    nodes: Vec<Node<u64>>,
    inputs: [Input<u64>; INPUTS],
    states: Vec<State<u64>>,
}

/// Defines a node that uses these two.
macro_rules! define {
    ($graph:ident, $node:expr, $fed:expr, $body:ident, $waits:expr, $x:expr => $X:ty, $y:expr => $Y:ty) => {
        if $waits {
            let run = async |fed: &u64, x: $X, y: $Y| $body.wait(*fed, [x.into(), y.into()]).await;
            $graph.try_async_node($node, ($fed, $x, $y), run)
        } else {
            $graph.try_node($node, ($fed, $x, $y), move |fed: &u64, x: $X, y: $Y| {
                let _present = $body.present();
                $body.run(*fed, [x.into(), y.into()])
            })
        }
    };
    ($graph:ident, $node:expr, $fed:expr, $body:ident, $waits:expr, $x:expr => $X:ty, $nothing:ident, $y:expr) => {
        match $y {
            None => define!($graph, $node, $fed, $body, $waits, $x => $X, $nothing => &()),
            Some((state, Mode::Read)) => define!($graph, $node, $fed, $body, $waits, $x => $X, state.read() => &u64),
            Some((state, Mode::Write)) => {
                define!($graph, $node, $fed, $body, $waits, $x => $X, state.write() => &mut u64)
            }
            Some((state, Mode::Commute)) => {
                define!($graph, $node, $fed, $body, $waits, $x => $X, state.commute() => &mut u64)
            }
        }
    };
}

impl Plan {
    fn bodies<'p>(&'p self, watches: &'p [Watch]) -> Vec<Body<'p>> {
        (0..self.nodes.len()).map(|node| Body { plan: self, node, watches }).collect()
    }

    fn build<'p>(&'p self, bodies: &'p [Body<'p>]) -> Built<'p> {
        let mut graph = GraphBuilder::new();
        let inputs = [0, 1].map(|number| graph.input(format!("input {number}")));
        let nothing = graph.node("nothing", (), || ());
        let states: Vec<_> = (0..self.states).map(|state| graph.state(format!("s{state}"), 1_u64)).collect();
        let mut nodes = vec![inputs[0].node(); self.nodes.len()];
        let mut declared: Vec<Option<Declared<u64>>> = self.nodes.iter().map(|_| None).collect();
        for &number in &self.declared {
            let ahead = graph.declare(format!("n{number}"));
            nodes[number] = ahead.node();
            declared[number] = Some(ahead);
        }
        for (number, (spec, body)) in self.nodes.iter().zip(bodies).enumerate() {
            let node = declared[number].take().expect("each is declared");
            let waits = spec.waits.is_some();
            let fed = spec.fed.map_or(inputs[number % INPUTS].node(), |fed| nodes[fed]);
            let mut uses = spec.uses.iter().map(|&(state, mode)| (states[state], mode));
            let node = match (uses.next(), uses.next()) {
                (None, y) => define!(graph, node, fed, body, waits, nothing => &(), nothing, y),
                (Some((state, Mode::Read)), y) => {
                    define!(graph, node, fed, body, waits, state.read() => &u64, nothing, y)
                }
                (Some((state, Mode::Write)), y) => {
                    define!(graph, node, fed, body, waits, state.write() => &mut u64, nothing, y)
                }
                (Some((state, Mode::Commute)), y) => {
                    define!(graph, node, fed, body, waits, state.commute() => &mut u64, nothing, y)
                }
            };
            if let Some(before) = spec.after {
                graph.after(node, nodes[before]);
            }
        }
        Built { graph: graph.build().expect("all go on"), nodes, inputs, states }
    }
}

/// Naive: who has to have gone well before each node.
fn needs(plan: &Plan) -> Vec<BTreeSet<usize>> {
    let of = |node: usize| {
        let spec = &plan.nodes[node];
        let mut needed: BTreeSet<usize> = spec.fed.into_iter().chain(spec.after).collect();
        for (state, mode) in &spec.uses {
            // The accesses before it, the last one first.
            let mut before = (0..node).rev().filter_map(|before| {
                let found = plan.nodes[before].uses.iter().find(|(used, _)| used == state);
                found.map(|(_, mode)| (before, *mode))
            });
            let mut together = *mode == Mode::Commute;
            let mut phase = None;
            for (before, how) in before.by_ref() {
                together &= how == Mode::Commute;
                match (how, phase) {
                    _ if together => {} // it commutes with it
                    (Mode::Read, None) => {}
                    (Mode::Write, None) => {
                        needed.insert(before);
                        break;
                    }
                    (Mode::Commute, None | Some(Mode::Commute)) => {
                        needed.insert(before);
                        phase = Some(Mode::Commute);
                    }
                    _ => break,
                }
            }
        }
        needed
    };
    (0..plan.nodes.len()).map(of).collect()
}

/// What each node gives, and each state is afterwards, if of these nodes one after the other is run.
fn oracle(
    plan: &Plan,
    bodies: &[Body<'_>],
    runs: impl Fn(usize) -> bool,
    inputs: [u64; INPUTS],
    states: &mut [u64],
) -> Vec<Option<u64>> {
    let needs = needs(plan);
    let mut results: Vec<Option<u64>> = vec![None; plan.nodes.len()];
    for (node, spec) in plan.nodes.iter().enumerate() {
        if !runs(node) || needs[node].iter().any(|&before| results[before].is_none()) {
            continue;
        }
        let fed = spec.fed.map_or(inputs[node % INPUTS], |fed| results[fed].expect("it is needed"));
        // One by one, into copies: the oracle needs no two references.
        let mut copies: Vec<(usize, Mode, u64)> =
            spec.uses.iter().map(|&(state, mode)| (state, mode, states[state])).collect();
        let mut given = copies.iter_mut().map(|(_, mode, copy)| match mode {
            Mode::Read => Given::Shared(&*copy),
            Mode::Write | Mode::Commute => Given::Own(copy),
        });
        let given = [(); 2].map(|()| given.next().unwrap_or(Given::Nothing));
        results[node] = bodies[node].run(fed, given).ok();
        copies.into_iter().for_each(|(state, _, copy)| states[state] = copy);
    }
    results
}

impl Built<'_> {
    fn set(&mut self, inputs: [u64; INPUTS]) {
        for (input, value) in self.inputs.into_iter().zip(inputs) {
            self.graph.set(input, value);
        }
    }

    fn check(&mut self, results: &[Option<u64>], states: &[u64]) {
        let found = self.graph.results();
        for (node, expected) in self.nodes.iter().zip(results) {
            assert_eq!(found.get(*node).ok(), expected.as_ref(), "{node:?}");
        }
        for (state, expected) in self.states.iter().zip(states) {
            assert_eq!(found[*state], *expected, "{state:?}");
        }
    }
}

/// Failures skip those that need what has failed, and nobody else; over several runs, each of which goes on
/// with the states.
fn keep_going(runner: &Runner, plan: &Plan) {
    let watches: Vec<_> = (0..plan.states).map(|_| Watch::default()).collect();
    let bodies = plan.bodies(&watches);
    let mut built = plan.build(&bodies);
    let mut states = vec![1; plan.states];
    for run in 0..3 {
        let inputs = [run, 2 * run + 5];
        built.set(inputs);
        let results = oracle(plan, &bodies, |_| true, inputs, &mut states);
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        match runner.typed_with(&mut built.graph, &options).map(drop) {
            Ok(()) => assert!(results.iter().all(Option::is_some)),
            Err(RunError::Failed(_)) => assert!(results.iter().any(Option::is_none)),
            Err(other) => panic!("{other}"),
        }
        built.check(&results, &states);
        let half: BTreeSet<_> = built
            .states
            .iter()
            .flat_map(|&state| built.graph.half_written(state).map(|node| node.id()).collect::<Vec<_>>())
            .collect();
        let found = built.graph.results();
        for (spec, &node) in plan.nodes.iter().zip(&built.nodes) {
            let writes = spec.uses.iter().any(|(_, mode)| *mode != Mode::Read);
            let failed = found.get(node) == Err(NoResult::Failed);
            assert_eq!(half.contains(&node.id()), writes && failed);
        }
    }
}

/// Only what a target needs has run.
fn targets(runner: &Runner, plan: &Plan) {
    let plan = &Plan {
        nodes: plan.nodes.iter().map(|node| Spec { fails: false, ..node.clone() }).collect(),
        ..plan.clone()
    };
    let watches: Vec<_> = (0..plan.states).map(|_| Watch::default()).collect();
    let bodies = plan.bodies(&watches);
    let mut built = plan.build(&bodies);
    let mut states = vec![1; plan.states];
    let needs = needs(plan);
    for target in [plan.nodes.len() - 1, plan.nodes.len() / 2] {
        let mut needed = BTreeSet::from([target]);
        for node in (0..=target).rev().filter(|node| needed.contains(node)).collect::<Vec<_>>() {
            needed.extend(&needs[node]);
        }
        loop {
            let more: Vec<_> = needed.iter().flat_map(|&node| needs[node].clone()).collect();
            let before = needed.len();
            needed.extend(more);
            if needed.len() == before {
                break;
            }
        }
        built.set([1, 2]);
        let results = oracle(plan, &bodies, |node| needed.contains(&node), [1, 2], &mut states);
        let options = RunOptions::new().only([built.nodes[target]]);
        runner.typed_with(&mut built.graph, &options).expect("no node fails");
        built.check(&results, &states);
    }
}

/// Where states are written anew in each run, an update leaves what a full run would, whatever has changed.
fn updates(runner: &Runner, plan: &Plan) {
    let watches: Vec<_> = (0..plan.states).map(|_| Watch::default()).collect();
    let bodies = plan.bodies(&watches);
    let mut built = plan.build(&bodies);
    let mut inputs = [3, 4];
    built.set(inputs);
    for round in 0..5 {
        match round {
            0 => {}
            1 => inputs[0] = 30,
            2 => inputs[1] = 40,
            // A state that is spoilt is written anew, if anybody writes to it.
            3 => *built.graph.state_mut(built.states[0]) = 1,
            _ => {
                let target = built.nodes[plan.nodes.len() / 2];
                let options = RunOptions::new().update().only([target]);
                built.set([7, inputs[1]]);
                inputs[0] = 7;
                runner.typed_with(&mut built.graph, &options).expect("no node fails");
            }
        }
        if let 1 | 2 = round {
            built.graph.set(built.inputs[round - 1], inputs[round - 1]);
        }
        let mut states = vec![1; plan.states];
        let results = oracle(plan, &bodies, |_| true, inputs, &mut states);
        runner.typed_with(&mut built.graph, &RunOptions::new().update()).expect("no node fails");
        built.check(&results, &states);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn agree_with_one_by_one(plan in plans(false)) {
        with_all_runners(|runner| {
            keep_going(runner, &plan);
            targets(runner, &plan);
        });
    }

    #[test]
    fn updates_agree_with_full_runs(plan in plans(true)) {
        with_all_runners(|runner| updates(runner, &plan));
    }
}
