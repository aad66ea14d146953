//! When each node started and ended in a run.

use crate::plan::{Kind, Plan};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A node that failed or panicked has no end.
pub(crate) struct Stamps {
    clock: AtomicU32,
    started: Vec<AtomicU32>,
    ended: Vec<AtomicU32>,
}

impl Stamps {
    pub(crate) fn new(nodes: usize) -> Self {
        let none = || (0..nodes).map(|_| AtomicU32::new(0)).collect();
        Self { clock: AtomicU32::new(1), started: none(), ended: none() }
    }

    pub(crate) fn start(&self, node: usize) {
        let before = self.started[node].swap(self.clock.fetch_add(1, Relaxed), Relaxed);
        assert_eq!(before, 0, "node {node} started twice in a run");
    }

    pub(crate) fn end(&self, node: usize) {
        self.ended[node].store(self.clock.fetch_add(1, Relaxed), Relaxed);
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.ended.iter().all(|end| end.load(Relaxed) != 0)
    }

    /// The nodes that have started, in the order in which they did.
    pub(crate) fn order(&self) -> Vec<usize> {
        let start = |node: usize| self.started[node].load(Relaxed);
        let mut started: Vec<usize> = (0..self.started.len()).filter(|&node| start(node) != 0).collect();
        started.sort_by_key(|&node| start(node));
        started
    }

    /// Checks that whoever started did so after the end of all that it depends on; of `all`, or as far as
    /// that has run at all in this run, which may be one of a part of the graph. And forgets it.
    pub(crate) fn check_order(&mut self, plan: &Plan, all: bool) {
        let of = |stamps: &[AtomicU32], node: usize| stamps[node].load(Relaxed);
        for &(u, v, kind) in &plan.edges {
            let (u, v) = (usize::from(u), usize::from(v));
            let (first, end, start) = (of(&self.started, u), of(&self.ended, u), of(&self.started, v));
            // One that may have failed, or was cut off, has no end.
            let may_fail = kind == Kind::Waits || kind.is_in_any_case();
            let ended = if may_fail && end == 0 { first } else { end };
            // Who has begun may not have come to its stamp.
            let in_order = ended != 0 && ended < start || kind == Kind::Starts && first != 0;
            let in_order = start == 0 || (first == 0 && !all) || in_order;
            assert!(in_order, "node {v} started at {start}, {u}, which it depends on, {first} to {end}");
        }
        *self = Self::new(plan.len());
    }
}
