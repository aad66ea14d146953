//! What the fuzzer chooses: a graph, what its nodes do, and how it is run.

use crate::EXECUTORS;
use crate::oracle::value;
use arbitrary::{Arbitrary, Result, Unstructured};
use dgraph_exec::{Executor, StopReason};
use std::cmp::Ordering;

/// A further attribute of nodes is a field of [`Spec`], one of runs a field of [`Way`].
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) layer: Layer,
    pub(crate) nodes: Vec<Spec>,
    pub(crate) edges: Vec<(u8, u8, Kind)>,
    pub(crate) ways: Vec<Way>,
    /// Stirs the numbers of the nodes: edges go from lower to higher [`rank`](Plan::rank).
    stir: u8,
}

/// What runs the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Typed,
    /// A definition, of which all ways run instances at once.
    Instances,
    Keyed,
    Raw,
}

#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) role: Role,
    /// Works for some microseconds.
    pub(crate) slow: bool,
    /// How its future waits; `None` for an ordinary node.
    pub(crate) pause: Option<Pause>,
    pub(crate) demand: Demand,
    /// What it does with states of a typed graph, each of them once.
    pub(crate) uses: Vec<(usize, Mode)>,
    /// What conditions on it are about.
    pub(crate) flag: bool,
    /// Its result is dropped early.
    pub(crate) early: bool,
    /// It gives few different numbers, and updates stop behind it if it gives the same again.
    pub(crate) cutoff: bool,
}

/// How many states there are.
pub(crate) const STATES: usize = 3;

/// What a node does with a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
    Commute,
}

/// What the future of a node waits for before it does what its [`Role`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// For itself: it is woken while it is polled, so many times.
    Yields(u8),
    /// For another thread, so many times.
    Elsewhere(u8),
    /// For another thread, which wakes it again much later, perhaps after everything is gone.
    Lingers,
    /// For the next node of the graph to start, or another thread.
    Neighbour,
}

/// What a node demands of its order and its thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) priority: i8,
    /// How many permits it wants of the first, of the second limit.
    pub(crate) limits: [usize; 2],
    /// How many permits it wants of the limit that runs share.
    pub(crate) permits: usize,
    pub(crate) place: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Caller,
    /// Any executor has a worker 0.
    Worker,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Gives a value.
    Gives,
    /// Gives `None`, in graphs over keys.
    GivesNothing,
    /// Gives a value that comes from the input as well, if nothing else feeds it.
    ReadsInput,
    /// Runs a graph on the executor that it runs on.
    Nests,
    /// Is a graph that repeats.
    Repeats,
    /// Ends its branch.
    Ends,
    Fails,
    Panics,
    Cancels,
}

/// What an edge of a typed graph means. All edges of other graphs feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Feeds,
    /// Moves the result, if nobody else is fed it and nothing else feeds its dependent; otherwise feeds.
    Moves,
    OnlyOrders,
    /// Feeds what has become of it, in any case.
    Outcome,
    /// Orders, in any case.
    Always,
    /// Orders: the dependent begins when the other one has begun, unless that doesn't.
    Starts,
    /// Orders, and the dependent runs only if the flag is this.
    Condition(bool),
    /// Comes of states: orders like `OnlyOrders`.
    Turn,
    /// Comes of states: orders, and nothing depends on what becomes of the first one.
    Waits,
}

impl Kind {
    pub(crate) fn feeds(self) -> bool {
        matches!(self, Self::Feeds | Self::Moves)
    }

    /// Whether the result is used.
    pub(crate) fn uses(self) -> bool {
        self.feeds() || matches!(self, Self::Outcome | Self::Condition(_))
    }

    /// Whether the dependent runs whatever becomes of the dependency.
    pub(crate) fn is_in_any_case(self) -> bool {
        matches!(self, Self::Outcome | Self::Always)
    }

    /// Whether the dependent runs only if the dependency went well, or at least began.
    pub(crate) fn needs(self) -> bool {
        !self.is_in_any_case() && self != Self::Waits
    }

    fn new(byte: u8, branches: bool, starts: bool) -> Self {
        let at = usize::from(byte % 4);
        match byte / 4 % 4 {
            1 if starts && byte >= 192 => Self::Starts,
            2 if branches => [Self::Outcome, Self::Outcome, Self::Outcome, Self::Always][at],
            3 if branches => {
                [Self::Condition(true), Self::Condition(true), Self::Condition(false), Self::Always][at]
            }
            _ => [Self::Feeds, Self::Moves, Self::Moves, Self::OnlyOrders][at],
        }
    }
}

