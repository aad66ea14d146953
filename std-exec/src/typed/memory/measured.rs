//! How long nodes take, as far as somebody wants to know.

use crate::sync::{AtomicUsize, Ordering};
use dgraph_core::NodeId;
use std::time::Duration;

/// How long each node took when it last ran in a run that measured, in nanoseconds; 0 if it never did. While
/// it runs: when it began.
#[derive(Default)]
pub(crate) struct Measured {
    nanos: Vec<AtomicUsize>,
}

impl Measured {
    pub(crate) fn reserve(&mut self, nodes: usize) {
        self.nanos.resize_with(nodes, || AtomicUsize::new(0));
    }

    /// `node` begins at this moment of the run.
    pub(crate) fn begin(&self, node: u32, now: Duration) {
        // Relaxed, here and below: each is written by the thread that runs the node, and read after the run.
        self.nanos[node as usize].store(nanos(now), Ordering::Relaxed);
    }

    /// `node`, which has begun, ends at this moment of the run.
    pub(crate) fn end(&self, node: u32, now: Duration) {
        let took = nanos(now).saturating_sub(self.nanos[node as usize].load(Ordering::Relaxed)).max(1);
        self.nanos[node as usize].store(took, Ordering::Relaxed);
    }

    /// `node` has not come to its end.
    pub(crate) fn forget(&self, node: u32) {
        self.nanos[node as usize].store(0, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<Duration> {
        let nanos = self.nanos.get(node.index())?.load(Ordering::Relaxed);
        (nanos > 0).then(|| Duration::from_nanos(nanos as u64))
    }
}

fn nanos(time: Duration) -> usize {
    usize::try_from(time.as_nanos()).unwrap_or(usize::MAX)
}
