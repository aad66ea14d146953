//! A run that cores, threads and interrupt handlers share, without an operating system and without an
//! allocator.
//!
//! States, orderings, and why it is lock-free and safe in interrupts: README.md beside this file.

#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
mod models;
mod node_word;
mod state;

use crate::ready_set::{Batch, ReadySet, ready_words};
use crate::sync::{AtomicU32, AtomicUsize, Ordering};
use crate::{DagView, NodeId, Urgency};
use core::fmt;
use node_word::{ARRIVALS, NodeWord};
use state::State;

/// A graph and the memory of its runs: any number of cores, threads and interrupt handlers run it together,
/// again and again.
///
/// [`start`](Self::start) begins a run. Then every core, thread or handler that has time calls
/// [`work`](Self::work), or [`take`](Self::take) and [`complete`](Self::complete), which are how a node is
/// begun by one and ended by another: a device is started by the taker, and its interrupt handler completes
/// the node. The most urgent ready node comes first: by an order given to [`by_urgency`](Self::by_urgency),
/// otherwise the one with the lowest number.
///
/// Every method can be called by everybody at any time, by an interrupt handler at any point of any other
/// call. There is no lock, and nothing waits, except [`work_until_over`](Self::work_until_over) for the end
/// of the run. The memory is at rest when a run is over, so the next one can start at once.
///
/// A body that panics, where panics unwind, keeps its node: the run doesn't end.
///
/// Needs 4 bytes and one to two bits per node.
///
/// # Examples
///
/// The array lengths stand in the type of a `StaticRun`:
///
/// ```
/// use core::sync::atomic::{AtomicU32, Ordering};
/// use dgraph_core::{NodeId, StaticDag, StaticRun, WorkEnd, ready_words};
///
/// const N: usize = 4;
/// static DAG: StaticDag<N, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
/// static RUN: StaticRun<N, { ready_words(N) }> = StaticRun::new(DAG.view());
/// static SUM: AtomicU32 = AtomicU32::new(0);
///
/// fn every_core() -> WorkEnd {
///     RUN.work(|node: NodeId| {
///         SUM.fetch_add(node.get(), Ordering::Relaxed);
///     })
/// }
/// RUN.start().unwrap();
/// assert_eq!(every_core(), WorkEnd::Over); // alone, so nobody else has a node that this one would have to wait for
/// assert_eq!(SUM.load(Ordering::Relaxed), 6);
/// ```
pub struct Run<'a, N, W> {
    dag: DagView<'a>,
    urgency: Option<Urgency<'a>>,
    words: N,
    ready: ReadySet<W>,
    state: State,
    sinks: u32,
    sinks_done: AtomicU32,
    notify: Option<fn()>,
}

/// A [`Run`] whose memory lies inside it, for a `static`: `N` nodes, and [`ready_words(N)`](ready_words)
/// words of ready bits.
///
/// # Examples
///
/// ```
/// use dgraph_core::{StaticDag, StaticRun, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// assert_eq!(RUN.dag().node_count(), 2);
/// ```
pub type StaticRun<const N: usize, const W: usize> = Run<'static, [AtomicU32; N], [AtomicUsize; W]>;

/// Why [`Run::work`] has returned.
///
/// # Examples
///
/// ```
/// use dgraph_core::{StaticDag, StaticRun, WorkEnd, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// RUN.start().unwrap();
/// let device = RUN.take().unwrap(); // is under way elsewhere
/// assert_eq!(RUN.work(|_| unreachable!()), WorkEnd::NothingReady);
/// RUN.complete(device);
/// assert_eq!(RUN.work(|_| {}), WorkEnd::Over);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkEnd {
    /// The run goes on, but what is left is under way elsewhere or depends on that.
    NothingReady,
    /// The run that went on when `work` was called is over; all that it did is visible to this thread. Also
    /// if none went on.
    Over,
}

/// The state of a [`Run`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{RunStatus, StaticDag, StaticRun, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// RUN.start().unwrap();
/// assert_eq!(RUN.status(), RunStatus::Running);
/// RUN.stop();
/// assert_eq!(RUN.status(), RunStatus::Stopping);
/// assert_eq!(RUN.take(), None); // passes over what is left
/// assert_eq!(RUN.status(), RunStatus::AtRest { cut: true });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// No run goes on.
    AtRest {
        /// Nodes of the last run were passed over, because it was stopped.
        cut: bool,
    },
    /// A run goes on.
    Running,
    /// A run is to stop: nothing new begins, and what is under way has not ended, or nobody has come by to
    /// pass over the rest.
    Stopping,
}

