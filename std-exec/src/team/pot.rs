//! Ready nodes of members that had to leave, for whoever stays or comes.

use crate::protocol::member::BATCH;
use crate::sync::{AtomicBool, Mutex, Ordering, Pause};
use dgraph_core::NodeId;

/// Ready nodes of members that had to leave, for the threads that stay or come. Hardly ever used: a lock is
/// good enough.
#[derive(Debug)]
pub(crate) struct Pot {
    any: AtomicBool,
    nodes: Mutex<Vec<NodeId>>,
    pause: Pause,
}

impl Pot {
    pub(super) fn new(pause: Pause) -> Self {
        Self { any: AtomicBool::new(false), nodes: Mutex::new(Vec::new()), pause }
    }

    /// Whether there are any. Certain after a `SeqCst` fence for members that have posted since they put some
    /// in; otherwise a hint.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Puts nodes in.
    pub(crate) fn add(&self, nodes: impl IntoIterator<Item = NodeId>) {
        let mut here = self.pause.lock(&self.nodes);
        here.extend(nodes);
        self.any.store(!here.is_empty(), Ordering::Relaxed);
    }

    /// Takes some nodes out, those first that came last.
    pub(crate) fn take(&self, each: impl FnMut(NodeId)) {
        let mut here = self.pause.lock(&self.nodes);
        let left = here.len().saturating_sub(BATCH);
        here.drain(left..).for_each(each);
        self.any.store(!here.is_empty(), Ordering::Relaxed);
    }

    /// Has these nodes, and nothing else.
    pub(super) fn fill(&self, nodes: &mut Vec<NodeId>) {
        let mut here = self.pause.lock(&self.nodes);
        std::mem::swap(&mut *here, nodes);
        self.any.store(!here.is_empty(), Ordering::Relaxed);
    }

    /// Gives back all that it has.
    pub(super) fn empty(&self, nodes: &mut Vec<NodeId>) {
        self.fill(nodes);
    }
}
