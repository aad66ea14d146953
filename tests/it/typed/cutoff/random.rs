//! Random graphs that stop updates where results are equal, against a naive oracle: every result is that of a
//! run from nothing, and exactly those nodes run that have a reason to.

use crate::support::counted::{Counted, Counter};
use crate::support::fate::Fate;
use crate::support::runner::{Runner, with_all_runners};
use dgraph_exec::{
    CancelToken, EndBranch, FailurePolicy, Graph, GraphBuilder, Input, MovedValues, Node, Outcomes, RunError,
    RunOptions, Values,
};
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::error::Error;
use std::mem;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Lent,
    Moved,
    Order,
    Outcome,
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Input,
    Plain,
    Async,
    /// These use the state, are never anything else, and don't fail.
    Sets,
    Changes,
    Commutes,
    Reads,
}

#[derive(Debug)]
struct Plan {
    /// Each leads to a higher number.
    edges: Vec<(usize, usize, Edge)>,
    kinds: Vec<Kind>,
    compared: Vec<bool>,
    early: Vec<bool>,
    /// Whether nodes fail and end branches, if what they give says so.
    fails: bool,
    /// Whether results go before the next run: moved, taken, dropped early; and parts of the graph are run.
    gone: bool,
    seed: u64,
}

#[derive(Debug)]
struct Val(Counted);

impl Val {
    fn get(&self) -> u64 {
        self.0.get()
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    (1..40_u32, 0..4_u32, any::<u64>()).prop_map(|(nodes, density, seed)| {
        let mut random = SplitMix64::new(seed);
        let mut one_of = |n: u32| random.below(n) == 0;
        let (with_state, fails, gone) = (one_of(3), one_of(2), one_of(2));
        let fails = fails && !with_state;
        let compared = (0..nodes).map(|_| one_of(2)).collect();
        let early = (0..nodes).map(|_| gone && one_of(5)).collect();
        let mut kinds: Vec<_> = (0..nodes)
            .map(|_| match random.below(6) {
                0 => Kind::Async,
                1 if with_state => Kind::Changes,
                2 if with_state => Kind::Commutes,
                3 if with_state => Kind::Reads,
                4 if with_state => Kind::Sets,
                _ => Kind::Plain,
            })
            .collect();
        // Whatever a state was in an earlier run makes no difference.
        if let Some(first) = kinds.iter_mut().find(|kind| !matches!(kind, Kind::Plain | Kind::Async)) {
            *first = Kind::Sets;
        }
        let mut edges: Vec<_> = random_shape(&mut random, nodes, density)
            .into_iter()
            .map(|(a, b)| (a.min(b) as usize, a.max(b) as usize))
            .filter(|(from, to)| from != to)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|(from, to)| match random.below(8) {
                0 if gone => (from, to, Edge::Moved),
                1 => (from, to, Edge::Order),
                2 if fails => (from, to, Edge::Outcome),
                3 if fails => (from, to, Edge::Always),
                _ => (from, to, Edge::Lent),
            })
            .collect();
        for (node, kind) in kinds.iter_mut().enumerate() {
            if !edges.iter().any(|edge| edge.1 == node) && *kind == Kind::Plain && random.below(3) > 0 {
                *kind = Kind::Input;
            }
        }
        for at in 0..edges.len() {
            let (from, to, edge) = edges[at];
            let feeds = |edge: Edge| !matches!(edge, Edge::Order | Edge::Always);
            let others = edges.iter().filter(|other| other.0 == from && feeds(other.2)).count();
            let plain = matches!(kinds[to], Kind::Plain | Kind::Async) && kinds[from] != Kind::Input;
            if edge == Edge::Moved && (others > 1 || !plain) || edge == Edge::Outcome && !plain {
                edges[at].2 = Edge::Lent;
            }
        }
        Plan { edges, kinds, compared, early, fails, gone, seed }
    })
}