/// A run of this graph goes on, so another can't start.
///
/// # Examples
///
/// ```
/// use dgraph_core::{StaticDag, StaticRun, StillRunning, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// RUN.start().unwrap();
/// assert_eq!(RUN.start(), Err(StillRunning));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillRunning;

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a run of this graph goes on")
    }
}

impl core::error::Error for StillRunning {}

/// Why memory doesn't do for the runs of a graph.
///
/// # Examples
///
/// ```
/// use dgraph_core::sync::{AtomicU32, AtomicUsize};
/// use dgraph_core::{Run, RunMemoryError, StaticDag};
/// let dag: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// let mut words = [AtomicU32::new(0)];
/// let error = Run::in_memory(dag.view(), &mut words, &mut [AtomicUsize::new(0)]).unwrap_err();
/// assert_eq!(error, RunMemoryError::TooShort { slice: "words", needed: 2, given: 1 });
/// assert_eq!(error.to_string(), "words has 1 elements, but 2 are needed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunMemoryError {
    /// A slice that the caller passed is too short.
    TooShort {
        /// The argument.
        slice: &'static str,
        /// The length that it must have at least.
        needed: usize,
        /// The length that it has.
        given: usize,
    },
    /// 2³⁰ edges or more lead to a node.
    InDegree {
        /// The node.
        node: NodeId,
    },
}

impl fmt::Display for RunMemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { slice, needed, given } => {
                write!(f, "{slice} has {given} elements, but {needed} are needed")
            }
            Self::InDegree { node } => write!(f, "2^30 edges or more lead to node {node}"),
        }
    }
}

impl core::error::Error for RunMemoryError {}

#[cfg(not(dgraph_loom))]
impl<'a, const N: usize, const W: usize> Run<'a, [AtomicU32; N], [AtomicUsize; W]> {
    /// Runs of `dag`, at rest, with memory of their own.
    ///
    /// # Panics
    ///
    /// If `N` is not the number of nodes, `W` is less than [`ready_words(N)`](ready_words), or 2³⁰ edges or
    /// more lead to a node. In a `static` each of these is a compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (0, 2)]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view());
    /// assert!(RUN.is_at_rest());
    /// ```
    #[must_use]
    pub const fn new(dag: DagView<'a>) -> Self {
        assert!(N == dag.node_count(), "a run needs as many words as the graph has nodes");
        assert!(crowded(dag).is_none(), "2^30 edges or more lead to a node");
        let words = [const { AtomicU32::new(0) }; N];
        Self::assemble(dag, words, ReadySet::new(N), State::new(), AtomicU32::new(0))
    }
}

impl<'a> Run<'a, &'a mut [AtomicU32], &'a mut [AtomicUsize]> {
    /// Runs of `dag`, at rest, in the caller's memory: of `words` one per node, and [`ready_words`] of
    /// `ready`.
    ///
    /// # Errors
    ///
    /// If there is less of either, or 2³⁰ edges or more lead to a node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::sync::{AtomicU32, AtomicUsize};
    /// use dgraph_core::{Dag, Run, ready_words};
    /// let dag = Dag::from_edges(300, &[(0, 1)])?;
    /// let mut words: Vec<_> = (0..300).map(|_| AtomicU32::new(0)).collect();
    /// let mut ready: Vec<_> = (0..ready_words(300)).map(|_| AtomicUsize::new(0)).collect();
    /// let run = Run::in_memory(dag.view(), &mut words, &mut ready)?;
    /// assert!(run.is_at_rest());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_memory(
        dag: DagView<'a>,
        words: &'a mut [AtomicU32],
        ready: &'a mut [AtomicUsize],
    ) -> Result<Self, RunMemoryError> {
        if let Some(node) = crowded(dag) {
            return Err(RunMemoryError::InDegree { node });
        }
        let nodes = dag.node_count();
        let (given, words) = (words.len(), words.get_mut(..nodes));
        let words = words.ok_or(RunMemoryError::TooShort { slice: "words", needed: nodes, given })?;
        words.iter_mut().for_each(|word| *word = AtomicU32::new(0));
        let (needed, given) = (ready_words(nodes), ready.len());
        let ready = ReadySet::in_memory(nodes, ready);
        let ready = ready.ok_or(RunMemoryError::TooShort { slice: "ready", needed, given })?;
        Ok(Self::assemble(dag, words, ready, State::new(), AtomicU32::new(0)))
    }
}