/// How to run.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) on: On,
    pub(crate) how: How,
    pub(crate) keep_going: bool,
    pub(crate) cancellable: bool,
    pub(crate) catch_panics: bool,
    pub(crate) update: bool,
    /// For which reasons it is drained.
    pub(crate) drain: Vec<StopReason>,
    /// Panics are failures.
    pub(crate) panics_fail: bool,
    /// A node that is given the result from outside, before an update, that it would have.
    pub(crate) given: Option<u8>,
    pub(crate) only: Option<u8>,
    pub(crate) input: Option<u8>,
}

/// How the caller takes part in a run of a typed graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It blocks: `run`, `run_parallel`.
    Blocks,
    /// It waits for a future: `run_async`, `run_parallel_async`.
    Awaits,
    /// It polls the future so many times, whether it was woken or not, and drops it.
    Drops(u8),
    /// It polls the future so many times, cancels the run and waits for its end.
    Cancels(u8),
    /// It hands the graph over and waits for it: `spawn`.
    Joins,
    /// It hands the graph over and drops what it has got for it.
    Abandons,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    ThisThread,
    One,
    Two,
    Three,
    Five,
    /// From two threads at once, where a graph permits that.
    TwoTwice,
}

impl On {
    pub(crate) fn executor(self) -> Option<&'static Executor> {
        match self {
            Self::ThisThread => None,
            Self::One => Some(&EXECUTORS[0]),
            Self::Two | Self::TwoTwice => Some(&EXECUTORS[1]),
            Self::Three => Some(&EXECUTORS[2]),
            Self::Five => Some(&EXECUTORS[3]),
        }
    }

    /// Whether there are workers that take part in runs that block.
    pub(crate) fn is_shared(self) -> bool {
        !matches!(self, Self::ThisThread | Self::One)
    }
}

/// By hand, a byte or two for each thing: derived, three nodes in a row would need fifty bytes, and most
/// inputs be smaller. Sizes are such that oracles are fast. Zeros, which come when the bytes are used up, are
/// the harmless choices.
impl<'a> Arbitrary<'a> for Plan {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let [kind, stir]: [u8; 2] = bytes.arbitrary()?;
        let layer = match kind % 8 {
            5 => Layer::Instances,
            6 => Layer::Keyed,
            7 => Layer::Raw,
            _ => Layer::Typed,
        };
        let choice = Choice {
            waits: kind & 16 != 0,
            demands: kind & 32 != 0,
            states: kind & 64 != 0 && layer == Layer::Typed,
            branches: kind & 128 != 0,
            early: kind & 8 != 0,
            cutoffs: stir & 1 != 0,
        };
        let number = bytes.int_in_range(1..=4)?;
        let ways = (0..number).map(|_| Way::new(bytes)).collect::<Result<_>>()?;
        let number: u8 = bytes.int_in_range(0..=40)?;
        let (mut nodes, mut edges): (_, Vec<(u8, u8, Kind)>) = (Vec::new(), Vec::new());
        for node in 0..number {
            nodes.push(Spec::new(bytes, &choice)?);
            // With each node its edges: at the end there would be bytes for them in the longest inputs only.
            let into: u8 = bytes.arbitrary()?;
            nodes[usize::from(node)].cutoff = choice.cutoffs && into & 8 != 0;
            for _ in 0..[0, 1, 1, 2, 2, 3, 4, 6][usize::from(into % 8)] {
                let [other, kind]: [u8; 2] = bytes.arbitrary()?;
                let other = other % number;
                let kind = Kind::new(kind, choice.branches, choice.cutoffs && layer == Layer::Typed);
                match rank(stir, other).cmp(&rank(stir, node)) {
                    Ordering::Less => edges.push((other, node, kind)),
                    Ordering::Equal => {}
                    Ordering::Greater => edges.push((node, other, kind)),
                }
            }
        }
        let mut plan = Self { layer, nodes, edges, ways, stir };
        plan.take_turns();
        Ok(plan)
    }
}

/// What there is in a graph.
struct Choice {
    waits: bool,
    demands: bool,
    states: bool,
    branches: bool,
    early: bool,
    /// And edges that mean a start.
    cutoffs: bool,
}

