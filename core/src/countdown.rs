//! The atomic countdown: who makes a node ready, when several threads finish its predecessors at once.
//!
//! ```text
//!            arrive, not the last            arrive, the last one
//!   in-degree ──────────────────▶ … ──▶ 1 ──────────────────────▶ in-degree again
//!   (at rest)        RMW                     load only              (at rest)
//! ```
//!
//! A counter starts at its node's in-degree, each predecessor arrives once, and the last to arrive puts the
//! in-degree back: a finished run leaves every counter as it found it, and no pass over the graph precedes a
//! run.
//!
//! The thread that reads 1 (or, arriving for several at once, their number) is the last: every other
//! predecessor has already arrived, so nobody else can touch the counter any more, and no read-modify-write
//! is needed. An arrival that isn't last needs one. Edges that are marked as their target's only one
//! ([`Edge::is_sole`](crate::Edge::is_sole)) need no counter at all.

use crate::sync::{AtomicU32, Ordering};
use crate::{DagView, NodeId};
use core::fmt;

/// One counter per node, at rest between runs. Copyable: every worker of a run has one.
///
/// # Examples
///
/// ```
/// use core::sync::atomic::AtomicU32;
/// use dgraph_core::{Countdown, StaticDag};
///
/// static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (1, 3), (2, 3)]);
/// let mut counters = [const { AtomicU32::new(0) }; 4];
/// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
/// // A scheduler for one thread. Several would share the ready nodes.
/// let (mut ready, mut ran) = (DAG.view().roots().to_vec(), Vec::new());
/// while let Some(node) = ready.pop() {
///     ran.push(node.get());
///     countdown.complete(node, |next| ready.push(next));
/// }
/// assert_eq!(ran, [0, 2, 1, 3]);
/// assert!(countdown.is_at_rest()); // so the graph can be run again
/// ```
#[derive(Clone, Copy)]
pub struct Countdown<'a> {
    dag: DagView<'a>,
    counters: &'a [AtomicU32],
}

impl<'a> Countdown<'a> {
    /// Sets the first `dag.node_count()` of `counters` to the in-degrees of `dag`. `None` if there are fewer.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (1, 2)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 3];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// assert!(!countdown.arrive(NodeId::new(2))); // node 0 is done
    /// assert!(countdown.arrive(NodeId::new(2))); // node 1 is done: node 2 is ready
    /// ```
    pub fn new(dag: DagView<'a>, counters: &'a mut [AtomicU32]) -> Option<Self> {
        let counters = counters.get_mut(..dag.node_count())?;
        for (counter, &in_degree) in counters.iter_mut().zip(dag.in_degrees()) {
            *counter = AtomicU32::new(in_degree);
        }
        Some(Self { dag, counters })
    }