/// Few different values, so that many are equal.
fn mix(node: usize, fed: impl Iterator<Item = u64>) -> u64 {
    fed.fold(node as u64, |sum, fed| sum.wrapping_mul(7).wrapping_add(fed * fed)) % 3
}

/// What the nodes of a graph have in common.
#[derive(Default)]
struct World {
    counter: Counter,
    ran: Mutex<Vec<usize>>,
    /// The node that stops the run, by panicking or a cancel.
    stops: AtomicUsize,
    panics: AtomicUsize,
    token: Mutex<CancelToken>,
}

impl World {
    fn calm(&self) {
        self.stops.store(usize::MAX, Relaxed);
        self.panics.store(usize::MAX, Relaxed);
        *self.token.lock().expect("no panic") = CancelToken::new();
    }

    fn begins(&self, node: usize) {
        self.ran.lock().expect("no panic").push(node);
        if self.stops.load(Relaxed) == node {
            self.token.lock().expect("no panic").cancel();
        }
        assert_ne!(self.panics.load(Relaxed), node, "planned");
    }

    fn make(&self, value: u64) -> Val {
        Val(self.counter.make(value))
    }
}

struct Nodes {
    all: Vec<Node<Val>>,
    inputs: Vec<(usize, Input<Val>)>,
}

impl Plan {
    fn before(&self, node: usize, wanted: Edge) -> impl Iterator<Item = usize> {
        self.edges.iter().filter(move |edge| edge.1 == node && edge.2 == wanted).map(|edge| edge.0)
    }

    /// Naive: what each node comes to in a run from nothing, with these inputs.
    fn fates(&self, inputs: &[u64]) -> Vec<Fate> {
        let (mut fates, mut state) = (Vec::new(), 0);
        for node in 0..self.kinds.len() {
            let fate = self.fate(node, &fates, inputs, &mut state);
            fates.push(fate);
        }
        fates
    }

    fn fate(&self, node: usize, fates: &[Fate], inputs: &[u64], state: &mut u64) -> Fate {
        let needed = || {
            let all = [Edge::Lent, Edge::Moved, Edge::Order];
            all.into_iter().flat_map(|edge| self.before(node, edge)).map(|before| fates[before])
        };
        if needed().any(|fate| matches!(fate, Fate::Failed | Fate::Skipped)) {
            return Fate::Skipped;
        }
        if needed().any(|fate| matches!(fate, Fate::Ended | Fate::NotChosen)) {
            return Fate::NotChosen;
        }
        let fed = [Edge::Lent, Edge::Moved, Edge::Outcome].into_iter();
        let fed = fed.flat_map(|edge| self.before(node, edge)).map(|before| fates[before].told());
        match self.kinds[node] {
            Kind::Input => Fate::Value(inputs[node]),
            Kind::Plain | Kind::Async => self.give(node, fed).map_or_else(
                |error| if error.is::<EndBranch>() { Fate::Ended } else { Fate::Failed },
                Fate::Value,
            ),
            _ => Fate::Value(self.at_state(node, fed, state)),
        }
    }

    fn give(&self, node: usize, fed: impl Iterator<Item = u64>) -> Result<u64, Box<dyn Error + Send + Sync>> {
        match mix(node, fed) {
            0 if self.fails && node % 5 == 1 => Err("planned".into()),
            1 if self.fails && node % 5 == 2 => Err(EndBranch.into()),
            value => Ok(value),
        }
    }

    fn at_state(&self, node: usize, fed: impl Iterator<Item = u64>, state: &mut u64) -> u64 {
        let fed = mix(node, fed);
        match self.kinds[node] {
            Kind::Sets => *state = fed,
            Kind::Changes => *state = (*state * 2 + fed) % 5,
            Kind::Commutes => *state = (*state + fed) % 5,
            _ => return (fed + *state) % 3,
        }
        fed % 2
    }