impl Spec {
    /// Most nodes are ordinary ones: what calls a run off leaves little to check.
    fn new(bytes: &mut Unstructured<'_>, choice: &Choice) -> Result<Self> {
        let &Choice { waits, demands, states, branches, early, cutoffs: _ } = choice;
        let byte: u8 = bytes.arbitrary()?;
        let role = match byte % 32 {
            1..=3 => Role::Fails,
            4 => Role::Panics,
            5 => Role::Cancels,
            6..=7 => Role::Nests,
            8..=11 => Role::ReadsInput,
            12 if branches => Role::Ends,
            13 if branches => Role::Repeats,
            12..=14 => Role::GivesNothing,
            _ => Role::Gives,
        };
        let pause = if waits { Pause::new(bytes.arbitrary()?) } else { None };
        let demand = if demands { Demand::new(bytes.arbitrary()?) } else { Demand::default() };
        let uses = if states { Mode::uses(bytes.arbitrary()?) } else { Vec::new() };
        let (flag, early) = (byte & 32 == 0, early && byte & 64 != 0);
        Ok(Self { role, slow: byte >= 192, pause, demand, uses, flag, early, cutoff: false })
    }
}

impl Mode {
    /// What a node does: half of them nothing, others something with one state, or two.
    fn uses(byte: u8) -> Vec<(usize, Self)> {
        let mode = |byte: u8| [Self::Read, Self::Write, Self::Commute, Self::Commute][usize::from(byte % 4)];
        let first = usize::from(byte / 4) % STATES;
        match byte / 64 {
            0 | 1 => Vec::new(),
            2 => vec![(first, mode(byte))],
            _ => vec![(first, mode(byte)), ((first + 1) % STATES, mode(byte / 16))],
        }
    }
}

impl Pause {
    fn new(byte: u8) -> Option<Self> {
        Some(match byte % 16 {
            0..=4 => return None,
            5..=8 => Self::Yields(byte / 16 % 4),
            9..=11 => Self::Elsewhere(1 + byte / 16 % 2),
            12..=13 => Self::Lingers,
            _ => Self::Neighbour,
        })
    }
}

impl Demand {
    fn new(byte: u8) -> Self {
        Self {
            priority: (byte % 4) as i8 - 1,
            limits: [
                usize::from(byte & 4) / 4,
                [0, 0, 1, 1 + usize::from(byte & 1)][usize::from(byte / 8 % 4)],
            ],
            permits: match byte / 32 {
                4 => 1,
                5 => 2 + usize::from(byte & 8) / 8,
                _ => 0,
            },
            place: match byte / 32 {
                6 => Some(Place::Caller),
                7 => Some(Place::Worker),
                _ => None,
            },
        }
    }
}

impl Way {
    fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let on =
            [On::ThisThread, On::One, On::Two, On::Three, On::Five, On::TwoTwice][bytes.choose_index(6)?];
        let [how, bits, only, input]: [u8; 4] = bytes.arbitrary()?;
        let how = match how % 16 {
            0..=5 => How::Blocks,
            6..=9 => How::Awaits,
            10..=11 => How::Drops(how / 16),
            12..=13 => How::Cancels(how / 16),
            14 => How::Joins,
            _ => How::Abandons,
        };
        Ok(Self {
            on,
            how,
            keep_going: bits & 3 != 1,
            cancellable: bits & 12 == 4 || matches!(how, How::Cancels(_)),
            catch_panics: bits & 16 != 0,
            update: bits & 32 != 0,
            // All of them or some.
            drain: match bits & 64 != 0 {
                true if only & 1 == 0 => StopReason::ALL.to_vec(),
                true => StopReason::ALL
                    .into_iter()
                    .filter(|&reason| only >> (1 + reason as u8) & 1 == 1)
                    .collect(),
                false => Vec::new(),
            },
            panics_fail: bits & 128 != 0,
            given: (bits & 32 != 0 && input % 4 == 3).then_some(only ^ input),
            only: (only >= 192).then_some(only),
            input: (input >= 128).then_some(input),
        })
    }
}

impl Plan {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn role(&self, node: usize) -> Role {
        self.nodes[node].role
    }

