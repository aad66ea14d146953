//! The way of a node through a run: from the ready set to a thread, through a body, to its successors.

use super::node_word::NodeWord;
use super::{Run, WorkEnd};
use crate::NodeId;
use crate::ready_set::Batch;
use crate::sync::{AtomicU32, AtomicUsize, Ordering};

impl<N: AsRef<[AtomicU32]>, W: AsRef<[AtomicUsize]>> Run<'_, N, W> {
    pub(super) fn words(&self) -> impl Iterator<Item = NodeWord<'_>> {
        self.words.as_ref().iter().map(NodeWord)
    }

    #[inline]
    fn word(&self, node: NodeId) -> NodeWord<'_> {
        NodeWord(&self.words.as_ref()[node.index()])
    }

    #[inline]
    pub(super) fn position(&self, node: NodeId) -> u32 {
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
    pub(super) fn tell(&self) {
        if let Some(notify) = self.notify {
            notify();
        }
    }

    pub(super) fn work_in(&self, epoch: u32, body: &mut impl FnMut(NodeId)) -> WorkEnd {
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
    pub(super) fn drain(&self, node: NodeId) -> Option<NodeId> {
        let mut next = node;
        while self.state.look_with_a_node().is_stopping() {
            self.state.cut();
            next = self.complete_and_take_any(next)?;
        }
        Some(next)
    }

    /// A ready node, also of a stopped run.
    #[inline]
    pub(super) fn take_any(&self) -> Option<NodeId> {
        self.ready.take().map(|position| self.won(position))
    }

    #[inline]
    pub(super) fn complete_and_take_any(&self, node: NodeId) -> Option<NodeId> {
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
    pub(super) fn finish<const KEEP: bool>(&self, node: NodeId) -> Option<Kept> {
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
pub(super) struct Kept {
    node: NodeId,
    position: u32,
}

#[cold]
fn not_under_way(node: NodeId) -> ! {
    panic!("node {node} is not under way")
}