    /// A countdown over the first `dag.node_count()` of `counters` as an earlier one of this graph has left
    /// them, at rest or in the middle of a run. `None` if there are fewer. So a graph and its counters can
    /// lie side by side in one struct, and whoever has a reference to it can count.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, Dag, NodeId};
    ///
    /// struct Run {
    ///     dag: Dag,
    ///     counters: Box<[AtomicU32]>,
    /// }
    ///
    /// impl Run {
    ///     fn new(dag: Dag) -> Self {
    ///         let mut counters: Box<_> = dag.view().in_degrees().iter().map(|_| AtomicU32::new(0)).collect();
    ///         Countdown::new(dag.view(), &mut counters); // sets them
    ///         Self { dag, counters }
    ///     }
    ///
    ///     /// What is ready now that `node` is done.
    ///     fn complete(&self, node: u32) -> Vec<NodeId> {
    ///         let countdown = Countdown::over(self.dag.view(), &self.counters).expect("one for each node");
    ///         let mut ready = Vec::new();
    ///         countdown.complete(NodeId::new(node), |node| ready.push(node));
    ///         ready
    ///     }
    /// }
    ///
    /// let run = Run::new(Dag::from_edges(3, &[(0, 2), (1, 2)])?);
    /// assert_eq!(run.complete(0), []);
    /// assert_eq!(run.complete(1), [NodeId::new(2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn over(dag: DagView<'a>, counters: &'a [AtomicU32]) -> Option<Self> {
        Some(Self { dag, counters: counters.get(..dag.node_count())? })
    }

    /// A countdown over counters that are at rest already, so that nothing is written.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn at_rest(dag: DagView<'a>, counters: &'a [AtomicU32]) -> Self {
        debug_assert_eq!(dag.node_count(), counters.len());
        Self { dag, counters }
    }

    /// Says that a predecessor of `node` is done, once for each edge. True for the last one: `node` is ready,
    /// all that its predecessors wrote is visible to this thread, and the counter is at rest again. Arriving
    /// more often than the node has edges, or at a root, leaves the counter wrong.
    ///
    /// # Panics
    ///
    /// If the graph has no such node. With debug assertions also at a root.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (1, 2)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 3];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// let last = std::thread::scope(|scope| {
    ///     // Nodes 0 and 1 end on two threads: exactly one of them starts node 2.
    ///     let threads = [0, 1].map(|_| scope.spawn(|| countdown.arrive(NodeId::new(2))));
    ///     threads.map(|thread| thread.join().unwrap())
    /// });
    /// assert!(last[0] != last[1]);
    /// ```
    #[inline]
    #[must_use]
    pub fn arrive(self, node: NodeId) -> bool {
        self.arrive_many(node, 1)
    }

    /// Says at once what `count` calls of [`arrive`](Self::arrive) would say one after the other. `count` is
    /// not 0.
    ///
    /// # Panics
    ///
    /// If the graph has no such node. With debug assertions also if `count` is 0, or more than the edges that
    /// lead to the node.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<4, 3> = StaticDag::new([(0, 3), (1, 3), (2, 3)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 4];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// assert!(!countdown.arrive_many(NodeId::new(3), 2)); // nodes 0 and 1 are done
    /// assert!(countdown.arrive(NodeId::new(3))); // node 2 is done: node 3 is ready
    /// ```
    #[inline]
    #[must_use]
    pub fn arrive_many(self, node: NodeId, count: u32) -> bool {
        debug_assert_ne!(count, 0, "not an arrival");
        debug_assert!(self.dag.in_degree(node) >= count, "more arrivals than edges");
        let counter = &self.counters[node.index()];
        // Ordering: Acquire pairs with the Release half of the other predecessors' `fetch_sub` below. Each of
        // these continues the release sequences of the ones before it, so reading the last one's value is
        // enough.
        let last = counter.load(Ordering::Acquire) == count
            // Ordering: Release hands what these predecessors wrote to the last one; Acquire, in case they
            // turn out to be the last ones after all, takes what the others wrote. Partner: the load above
            // and this line.
            || counter.fetch_sub(count, Ordering::AcqRel) == count;
        if last {
            // Relaxed is enough: nobody else touches this counter before the next run, and what lets that
            // start (the end of this run) orders the two.
            counter.store(self.dag.in_degree(node), Ordering::Relaxed);
        }
        last
    }

    /// Says that `node` is done, and calls `ready` for each node that this makes ready, in the order of the
    /// edges.
    ///
    /// # Panics
    ///
    /// If the graph has no such node.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<4, 4> = StaticDag::new([(0, 1), (0, 2), (0, 3), (1, 3)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 4];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// let mut ready = Vec::new();
    /// countdown.complete(NodeId::new(0), |node| ready.push(node.get()));
    /// assert_eq!(ready, [1, 2]); // node 3 waits for node 1
    /// ```
    #[inline]
    pub fn complete(self, node: NodeId, mut ready: impl FnMut(NodeId)) {
        for edge in self.dag.successors(node) {
            if edge.is_sole() || self.arrive(edge.target()) {
                ready(edge.target());
            }
        }
    }

    /// Sets the counters as if exactly the nodes that are not `left` were complete, and calls `ready` for
    /// each of those left that is ready then, in that order. `left` gives each node once, and with a node all
    /// that depend on it. The counters must be at rest, and nobody else may use them meanwhile. O(V + E) of
    /// what is left.
    ///
    /// # Panics
    ///
    /// If the graph has no such nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<4, 3> = StaticDag::new([(0, 2), (1, 3), (2, 3)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 4];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// let mut ready = Vec::new();
    /// countdown.resume(DAG.view().order()[2..].iter().copied(), |node| ready.push(node)); // 0 and 1 are done
    /// assert_eq!(ready, [NodeId::new(2)]);
    /// assert!(countdown.arrive(NodeId::new(3))); // 1 has arrived already
    /// ```
    pub fn resume(self, left: impl Iterator<Item = NodeId> + Clone, mut ready: impl FnMut(NodeId)) {
        // Relaxed throughout: nobody else uses the counters now; what hands `ready` nodes on publishes them.
        for node in left.clone() {
            self.counters[node.index()].store(0, Ordering::Relaxed);
        }
        for node in left.clone() {
            for edge in self.dag.successors(node) {
                let counter = &self.counters[edge.target().index()];
                counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            }
        }
        for node in left {
            let counter = &self.counters[node.index()];
            if counter.load(Ordering::Relaxed) == 0 {
                counter.store(self.dag.in_degree(node), Ordering::Relaxed);
                ready(node);
            }
        }
    }

    /// The graph that this counts for.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, StaticDag};
    ///
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 1), (0, 2)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 3];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// assert_eq!(countdown.dag().roots().len(), 1); // where a run begins
    /// ```
    #[inline]
    #[must_use]
    pub fn dag(self) -> DagView<'a> {
        self.dag
    }

    /// Whether every counter is back at its in-degree, as it is between runs. O(V); for checks and tests.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::AtomicU32;
    /// use dgraph_core::{Countdown, NodeId, StaticDag};
    ///
    /// static DAG: StaticDag<3, 2> = StaticDag::new([(0, 2), (1, 2)]);
    /// let mut counters = [const { AtomicU32::new(0) }; 3];
    /// let countdown = Countdown::new(DAG.view(), &mut counters).unwrap();
    /// countdown.complete(NodeId::new(0), |_| unreachable!("node 2 waits for node 1"));
    /// assert!(!countdown.is_at_rest()); // in the middle of a run
    /// countdown.complete(NodeId::new(1), |_| {});
    /// assert!(countdown.is_at_rest());
    /// ```
    #[must_use]
    pub fn is_at_rest(self) -> bool {
        let mut pairs = self.counters.iter().zip(self.dag.in_degrees());
        pairs.all(|(counter, &in_degree)| counter.load(Ordering::Relaxed) == in_degree)
    }
}

impl fmt::Debug for Countdown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.counters.iter().map(|counter| counter.load(Ordering::Relaxed))).finish()
    }
}
