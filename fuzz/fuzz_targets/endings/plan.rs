//! What the fuzzer chooses: executors, runs of nested graphs on them, what ends these, and when.

use arbitrary::{Arbitrary, Result, Unstructured};

/// How deep graphs lie within nodes.
const DEPTH: usize = 3;
/// How many nodes are chosen one by one. Rows have more.
const MOST_NODES: usize = 48;
/// How many there may be before rows get short.
const MOST_IN_ROWS: usize = 800;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) executors: Vec<Threads>,
    pub(crate) runs: Vec<Run>,
    /// What a thread beside the runs does, one after the other.
    pub(crate) script: Vec<(Delay, Act)>,
    /// How many nodes there are, of all graphs together.
    pub(crate) nodes: usize,
    /// How many [`Tree`]s are run by themselves, within others or not.
    pub(crate) scopes: usize,
    /// Nodes are bound to workers.
    pub(crate) binds: bool,
    /// For small delays, which differ from repetition to repetition.
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    pub(crate) number: usize,
    /// Made for this input, and ended by it. The others last, and are never ended.
    pub(crate) anew: bool,
    pub(crate) spins: bool,
}

/// One run, or several in a row: the last one is the one that is ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) how: How,
    pub(crate) executor: usize,
    /// How often it runs before, with nothing in the way, so that the executor knows how long that takes.
    pub(crate) before: u8,
    pub(crate) token: Option<usize>,
    /// In microseconds, from the beginning.
    pub(crate) deadline: Option<u16>,
    pub(crate) keep_going: bool,
    pub(crate) catch_panics: bool,
    pub(crate) measure: bool,
    pub(crate) tree: Tree,
    /// Its first node.
    pub(crate) first: usize,
    /// What the owner's waker does when it is called, once.
    pub(crate) wake: Act,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Serial,
    Parallel,
    Async(Owner),
    ParallelAsync(Owner),
    Spawn(Owner),
}

/// What the owner of a future of a run does with it, if nobody does anything with it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Awaits,
    /// Polls it so many times, whether it was woken or not, and drops it.
    Drops(u8),
    Forgets(u8),
    /// Polls, cancels the run's token, and awaits the end.
    Cancels(u8),
}

/// A graph.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Spec>,
    /// Has an input, which these nodes may read.
    pub(crate) input: bool,
    /// The number of permits of its limit.
    pub(crate) permits: usize,
}

#[derive(Debug)]
pub(crate) struct Spec {
    /// Of its first node, if it is a row.
    pub(crate) id: usize,
    pub(crate) kind: Kind,
    /// Earlier nodes of the graph.
    pub(crate) after: Vec<(usize, Edge)>,
    pub(crate) place: Option<Place>,
    pub(crate) limited: bool,
    pub(crate) priority: i8,
    /// What it does before it ends.
    pub(crate) course: Course,
    pub(crate) ends: Ends,
    pub(crate) value: Destructor,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Plain,
    ReadsInput,
    /// So many nodes alike.
    Row(usize),
    /// A future, with what it does in each of its polls but the last.
    Async(Vec<Pause>, Destructor),
    /// A graph as a node.
    Graph(Tree, Edges),
    /// Runs a graph in its body.
    Runs(Tree, usize, Within),
    /// Runs a graph in its future.
    Awaits(Tree, usize, Within),
}

/// What the closures around a graph that is a node do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edges {
    pub(crate) set_inputs: (Course, Ends),
    pub(crate) read_outputs: (Course, Ends),
}

/// How a graph is run within a node.
#[derive(Debug)]
pub(crate) struct Within {
    /// Among the scopes.
    pub(crate) scope: usize,
    pub(crate) how: How,
    pub(crate) inherits_token: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Feeds,
    /// If nobody else is fed it.
    Moves,
    Orders,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Caller,
    /// Modulo the number of workers.
    Worker(usize),
}

