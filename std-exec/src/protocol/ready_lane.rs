//! The ready nodes of a run that demand the same, the most urgent first.
//!
//! Behind the lock of the [queue](super::ready_queue): core's ready set, as whoever has it alone uses it.

use dgraph_core::ReadySet;
use dgraph_core::sync::AtomicUsize;
use std::sync::Arc;

/// Nodes are *positions* here: 0 is the most urgent of all that demand this.
#[derive(Debug)]
pub(crate) struct Lane {
    limits: Arc<[u32]>,
    /// Where its nodes begin in the list of all, and how many they are.
    start: usize,
    nodes: usize,
    /// The most urgent one that is ready. So a lane in which they come one after the other never touches the set.
    first: Option<u32>,
    /// What else is ready.
    others: ReadySet<Box<[AtomicUsize]>>,
}

impl Clone for Lane {
    /// One in which nothing is ready.
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.limits), self.start, self.nodes)
    }
}

impl Lane {
    /// A lane of so many nodes under these limits, in which nothing is ready.
    pub(crate) fn new(limits: Arc<[u32]>, start: usize, nodes: usize) -> Self {
        Self { limits, start, nodes, first: None, others: ReadySet::boxed(nodes) }
    }

    pub(crate) fn limits(&self) -> &[u32] {
        &self.limits
    }

    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Where the most urgent node that is ready lies in the list of all.
    pub(crate) fn first(&self) -> Option<usize> {
        self.first.map(|first| self.start + first as usize)
    }

    /// The node in this position is ready.
    pub(crate) fn push(&mut self, position: u32) {
        match self.first {
            None => self.first = Some(position),
            Some(first) if first > position => {
                self.first = Some(position);
                self.others.insert_mut(first);
            }
            Some(_) => self.others.insert_mut(position),
        }
    }

    /// Takes [`first`](Self::first).
    pub(crate) fn pop(&mut self) -> Option<usize> {
        let first = self.first()?;
        self.first = self.others.take_mut();
        Some(first)
    }

    /// Nothing is ready.
    pub(crate) fn clear(&mut self) {
        while self.pop().is_some() {}
    }

    /// Whether a node is ready, and each limit has a permit left.
    pub(crate) fn can_give(&self, permits: &[(usize, usize)]) -> bool {
        self.first.is_some() && self.limits.iter().all(|&limit| permits[limit as usize].1 > 0)
    }
}