    fn build<'e>(&'e self, world: &'e World) -> (Graph<'e>, Nodes) {
        let mut graph = GraphBuilder::new();
        let state = graph.state("state", 0_u64);
        let (mut all, mut inputs) = (Vec::<Node<Val>>::new(), Vec::new());
        for (node, &kind) in self.kinds.iter().enumerate() {
            let of = |edge| self.before(node, edge).map(|before| all[before]).collect::<Vec<_>>();
            let lent = of(Edge::Lent);
            let moved: Vec<_> = of(Edge::Moved).into_iter().map(Node::moved).collect();
            let told: Vec<_> = of(Edge::Outcome).into_iter().map(Node::outcome).collect();
            let change = move |state: &mut u64, fed: Values<'_, Val>| {
                world.begins(node);
                world.make(self.at_state(node, fed.iter().map(|fed| fed.0.get()), state))
            };
            let give = move |lent: Values<'_, Val>, moved: MovedValues<'_, Val>, told: Outcomes<'_, Val>| {
                world.begins(node);
                let told = told.map(|told| Fate::of(&told.map(Val::get)).map_or(0, Fate::told));
                let fed = lent.iter().map(|fed| fed.0.get()).chain(moved.map(|fed| fed.0.get())).chain(told);
                self.give(node, fed).map(|value| world.make(value))
            };
            let name = format!("n{node}");
            all.push(match kind {
                Kind::Input => {
                    inputs.push((node, graph.input::<Val>(name)));
                    inputs.last().expect("just now").1.node()
                }
                Kind::Plain => graph.try_node(name, (lent, moved, told), give),
                Kind::Async => graph.try_async_node(
                    name,
                    (lent, moved, told),
                    move |lent: Values<'_, Val>, moved: MovedValues<'_, Val>, told: Outcomes<'_, Val>| {
                        let given = give(lent, moved, told);
                        async move {
                            yields(1).await;
                            given
                        }
                    },
                ),
                Kind::Sets | Kind::Changes => graph.node(name, (state.write(), lent), change),
                Kind::Commutes => graph.node(name, (state.commute(), lent), change),
                Kind::Reads => {
                    graph.node(name, (state.read(), lent), move |state: &u64, fed: Values<'_, Val>| {
                        change(&mut { *state }, fed)
                    })
                }
            });
            self.before(node, Edge::Order).for_each(|before| graph.after(all[node], all[before]));
            self.before(node, Edge::Always).for_each(|before| graph.always_after(all[node], all[before]));
            if self.compared[node] {
                graph.cutoff(all[node]);
            }
            if self.early[node] && kind != Kind::Input {
                graph.drop_early(all[node]);
            }
        }
        (graph.build().expect("an acyclic graph"), Nodes { all, inputs })
    }

    /// Naive: which nodes an update calls that comes from one fate of each to the other, if these inputs are
    /// news.
    fn called(&self, last: &[Fate], now: &[Fate], news: &[bool]) -> Vec<usize> {
        let mut changed = Vec::<bool>::new();
        let mut called = Vec::new();
        for (node, &kind) in self.kinds.iter().enumerate() {
            if kind == Kind::Input {
                changed.push(news[node]);
                continue;
            }
            let before = || self.edges.iter().filter(move |edge| edge.1 == node);
            let runs =
                matches!(last[node], Fate::Failed | Fate::Skipped) || before().any(|edge| changed[edge.0]);
            if runs && !matches!(now[node], Fate::Skipped | Fate::NotChosen) {
                called.push(node);
            }
            let equal = self.compared[node] && last[node] == now[node];
            changed.push(runs && !(equal && matches!(now[node], Fate::Value(_))));
        }
        called
    }
}

/// Runs the graph, perhaps not to its end. Whether it has come there.
fn run(runner: &Runner, graph: &mut Graph<'_>, options: &RunOptions, polls: Option<u32>) -> bool {
    let ended = match (runner, polls) {
        (Runner::Async, Some(polls)) => {
            let mut run = pin!(graph.with(options).run_async());
            let mut poll = || run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let ready = (0..polls).map(|_| poll()).find(Poll::is_ready);
            let Some(Poll::Ready(ended)) = ready else { return false };
            ended.map(drop)
        }
        _ => runner.typed_with(graph, options).map(drop),
    };
    match ended {
        Ok(()) => true,
        Err(RunError::Failed(failures)) => !failures.is_cancelled(),
        Err(RunError::Cancelled { .. } | RunError::Panicked(_)) => false,
        Err(other) => panic!("{other}"),
    }
}