impl<'a, N, W> Run<'a, N, W> {
    /// Puts a run together from memory that is large enough and zero.
    const fn assemble(
        dag: DagView<'a>,
        words: N,
        ready: ReadySet<W>,
        state: State,
        sinks_done: AtomicU32,
    ) -> Self {
        Self { dag, urgency: None, words, ready, state, sinks: sinks(dag), sinks_done, notify: None }
    }

    /// Sets the order of ready nodes: the one with urgency 0 first. Without it, they come in the order of
    /// their numbers.
    ///
    /// # Panics
    ///
    /// If `urgency` is of another number of nodes; in a `static` this is a compile error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, StaticUrgency, ready_words};
    /// static DAG: StaticDag<3, 0> = StaticDag::new([]);
    /// static URGENCY: StaticUrgency<3> = StaticUrgency::from_order([2, 0, 1]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view()).by_urgency(URGENCY.view());
    /// RUN.start().unwrap();
    /// let mut order = Vec::new();
    /// let _ = RUN.work(|node| order.push(node.get()));
    /// assert_eq!(order, [2, 0, 1]);
    /// ```
    #[must_use]
    pub const fn by_urgency(mut self, urgency: Urgency<'a>) -> Self {
        assert!(
            urgency.node_count() == self.dag.node_count(),
            "an order of urgency of another number of nodes"
        );
        self.urgency = Some(urgency);
        self
    }

    /// Sets a function to call whenever nodes have been put where another core can take them, and at the end
    /// of a run: to send an event or an interrupt to cores that sleep. It runs wherever that happens, so in
    /// handlers too.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::{AtomicU32, Ordering};
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view()).notify(send_event);
    /// static EVENTS: AtomicU32 = AtomicU32::new(0);
    /// fn send_event() {
    ///     EVENTS.fetch_add(1, Ordering::Relaxed); // on Arm: dsb, sev
    /// }
    /// RUN.start().unwrap();
    /// let _ = RUN.work(|_| {});
    /// assert_eq!(EVENTS.load(Ordering::Relaxed), 2); // node 0; the end. Node 1 was kept by this thread
    /// ```
    #[must_use]
    pub const fn notify(mut self, notify: fn()) -> Self {
        self.notify = Some(notify);
        self
    }

    /// The graph.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
    /// assert_eq!(RUN.dag().edge_count(), 1);
    /// ```
    #[inline]
    #[must_use]
    pub const fn dag(&self) -> DagView<'a> {
        self.dag
    }

    /// Asks the run that goes on to end: no node begins any more. What is left is passed over by the next
    /// call of [`work`](Self::work) or [`take`](Self::take); nodes under way are completed as ever. False if
    /// no run goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, RunStatus, StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view());
    /// RUN.start().unwrap();
    /// let mut ran = 0;
    /// let _ = RUN.work(|node| {
    ///     ran += 1;
    ///     if node == NodeId::new(1) {
    ///         RUN.stop();
    ///     }
    /// });
    /// assert_eq!((ran, RUN.status()), (2, RunStatus::AtRest { cut: true }));
    /// ```
    pub fn stop(&self) -> bool {
        self.state.stop()
    }

    /// The state of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{RunStatus, StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
    /// assert_eq!(RUN.status(), RunStatus::AtRest { cut: false });
    /// ```
    #[must_use]
    pub fn status(&self) -> RunStatus {
        let seen = self.state.look();
        if !seen.is_running() {
            RunStatus::AtRest { cut: seen.is_cut() }
        } else if seen.is_stopping() {
            RunStatus::Stopping
        } else {
            RunStatus::Running
        }
    }
}