    /// The nodes in a topological order: by rank.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&node| rank(self.stir, node as u8));
        order
    }

    pub(crate) fn pairs(&self) -> Vec<(u32, u32)> {
        self.edges.iter().map(|&(u, v, _)| (u.into(), v.into())).collect()
    }

    /// What `node` depends on, in listed order, with the kinds of its edges.
    pub(crate) fn before(&self, node: usize) -> impl Iterator<Item = (usize, Kind)> {
        self.edges
            .iter()
            .filter(move |edge| usize::from(edge.1) == node)
            .map(|&(u, _, kind)| (usize::from(u), kind))
    }

    /// What feeds `node` in a typed graph.
    pub(crate) fn feeding(&self, node: usize) -> Vec<usize> {
        self.before(node).filter(|(_, kind)| kind.feeds()).map(|(before, _)| before).collect()
    }

    /// What `node` depends on: what it comes after, but for readers of a state that it changes.
    pub(crate) fn depends_on(&self, node: usize) -> impl Iterator<Item = usize> {
        self.before(node).filter(|(_, kind)| *kind != Kind::Waits).map(|(before, _)| before)
    }

    /// What `node` is told the outcome of.
    pub(crate) fn told(&self, node: usize) -> Vec<usize> {
        self.before(node).filter(|(_, kind)| *kind == Kind::Outcome).map(|(before, _)| before).collect()
    }

    /// Whether some edge is of this kind.
    pub(crate) fn any(&self, is: impl Fn(Kind) -> bool) -> bool {
        self.edges.iter().any(|&(.., kind)| is(kind))
    }

    /// Whether the result of `node` goes after its last user.
    pub(crate) fn goes_early(&self, node: usize) -> bool {
        let used = |&(u, _, kind): &(u8, u8, Kind)| usize::from(u) == node && kind.uses();
        self.nodes[node].early && self.edges.iter().any(used)
    }

    /// Adds the edges that come of states, naively. Nodes are defined in the order of [`order`](Self::order).
    fn take_turns(&mut self) {
        for node in 0..self.len() {
            // A node with states is fed by one other at the most, which lends its result.
            let feeding = self.feeding(node);
            let is_fed_more = feeding.len() > 1 || feeding.iter().any(|&fed| self.taker(fed).is_some());
            if is_fed_more || !self.told(node).is_empty() || self.role(node) == Role::Repeats {
                self.nodes[node].uses.clear();
            }
        }
        let order = self.order();
        let mut turns = Vec::new();
        for state in 0..STATES {
            let mode = |node: usize| {
                let mut uses = self.nodes[node].uses.iter();
                uses.find(|(used, _)| *used == state).map(|(_, mode)| *mode)
            };
            let users: Vec<(usize, Mode)> =
                order.iter().filter_map(|&node| Some((node, mode(node)?))).collect();
            for (at, &(node, mode)) in users.iter().enumerate() {
                let mut before = users[..at].iter().rev().peekable();
                if mode == Mode::Commute {
                    while before.next_if(|(_, mode)| *mode == Mode::Commute).is_some() {}
                }
                // Readers first, then those that have changed it for them.
                while let Some(&(reader, _)) = before.next_if(|(_, mode)| *mode == Mode::Read) {
                    if mode != Mode::Read {
                        turns.push((reader as u8, node as u8, Kind::Waits));
                    }
                }
                let Some(&(changer, how)) = before.next() else { continue };
                turns.push((changer as u8, node as u8, Kind::Turn));
                if how == Mode::Commute {
                    while let Some(&(changer, _)) = before.next_if(|(_, mode)| *mode == Mode::Commute) {
                        turns.push((changer as u8, node as u8, Kind::Turn));
                    }
                }
            }
        }
        // Who depends on another node anyway does so as it says.
        let comes_after = |&(u, v, _): &(u8, u8, Kind)| {
            self.edges.iter().any(|&(from, to, kind)| (from, to) == (u, v) && kind != Kind::Starts)
        };
        turns.retain(|turn| !comes_after(turn));
        self.edges.extend(turns);
    }

    /// The node that the result of `node` is moved into: the only one that uses it, which nothing else feeds.
    pub(crate) fn taker(&self, node: usize) -> Option<usize> {
        if self.layer != Layer::Typed {
            return None;
        }
        let mut users = self.edges.iter().filter(|(u, _, kind)| usize::from(*u) == node && kind.uses());
        match (users.next(), users.next()) {
            (Some(&(_, v, Kind::Moves)), None) => {
                let v = v.into();
                let alone = self.feeding(v).len() == 1 && self.told(v).is_empty();
                (alone && self.role(v) != Role::Repeats).then_some(v)
            }
            _ => None,
        }
    }

    /// The number that `node` gives that is fed these.
    pub(crate) fn number(&self, node: usize, fed: impl Iterator<Item = u64>) -> u64 {
        let value = value(node, fed);
        if self.nodes[node].cutoff { value / 8 % 2 } else { value }
    }

    /// Whether there are demands, no futures, and no conditions, which are nodes more.
    pub(crate) fn has_only_demands(&self) -> bool {
        self.nodes.iter().all(|node| node.pause.is_none())
            && self.nodes.iter().any(|node| node.demand != Demand::default())
            && !self.any(|kind| matches!(kind, Kind::Condition(_) | Kind::Starts))
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.nodes.iter().any(|node| node.role == role)
    }
}

/// Each node's own, since an odd factor loses nothing modulo 2⁸. A stir of 0 or 1 leaves the numbers as they
/// are.
fn rank(stir: u8, node: u8) -> u8 {
    node.wrapping_mul(stir | 1)
}