fn check(runner: &Runner, plan: &Plan) {
    let world = World::default();
    let (mut graph, nodes) = plan.build(&world);
    let mut random = SplitMix64::new(!plan.seed);
    let count = plan.kinds.len();
    let below = |random: &mut SplitMix64, below: usize| random.below(below as u32) as usize;
    let mut inputs = vec![0; count];
    let mut last: Option<Vec<Fate>> = None;
    for (node, input) in &nodes.inputs {
        graph.set(*input, world.make(inputs[*node]));
    }
    let mut news = vec![true; count];
    let with_state = plan.kinds.contains(&Kind::Sets);
    for _ in 0..12 {
        for (node, input) in &nodes.inputs {
            let value = u64::from(random.below(9));
            if value > 2 {
                continue;
            }
            news[*node] |= !(plan.compared[*node] && inputs[*node] == value);
            inputs[*node] = value;
            graph.set(*input, world.make(value));
        }
        world.calm();
        let now = plan.fates(&inputs);
        let mut options = RunOptions::new().policy(FailurePolicy::KeepGoing).catch_panics();
        options = options.cancel_token(&world.token.lock().expect("no panic"));
        if random.below(8) > 0 {
            options = options.update();
        } else {
            last = None; // all of them run
        }
        if plan.gone {
            let node = below(&mut random, count);
            if random.below(3) == 0 && plan.kinds[node] != Kind::Input {
                drop(graph.take(nodes.all[node]));
            }
            if random.below(3) == 0 {
                options = options.only((0..3).map(|_| nodes.all[below(&mut random, count)]));
            }
            let node = below(&mut random, count);
            let is_plain = matches!(plan.kinds[node], Kind::Plain | Kind::Async);
            if let (0, true, Fate::Value(value)) = (random.below(4), is_plain, now[node]) {
                graph.set_result(nodes.all[node], world.make(value));
            }
        }
        let stop = match random.below(8) {
            0 => Some(&world.stops),
            1 => Some(&world.panics),
            _ => None,
        };
        stop.into_iter().for_each(|at| at.store(below(&mut random, count), Relaxed));
        let polls = (random.below(8) == 0).then(|| 1 + random.below(4));
        let to_its_end = run(runner, &mut graph, &options, polls);
        let mut ran = mem::take(&mut *world.ran.lock().expect("no panic"));
        ran.sort_unstable();
        assert!(ran.windows(2).all(|pair| pair[0] < pair[1]), "once each: {ran:?}");
        let mut alive = 0;
        for (node, &handle) in nodes.all.iter().enumerate() {
            let fate = Fate::of(&graph.result(handle).map(Val::get));
            alive += isize::from(matches!(fate, Some(Fate::Value(_))));
            match fate {
                Some(fate @ Fate::Value(_)) => assert_eq!(fate, now[node], "node {node}"),
                Some(fate) if to_its_end => assert_eq!(fate, now[node], "node {node}"),
                Some(_) => {}
                None => assert!(!to_its_end || plan.gone, "node {node}: {:?}", graph.result(handle)),
            }
        }
        assert_eq!(world.counter.alive(), alive);
        if let (Some(last), true) = (&last, to_its_end && !plan.gone && !with_state) {
            assert_eq!(ran, plan.called(last, &now, &news), "{last:?} to {now:?} by {news:?}");
        }
        last = to_its_end.then_some(now);
        news.fill(false);
    }
    drop(graph);
    assert_eq!(world.counter.alive(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn agree_with_the_oracle(plan in plans()) {
        with_all_runners(|runner| check(runner, &plan));
    }
}