/// Waits for a while, and does something.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    pub(crate) before: Delay,
    pub(crate) act: Act,
    pub(crate) behind: Delay,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ends {
    #[default]
    Well,
    Fails,
    Panics,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Destructor {
    #[default]
    Nothing,
    Panics,
    Acts(Act),
}

/// Each lasts for less than a millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delay {
    #[default]
    None,
    /// In microseconds.
    Spin(u16),
    /// Until something has begun to end something, or for so many microseconds.
    UntilAct(u16),
    /// Until the node with this number has started, modulo the number of nodes, or for so many microseconds.
    UntilStarted(u8, u16),
}

/// What a future does instead of being ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    WakesItself(Act),
    /// Is woken by another thread, after so many microseconds, or as soon as a gate is opened.
    Elsewhere(u16, Act),
    /// Waits for a gate, for long.
    Gate(Act),
    /// Waits for ever, if its run is stopped.
    Forever(Act),
    /// Is woken by another thread much later as well, perhaps when everything is gone.
    Lingers(Act),
}

/// What ends something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Act {
    #[default]
    Nothing,
    DropExecutor(usize),
    Shutdown(usize),
    /// What the run with this number was given by `spawn`.
    DropSpawned(usize),
    Forget(usize),
    Cancel(usize),
    /// Lets futures go on.
    Open,
    /// Asks whether the run with this number is finished.
    Ask(usize),
}

/// Zeros, which come when the bytes are used up, are the harmless choices.
impl<'a> Arbitrary<'a> for Plan {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let seed = bytes.arbitrary::<u16>()?.into();
        let bits: u8 = bytes.arbitrary()?;
        let mut executors = Vec::new();
        for _ in 0..=bits & 1 {
            let byte: u8 = bytes.arbitrary()?;
            let number = [2, 2, 3, 1][usize::from(byte % 4)];
            // Three of four are made anew: what lasts can't be ended. And no two are the same.
            let anew = byte & 12 != 12 || executors.iter().any(|other: &Threads| !other.anew);
            executors.push(Threads { number, anew, spins: byte & 16 == 0 });
        }
        let mut planner = Planner { executors, binds: bits & 2 != 0, nodes: 0, specs: 0, scopes: 0 };
        let number = [1, 1, 2, 3][usize::from(bits >> 2 & 3)];
        planner.scopes = number; // those of the runs come first
        let mut script = Vec::new();
        for _ in 0..[1, 0, 2, 4][usize::from(bits >> 4 & 3)] {
            script.push((Delay::new(bytes)?, Act::new(bytes)?));
        }
        let mut runs = Vec::new();
        let mut least = 0;
        for left in (1..=number).rev() {
            let run = planner.run(bytes, least, left)?;
            least = run.executor; // who waits for a run waits for a later one, on no earlier executor
            runs.push(run);
        }
        let Planner { executors, binds, nodes, scopes, .. } = planner;
        Ok(Self { executors, runs, script, nodes, scopes, binds, seed })
    }
}

struct Planner {
    executors: Vec<Threads>,
    binds: bool,
    nodes: usize,
    specs: usize,
    scopes: usize,
}

impl Planner {
    fn run(&mut self, bytes: &mut Unstructured<'_>, least: usize, left: usize) -> Result<Run> {
        let [how, owner, bits, more]: [u8; 4] = bytes.arbitrary()?;
        let how = How::new(how, owner);
        let executor = least.max(usize::from(bits & 1) % self.executors.len());
        let cancels = matches!(
            how,
            How::Spawn(Owner::Cancels(_))
                | How::Async(Owner::Cancels(_))
                | How::ParallelAsync(Owner::Cancels(_))
        );
        let token = (cancels || bits & 2 != 0).then_some(usize::from(bits >> 2 & 1));
        let deadline = if bits & 56 == 56 { Some(bytes.arbitrary::<u16>()? % 2_000) } else { None };
        let before = [0, 1, 2, 3, 4, 7, 1, 2][usize::from(more & 7)];
        let wake = if more & 24 == 24 { Act::new(bytes)? } else { Act::Nothing };
        let most = (MOST_NODES - self.specs).div_ceil(left);
        let until = self.specs + most;
        let first = self.nodes;
        let tree = self.tree(bytes, executor, 0, until)?;
        let (keep_going, catch_panics, measure) = (bits & 64 != 0, bits & 128 != 0, more & 224 == 224);
        Ok(Run {
            how,
            executor,
            before,
            token,
            deadline,
            keep_going,
            catch_panics,
            measure,
            tree,
            first,
            wake,
        })
    }