impl<N: AsRef<[AtomicU32]>, W: AsRef<[AtomicUsize]>> Run<'_, N, W> {
    /// Begins a run: the nodes that depend on nothing are ready. O(roots).
    ///
    /// # Errors
    ///
    /// [`StillRunning`] if a run goes on, stopped or not.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, WorkEnd, ready_words};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view());
    /// let mut ran = 0;
    /// for _ in 0..100 {
    ///     RUN.start()?;
    ///     assert_eq!(RUN.work(|_| ran += 1), WorkEnd::Over);
    /// }
    /// assert_eq!(ran, 300);
    /// # Ok::<(), dgraph_core::StillRunning>(())
    /// ```
    pub fn start(&self) -> Result<(), StillRunning> {
        if !self.state.begin() {
            return Err(StillRunning);
        }
        let mut roots = Batch::default();
        for &root in self.dag.roots() {
            roots.add(self.position(root), &self.ready);
        }
        roots.insert(&self.ready);
        if self.dag.node_count() == 0 {
            self.state.end();
        }
        self.tell();
        Ok(())
    }

    /// A ready node, the most urgent one: the caller has it now, and it, or somebody to whom it hands the
    /// number on, calls [`complete`](Self::complete) in the end. `None` if nothing is ready. If the run has
    /// been stopped, passes over all that is ready or becomes so.
    ///
    /// What the node depends on is complete, and visible to the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (1, 2)]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view());
    /// RUN.start().unwrap();
    /// assert_eq!(RUN.take(), Some(NodeId::new(0)));
    /// assert_eq!(RUN.take(), Some(NodeId::new(1)));
    /// assert_eq!(RUN.take(), None); // node 2 waits for both
    /// ```
    #[inline]
    #[must_use]
    pub fn take(&self) -> Option<NodeId> {
        let node = self.take_any()?;
        if !self.state.look_with_a_node().is_stopping() { Some(node) } else { self.drain(node) }
    }

    /// Says that `node`, which somebody has taken, is complete. From anywhere.
    ///
    /// # Panics
    ///
    /// If nobody has the node: it wasn't taken, or it is complete already. With the check go two calls for
    /// the same node at the same moment, one of which it may miss; then the run is of no use any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{NodeId, StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
    /// RUN.start().unwrap();
    /// let node = RUN.take().unwrap();
    /// std::thread::spawn(move || RUN.complete(node)).join().unwrap(); // the device's interrupt
    /// assert_eq!(RUN.take(), Some(NodeId::new(1)));
    /// ```
    #[inline]
    pub fn complete(&self, node: NodeId) {
        self.finish::<false>(node);
    }

    /// [Completes](Self::complete) `node` and [takes](Self::take) the next one; a node that has become ready
    /// is handed over directly, if none is more urgent.
    ///
    /// # Panics
    ///
    /// As `complete`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view());
    /// RUN.start().unwrap();
    /// let (mut next, mut ran) = (RUN.take(), 0);
    /// while let Some(node) = next {
    ///     ran += 1;
    ///     next = RUN.complete_and_take(node);
    /// }
    /// assert_eq!(ran, 3);
    /// ```
    #[inline]
    #[must_use]
    pub fn complete_and_take(&self, node: NodeId) -> Option<NodeId> {
        let node = self.complete_and_take_any(node)?;
        if !self.state.look_with_a_node().is_stopping() { Some(node) } else { self.drain(node) }
    }

    /// Runs `body` for one ready node after the other, the most urgent first, and completes it, until nothing
    /// is ready or the run is over. Takes part in the run that goes on when it is called, not in later ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
    /// static RUN: StaticRun<4, { ready_words(4) }> = StaticRun::new(DAG.view());
    /// static SUM: AtomicU32 = AtomicU32::new(0);
    /// RUN.start().unwrap();
    /// std::thread::scope(|scope| {
    ///     for _core in 0..3 {
    ///         scope.spawn(|| RUN.work(|node| { SUM.fetch_add(node.get(), Ordering::Relaxed); }));
    ///     }
    /// });
    /// assert_eq!(SUM.load(Ordering::Relaxed), 6);
    /// ```
    #[inline]
    pub fn work(&self, mut body: impl FnMut(NodeId)) -> WorkEnd {
        let seen = self.state.look();
        if seen.is_running() { self.work_in(seen.epoch(), &mut body) } else { WorkEnd::Over }
    }

    /// [Works](Self::work) until the run is over, and calls `idle` whenever nothing is ready: to wait for an
    /// event or an interrupt, in such a way that one which comes between the last look and the call isn't
    /// missed. Not for interrupt handlers: one would wait for ever for what it has interrupted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
    /// static RUN: StaticRun<4, { ready_words(4) }> = StaticRun::new(DAG.view());
    /// static RAN: AtomicU32 = AtomicU32::new(0);
    /// RUN.start().unwrap();
    /// std::thread::scope(|scope| {
    ///     for _core in 0..3 {
    ///         let body = |_| { RAN.fetch_add(1, Ordering::Relaxed); };
    ///         scope.spawn(move || {
    ///             RUN.work_until_over(body, std::thread::yield_now);
    ///             assert_eq!(RAN.load(Ordering::Relaxed), 4);
    ///         });
    ///     }
    /// });
    /// ```
    pub fn work_until_over(&self, mut body: impl FnMut(NodeId), mut idle: impl FnMut()) {
        let seen = self.state.look();
        while seen.is_running() && self.work_in(seen.epoch(), &mut body) == WorkEnd::NothingReady {
            idle();
        }
    }

    /// Whether a node is ready. A core that is about to sleep asks this once more with its interrupts masked.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
    /// assert!(!RUN.has_ready());
    /// RUN.start().unwrap();
    /// assert!(RUN.has_ready());
    /// ```
    #[must_use]
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many nodes of the run are complete, those that were passed over included; at rest, of the last
    /// run. O(V), and a look: others go on meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (1, 2)]);
    /// static RUN: StaticRun<3, { ready_words(3) }> = StaticRun::new(DAG.view());
    /// RUN.start().unwrap();
    /// let mut seen = Vec::new();
    /// let _ = RUN.work(|_| seen.push(RUN.completed()));
    /// assert_eq!(seen, [0, 1, 2]);
    /// ```
    #[must_use]
    pub fn completed(&self) -> usize {
        let seen = self.state.look();
        if seen.epoch() == 0 {
            return 0;
        }
        self.words().filter(|word| word.has_parity(seen.parity())).count()
    }

    /// Whether no run goes on and all memory is as it is between runs. O(V); for checks and tests.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{StaticDag, StaticRun, ready_words};
    /// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
    /// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
    /// RUN.start().unwrap();
    /// assert!(!RUN.is_at_rest());
    /// let _ = RUN.work(|_| {});
    /// assert!(RUN.is_at_rest());
    /// ```
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let seen = self.state.look();
        let complete = |word: NodeWord<'_>| word.is_at_rest() && word.has_parity(seen.parity());
        let nothing_counted = self.sinks_done.load(Ordering::Relaxed) == 0;
        !seen.is_running() && nothing_counted && self.ready.is_empty() && self.words().all(complete)
    }

    fn words(&self) -> impl Iterator<Item = NodeWord<'_>> {
        self.words.as_ref().iter().map(NodeWord)
    }

    #[inline]
    fn word(&self, node: NodeId) -> NodeWord<'_> {
        NodeWord(&self.words.as_ref()[node.index()])
    }

    #[inline]
    fn position(&self, node: NodeId) -> u32 {
        match self.urgency {
            Some(urgency) => urgency.position(node),
            None => node.get(),
        }
    }

    /// The node in this position, which this thread has won.
    #[inline]
    fn won(&self, position: u32) -> NodeId {
        let node = match self.urgency {
            Some(urgency) => urgency.node(position),
            None => NodeId::new(position),
        };
        self.word(node).take();
        node
    }

    #[inline]
    fn tell(&self) {
        if let Some(notify) = self.notify {
            notify();
        }
    }

    fn work_in(&self, epoch: u32, body: &mut impl FnMut(NodeId)) -> WorkEnd {
        let mut next = self.take_any();
        while let Some(node) = next {
            let seen = self.state.look_with_a_node();
            if seen.epoch() != epoch {
                self.put_back(node);
                return WorkEnd::Over;
            }
            if seen.is_stopping() {
                if let Some(later) = self.drain(node) {
                    self.put_back(later);
                }
                break;
            }
            body(node);
            next = self.complete_and_take_any(node);
        }
        let seen = self.state.look();
        if seen.is_running() && seen.epoch() == epoch { WorkEnd::NothingReady } else { WorkEnd::Over }
    }

    /// This thread came for another run than that of `node`, which it has won.
    #[cold]
    fn put_back(&self, node: NodeId) {
        self.word(node).put_back();
        self.ready.insert(self.position(node));
        self.tell();
    }

    /// Passes over `node` and what else there is, as long as its run is stopped. A node of a later run, if
    /// one comes meanwhile.
    #[cold]
    fn drain(&self, node: NodeId) -> Option<NodeId> {
        let mut next = node;
        while self.state.look_with_a_node().is_stopping() {
            self.state.cut();
            next = self.complete_and_take_any(next)?;
        }
        Some(next)
    }

    /// A ready node, also of a stopped run.
    #[inline]
    fn take_any(&self) -> Option<NodeId> {
        self.ready.take().map(|position| self.won(position))
    }

    #[inline]
    fn complete_and_take_any(&self, node: NodeId) -> Option<NodeId> {
        let Some(kept) = self.finish::<true>(node) else {
            return self.take_any();
        };
        match self.ready.take_below(kept.position) {
            None => {
                self.word(kept.node).take();
                Some(kept.node)
            }
            Some(before) => {
                self.ready.insert(kept.position);
                self.tell();
                Some(self.won(before))
            }
        }
    }

    /// `node` is complete. Inserts all that this makes ready; with `KEEP` all but the most urgent one, which
    /// it returns.
    #[inline]
    fn finish<const KEEP: bool>(&self, node: NodeId) -> Option<Kept> {
        if !self.word(node).complete() {
            not_under_way(node);
        }
        let row = self.dag.successors(node);
        if row.is_empty() {
            self.sink_done();
            return None;
        }
        let (mut kept, mut batch, mut inserted) = (None, Batch::default(), false);
        for edge in row {
            let target = edge.target();
            if edge.is_sole() || self.word(target).arrive(self.dag.in_degree(target)) {
                let mut ready = Kept { node: target, position: self.position(target) };
                if KEEP {
                    match &mut kept {
                        None => {
                            kept = Some(ready);
                            continue;
                        }
                        Some(kept) if ready.position < kept.position => core::mem::swap(kept, &mut ready),
                        Some(_) => {}
                    }
                }
                batch.add(ready.position, &self.ready);
                inserted = true;
            }
        }
        if inserted {
            batch.insert(&self.ready);
            self.tell();
        }
        kept
    }

    #[inline]
    fn sink_done(&self) {
        let others = self.sinks - 1;
        // Ordering: Release hands what this node and those before it have done to the one that counts the
        // last sink; Acquire takes it, each continuing the release sequences of the ones before. Partner:
        // this line.
        let last = self.sinks_done.load(Ordering::Acquire) == others
            || self.sinks_done.fetch_add(1, Ordering::AcqRel) == others;
        if last {
            // Relaxed: `end` hands this to the next run.
            self.sinks_done.store(0, Ordering::Relaxed);
            self.state.end();
            self.tell();
        }
    }
}

/// A node that is ready, and not in the set.
#[derive(Clone, Copy)]
struct Kept {
    node: NodeId,
    position: u32,
}

impl<N, W: AsRef<[AtomicUsize]>> fmt::Debug for Run<'_, N, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("status", &self.status())
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

#[cold]
fn not_under_way(node: NodeId) -> ! {
    panic!("node {node} is not under way")
}

/// How many nodes have no successors.
const fn sinks(dag: DagView<'_>) -> u32 {
    let (mut sinks, mut node) = (0, 0);
    while node < dag.node_count() {
        let (start, end) = dag.row(node);
        sinks += (start == end) as u32;
        node += 1;
    }
    sinks
}

/// A node to which more edges lead than its word can count.
#[allow(clippy::cast_possible_truncation, reason = "node numbers have 32 bits")]
const fn crowded(dag: DagView<'_>) -> Option<NodeId> {
    let mut node = 0;
    while node < dag.node_count() {
        if dag.in_degrees()[node] > ARRIVALS {
            return Some(NodeId::new(node as u32));
        }
        node += 1;
    }
    None
}
