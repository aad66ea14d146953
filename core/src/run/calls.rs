//! What cores, threads and handlers call: to begin a run, to take nodes and to complete them.

use super::node_word::NodeWord;
use super::{Run, StillRunning, WorkEnd};
use crate::NodeId;
use crate::ready_set::Batch;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

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
}