    fn tree(
        &mut self,
        bytes: &mut Unstructured<'_>,
        executor: usize,
        depth: usize,
        until: usize,
    ) -> Result<Tree> {
        let byte: u8 = bytes.arbitrary()?;
        let number = 1 + usize::from(byte % if depth == 0 { 12 } else { 7 });
        let mut nodes = Vec::new();
        let mut loose = Vec::new(); // whom a node may still be fed by, and whom only one may take
        for node in 0..number {
            if self.specs >= until {
                break;
            }
            self.specs += 1;
            let spec = self.spec(bytes, executor, depth, until, &mut loose)?;
            loose.push(Loose { feeds: false, moved: false, single: !matches!(spec.kind, Kind::Row(_)) });
            debug_assert_eq!(loose.len(), node + 1);
            nodes.push(spec);
        }
        Ok(Tree { nodes, input: byte & 128 != 0, permits: 1 + usize::from(byte >> 6 & 1) })
    }

    fn spec(
        &mut self,
        bytes: &mut Unstructured<'_>,
        executor: usize,
        depth: usize,
        until: usize,
        loose: &mut [Loose],
    ) -> Result<Spec> {
        let [kind, bits]: [u8; 2] = bytes.arbitrary()?;
        let (course, ends) = Course::new(bytes, bits & 3)?;
        let value = if bits & 28 == 28 { Destructor::new(bytes)? } else { Destructor::Nothing };
        let mut after = Vec::new();
        if !loose.is_empty() {
            for _ in 0..[1, 0, 1, 2][usize::from(bits >> 5 & 3)] {
                let byte: u8 = bytes.arbitrary()?;
                let before = usize::from(byte & 15) % loose.len();
                let one = &mut loose[before];
                if after.iter().any(|&(other, _)| other == before) {
                    continue;
                }
                let edge = match byte >> 6 {
                    1 if !one.feeds && !one.moved && one.single => Edge::Moves,
                    3 => Edge::Orders,
                    _ if one.moved => Edge::Orders,
                    _ => Edge::Feeds,
                };
                one.feeds |= edge == Edge::Feeds;
                one.moved |= edge == Edge::Moves;
                after.push((before, edge));
            }
        }
        let (mut place, mut limited, mut priority) = (None, false, 0);
        if bits & 128 != 0 {
            let byte: u8 = bytes.arbitrary()?;
            place = match byte & 7 {
                0..=1 if self.binds => Some(Place::Worker(0)),
                2..=3 if self.binds => Some(Place::Worker(1)),
                4 => Some(Place::Caller),
                _ => None,
            };
            limited = byte & 24 == 24;
            priority = (byte >> 5 & 3) as i8 - 1;
        }
        let id = self.nodes;
        self.nodes += 1;
        let kind = match kind % 16 {
            0..=2 => Kind::Plain,
            3 => Kind::ReadsInput,
            4..=5 => {
                let length = [2, 9, 20, 60, 150, 500, 33, 8][usize::from(kind >> 5)];
                let length = length.min(MOST_IN_ROWS.saturating_sub(self.nodes).max(2));
                self.nodes += length - 1;
                Kind::Row(length)
            }
            6..=9 => {
                let mut pauses = Vec::new();
                for _ in 0..[1, 1, 2, 3][usize::from(kind >> 4 & 3)] {
                    pauses.push(Pause::new(bytes)?);
                }
                let destructor =
                    if kind & 192 == 192 { Destructor::new(bytes)? } else { Destructor::Nothing };
                Kind::Async(pauses, destructor)
            }
            10..=13 if depth < DEPTH => {
                let tree = self.tree(bytes, executor, depth + 1, until)?;
                let (mut set_inputs, mut read_outputs) = Default::default();
                if kind & 48 == 16 {
                    set_inputs = Course::new(bytes, 1)?;
                } else if kind & 48 == 32 {
                    read_outputs = Course::new(bytes, 1)?;
                }
                Kind::Graph(tree, Edges { set_inputs, read_outputs })
            }
            14..=15 if depth < DEPTH => {
                let [how, owner, bits]: [u8; 3] = bytes.arbitrary()?;
                let on = executor.max(usize::from(bits & 1) % self.executors.len());
                let scope = self.scopes;
                self.scopes += 1;
                let inherits_token = (bits & 6 == 6).then_some(usize::from(bits >> 3 & 1));
                let within = Within { scope, how: How::new(how, owner), inherits_token };
                let tree = self.tree(bytes, on, depth + 1, until)?;
                if kind % 16 == 14 { Kind::Runs(tree, on, within) } else { Kind::Awaits(tree, on, within) }
            }
            _ => Kind::Plain,
        };
        Ok(Spec { id, kind, after, place, limited, priority, course, ends, value })
    }
}

