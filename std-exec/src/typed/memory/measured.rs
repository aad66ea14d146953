//! How long nodes take, as far as somebody wants to know.

use crate::sync::{AtomicUsize, Ordering, clock};
use dgraph_core::NodeId;
use std::time::Duration;

/// How long each node took when it last ran in a run that measured, in ticks of the clock; 0 if it never did.
/// While it runs: when it began.
#[derive(Default)]
pub(crate) struct Measured {
    ticks: Vec<AtomicUsize>,
}

impl Measured {
    pub(crate) fn reserve(&mut self, nodes: usize) {
        self.ticks.resize_with(nodes, || AtomicUsize::new(0));
    }

    /// None was ever measured.
    pub(crate) fn forget_all(&mut self) {
        self.ticks.iter_mut().for_each(|ticks| *ticks = AtomicUsize::new(0));
    }

    /// `node` begins so long after the run.
    pub(crate) fn begin(&self, node: NodeId, now: u64) {
        // Relaxed, here and below: each is written by the thread that runs the node, and read after the run.
        self.ticks[node.index()].store(word(now), Ordering::Relaxed);
    }

    /// `node`, which has begun, ends so long after the beginning of the run.
    pub(crate) fn end(&self, node: NodeId, now: u64) {
        let ticks = &self.ticks[node.index()];
        let took = word(now).saturating_sub(ticks.load(Ordering::Relaxed)).max(1);
        ticks.store(took, Ordering::Relaxed);
    }

    /// `node` has not come to its end.
    pub(crate) fn forget(&self, node: NodeId) {
        self.ticks[node.index()].store(0, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<Duration> {
        let ticks = self.ticks.get(node.index())?.load(Ordering::Relaxed);
        (ticks > 0).then(|| clock::duration(ticks as u64).max(Duration::from_nanos(1)))
    }
}

fn word(ticks: u64) -> usize {
    usize::try_from(ticks).unwrap_or(usize::MAX)
}
