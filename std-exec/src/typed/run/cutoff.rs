//! Early cutoff: which nodes of an update run, decided when those before them are complete, and what an
//! update leaves that has been stopped before that. What is known of each node: `memory/cutoffs.rs`.

use super::execution::Execution;
use crate::sync::thrown;
use crate::typed::data::graph_data::GraphData;
use crate::typed::handle::node::Node;
use crate::typed::memory::cutoffs::Cutoffs;
use crate::typed::memory::errors::Payload;
use crate::typed::memory::status::{Outcome, Status};
use crate::typed::memory::watch::Watch;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Execution<'_> {
    /// Which nodes of an update stay as they are.
    fn cutoffs(&self) -> Option<&Cutoffs> {
        self.parts.rare?.cutoffs.as_ref()
    }

    /// What `node`, which is next, has come to if it keeps what it has of an earlier run, since nothing
    /// before it has changed. `None` if its status says whether it runs: if it had something, that is gone.
    ///
    /// # Safety
    ///
    /// As for [`Execution::node`].
    #[cold]
    pub(super) unsafe fn stays(&self, node: u32, signal: usize, is_news: bool) -> Option<Outcome> {
        let cutoffs = self.cutoffs()?;
        let before = self.parts.topology.predecessors(node).map(|before| before.node);
        if cutoffs.stays(node, is_news, before)? {
            self.frame.watch.iter().for_each(|watch| watch.idle(node));
            return Some(self.frame.statuses().settled(node));
        }
        let last = self.frame.statuses().get(node);
        self.frame.statuses().set(node, Status::NOT_RUN);
        if last != Status::VALUE {
            return None;
        }
        // SAFETY: its slot holds a value, as the status said, which only nodes behind it may use.
        if unsafe { cutoffs.put_aside(node, self.frame.slots) } {
            return None;
        }
        let drop = || {
            // SAFETY: as above; and the status says otherwise now.
            self.frame.prepare(node, || unsafe { self.parts.store.drop_result(node) });
            Outcome::Value
        };
        // SAFETY: the node is this thread's, by contract.
        match unsafe { self.guarded(node, signal, drop) } {
            Outcome::Value => None,
            panicked => Some(panicked),
        }
    }

    /// Compares what `node` has just given with what it gave before.
    ///
    /// # Safety
    ///
    /// As for [`Execution::node`]. The node has given a value, which nobody has used yet.
    ///
    /// # Panics
    ///
    /// If comparing them, or a destructor, panics. Then the node has panicked, and has no result.
    #[cold]
    pub(super) unsafe fn compared(&self, node: u32) {
        let Some(cutoffs) = self.cutoffs() else { return };
        if !cutoffs.has_aside(node) {
            return cutoffs.gave(node);
        }
        // SAFETY: by contract.
        self.frame.prepare(node, || unsafe { cutoffs.compare(node, self.frame.slots) });
    }
}

impl GraphData {
    /// Whether the results of `node` are compared, and the one that it has is equal to this value.
    pub(crate) fn has_equal<T>(&self, node: Node<T>, value: &T) -> bool {
        let compared = self.cutoffs().and_then(|cutoffs| cutoffs.compared(node.any().index));
        match (compared, self.store.get(node)) {
            // SAFETY: `get` has found that the handle is this graph's, so both are what the node may give.
            (Some(compared), Some(Ok(last))) => unsafe { compared.is_equal(last, value) },
            _ => false,
        }
    }

    /// Decides about the nodes that an update hasn't come to, as the run would have: those behind something
    /// that has changed, or wasn't decided about, lose what they have. What the first destructor that panics
    /// has thrown.
    #[cold]
    pub(super) fn end_cutoffs(&self, watch: Option<&Watch<'_>>) -> Option<Payload> {
        let cutoffs = self.cutoffs().filter(|cutoffs| cutoffs.is_open())?;
        let mut thrown = None;
        for node in self.topology.forward() {
            let before = self.topology.predecessors(node).map(|before| before.node);
            let undecided = cutoffs.is_undecided(node).then(|| cutoffs.stays(node, false, before)).flatten();
            if let (Some(true), Some(watch)) = (undecided, watch) {
                watch.idle(node);
            }
            let last = self.store.records.statuses.get(node);
            if undecided == Some(false) {
                self.store.records.statuses.set(node, Status::NOT_RUN);
            }
            let drop = || {
                if undecided == Some(false) && last == Status::VALUE {
                    // SAFETY: its slot holds a value, as the status said. Nobody uses it: there is no run.
                    unsafe { self.store.drop_result(node) };
                }
                // SAFETY: there is no run.
                unsafe { cutoffs.drop_aside(node, self.store.slots()) };
            };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
                self.store.records.statuses.set(node, Status::PANICKED);
                thrown = thrown::first(thrown, Some(payload));
            }
        }
        thrown
    }
}