struct Loose {
    feeds: bool,
    moved: bool,
    single: bool,
}

impl How {
    fn new(how: u8, owner: u8) -> Self {
        let polls = owner >> 4 & 7;
        let owner = match owner & 15 {
            0..=5 => Owner::Awaits,
            6..=10 => Owner::Drops(polls),
            11 => Owner::Forgets(polls),
            _ => Owner::Cancels(polls),
        };
        match how & 15 {
            0..=6 => Self::Spawn(owner),
            7..=8 => Self::Parallel,
            9..=11 => Self::ParallelAsync(owner),
            12..=13 => Self::Async(owner),
            _ => Self::Serial,
        }
    }
}

impl Course {
    /// `choice` 0: nothing.
    fn new(bytes: &mut Unstructured<'_>, choice: u8) -> Result<(Self, Ends)> {
        if choice & 1 == 0 && choice & 2 == 0 {
            return Ok(Default::default());
        }
        let byte: u8 = bytes.arbitrary()?;
        let mut course = Self::default();
        if byte & 3 != 0 {
            course.before = Delay::new(bytes)?;
        }
        if choice & 1 != 0 && byte & 12 != 0 {
            course.act = Act::new(bytes)?;
        }
        if byte & 48 == 16 {
            course.behind = Delay::new(bytes)?;
        }
        let ends = match byte >> 5 {
            6 => Ends::Fails,
            7 => Ends::Panics,
            _ => Ends::Well,
        };
        Ok((course, ends))
    }
}

impl Destructor {
    fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        Ok(if bytes.arbitrary::<u8>()? & 3 == 0 { Self::Panics } else { Self::Acts(Act::new(bytes)?) })
    }
}

impl Delay {
    fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let byte: u8 = bytes.arbitrary()?;
        let long = [2, 5, 10, 20, 50, 100, 200, 500][usize::from(byte >> 2 & 7)];
        Ok(match byte & 3 {
            0 => Self::None,
            1 => Self::Spin(long),
            2 => Self::UntilAct(long),
            _ => Self::UntilStarted(bytes.arbitrary()?, long),
        })
    }
}

impl Pause {
    fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let byte: u8 = bytes.arbitrary()?;
        let act = if byte & 4 != 0 { Act::new(bytes)? } else { Act::Nothing };
        Ok(match byte & 3 {
            0 => Self::WakesItself(act),
            1 => Self::Elsewhere([0, 10, 30, 100, 300, 600, 1_000, 2_000][usize::from(byte >> 5)], act),
            2 if byte & 24 == 24 => Self::Forever(act),
            2 => Self::Gate(act),
            _ => Self::Lingers(act),
        })
    }
}

impl Act {
    fn new(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let byte: u8 = bytes.arbitrary()?;
        let which = usize::from(byte >> 4);
        Ok(match byte & 15 {
            0..=4 => Self::DropExecutor(which & 1),
            5 => Self::Shutdown(which & 1),
            6..=8 => Self::DropSpawned(which % 3),
            9 if which >= 12 => Self::Forget(which % 3),
            10..=12 => Self::Cancel(which & 1),
            13 => Self::Open,
            14 => Self::Ask(which % 3),
            _ => Self::Nothing,
        })
    }
}
