//! An observer that records what each thread does.

use super::kind::{self, Kind};
use super::lanes::Lanes;
use super::node_info::NodeInfo;
use super::observer::Observer;
use super::outcome::{NodeOutcome, RunOutcome, SkipReason};
use super::registry::Registry;
use super::run_info::RunInfo;
use super::trace::Trace;
use crate::sync::{Mutex, clock, lock};
use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

/// Records when each node ran, on which thread, and how it ended.
///
/// Each thread writes to a buffer of its own, without a lock, into memory that is reserved beforehand: two
/// looks at a clock and four words per node or poll. When a buffer is full, the oldest events go, and the
/// [trace](Trace::lost) says how many. Runs are recorded as such, behind a lock, once at their beginning and
/// once at their end; so are the names and edges of each graph, once.
///
/// A recorder may be told of any number of runs, at once too, by any number of threads; and be asked for its
/// [trace](Self::trace) at any time.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, Recorder, RunOptions};
/// use std::sync::Arc;
///
/// let mut graph = GraphBuilder::new();
/// let parse = graph.node("parse", (), || "1 2 3".split(' ').count());
/// graph.node("print", (parse,), |words: &usize| println!("{words} words"));
/// let mut graph = graph.build()?;
///
/// let recorder = Arc::new(Recorder::new());
/// graph.with(&RunOptions::new().observer(recorder.clone())).run_parallel(&Executor::new()?)?;
/// let trace = recorder.trace();
/// for span in trace.spans() {
///     let thread = trace.threads()[span.thread()].name();
///     println!("{} took {:?} on {thread}", span.path(), span.end() - span.begin());
/// }
/// assert_eq!(trace.spans().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Recorder {
    lanes: Arc<Lanes>,
    state: Mutex<State>,
}

struct State {
    registry: Registry,
    /// Of each lane: how many events it had when the recorder was cleared.
    from: Vec<u64>,
    /// How many belonged to no lane.
    unrecorded: usize,
}

/// How many events there is room for, if nobody says how many: 16 MiB.
const EVENTS: usize = 1 << 19;
/// How many of each thread at the least.
const FEW: usize = 1 << 12;

impl Recorder {
    /// Has room for some hundred thousand nodes: for each core's thread its part of half a million, in 16
    /// MiB, or 128 KiB per thread if that is more.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Recorder;
    /// assert_eq!(Recorder::new().trace().spans().count(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        // The caller of a run is none of the workers.
        let threads = available_parallelism().map_or(1, NonZero::get) + 1;
        let events = (EVENTS / threads).max(FEW).next_power_of_two();
        Self::with_capacity(threads, if events > EVENTS / threads { (events / 2).max(FEW) } else { events })
    }

    /// Has room for the last `events` nodes, or a few more, of each of so many threads: 32 bytes each. A
    /// thread beyond these gets a buffer of the same size when it comes; one that ends leaves its buffer to
    /// the next. Of a thread that would be the 1,025th at once, nothing is recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    ///
    /// let mut graph = GraphBuilder::new();
    /// (0..100).for_each(|_| _ = graph.node("", (), || ()));
    /// let recorder = Arc::new(Recorder::with_capacity(1, 64)); // for the last words before a crash, say
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// let trace = recorder.trace();
    /// assert!(trace.lost() > 0);
    /// assert_eq!(trace.spans().count() as u64 + trace.lost(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_capacity(threads: usize, events: usize) -> Self {
        let most = events.saturating_mul(threads.max(1)).clamp(64, 1 << 16);
        let state = State { registry: Registry::new(most), from: Vec::new(), unrecorded: 0 };
        Self { lanes: Lanes::new(threads, events), state: Mutex::new(state) }
    }

    /// What was recorded since the recorder was made or [cleared](Self::clear). Nodes that are being called
    /// are not in it, or polls; nodes that have ended may be, while their run goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("only", (), || ());
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// let trace = recorder.trace();
    /// assert!(trace.spans().map(|span| span.path()).eq(["only"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn trace(&self) -> Trace {
        // Before the runs: each event's run has begun.
        let froms = lock(&self.state).from.clone();
        let froms = froms.into_iter().chain(std::iter::repeat(0));
        let read = self.lanes.iter().zip(froms).map(|(lane, from)| (lane.owner(), lane.ring.read(from)));
        let mut lanes: Vec<_> = read.collect();
        // Callers first, then workers by their numbers.
        lanes.sort_by_key(|((worker, _), _)| *worker);
        let lanes = lanes.into_iter().map(|((_, name), events)| (name, events)).collect();
        let unrecorded = self.lanes.unrecorded();
        let state = lock(&self.state);
        let unrecorded = (unrecorded - state.unrecorded.min(unrecorded)) as u64;
        Trace::new(&state.registry, lanes, unrecorded)
    }

    /// Forgets what was recorded. Not that runs have begun that go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.node("only", (), || ());
    /// let mut graph = graph.build()?;
    /// let recorder = Arc::new(Recorder::new());
    /// for frame in 0..10 {
    ///     recorder.clear();
    ///     graph.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// }
    /// assert_eq!(recorder.trace().spans().count(), 1); // of the last frame
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear(&self) {
        let mut state = lock(&self.state);
        state.from = self.lanes.iter().map(|lane| lane.ring.written()).collect();
        state.unrecorded = self.lanes.unrecorded();
        state.registry.clear();
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Recorder {
    fn run_begins(&self, run: &RunInfo<'_>) {
        let now = clock::now();
        lock(&self.state).registry.begins(run, now);
    }

    fn run_ends(&self, run: &RunInfo<'_>, outcome: RunOutcome) {
        let now = clock::now();
        lock(&self.state).registry.ends(run, outcome, now);
    }

    #[inline]
    fn node_waits(&self, node: &NodeInfo<'_>) {
        let word = kind::pack(Kind::Waits, node.id());
        self.lanes.push(node.worker(), [word, node.run().number(), node.since, node.now]);
    }

    #[inline]
    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        let word = kind::pack(Kind::Ended(outcome), node.id());
        self.lanes.push(node.worker(), [word, node.run().number(), node.since, node.now]);
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        let about = match reason {
            SkipReason::DependencyFailed { culprit: other } | SkipReason::NotChosen { because_of: other } => {
                other.get().into()
            }
            _ => 0,
        };
        let word = kind::pack(Kind::Skipped(reason), node.id());
        self.lanes.push(node.worker(), [word, node.run().number(), node.now, about]);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("threads", &self.lanes.iter().count()).finish_non_exhaustive()
    }
}
