//! A run that cores, threads and interrupt handlers share, without an operating system and without an
//! allocator.
//!
//! States, orderings, and why it is lock-free and safe in interrupts: README.md beside this file.

mod calls;
mod error;
#[cfg(all(test, dgraph_loom))]
mod litmus;
#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
mod models;
mod node_word;
mod nodes;
mod state;
mod status;

pub use error::{RunMemoryError, StillRunning};
pub use status::{RunStatus, WorkEnd};

use crate::ready_set::{ReadySet, ready_words};
use crate::sync::{AtomicU32, AtomicUsize};
use crate::{DagView, NodeId, Urgency};
use core::fmt;
use node_word::ARRIVALS;
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

impl<N, W: AsRef<[AtomicUsize]>> fmt::Debug for Run<'_, N, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("status", &self.status())
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
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
