//! The ready nodes of a run that demand the same, the most urgent first.
//!
//! Behind the lock of the [queue](super::ready_queue): core's ready set, as whoever has it alone uses it.

use crate::protocol::own_permits::Wish;
use dgraph_core::ReadySet;
use dgraph_core::sync::AtomicUsize;
use std::sync::Arc;

/// Nodes are *positions* here: 0 is the most urgent of all that demand this.
#[derive(Debug)]
pub(crate) struct Lane {
    wishes: Arc<[Wish]>,
    /// Where its nodes begin in the list of all, and how many they are.
    start: usize,
    nodes: usize,
    /// The most urgent one that is ready. So a lane in which they come one after the other never touches the
    /// set.
    first: Option<u32>,
    /// What else is ready.
    others: ReadySet<Box<[AtomicUsize]>>,
}

impl Clone for Lane {
    /// One in which nothing is ready.
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.wishes), self.start, self.nodes)
    }
}

impl Lane {
    /// A lane of so many nodes with these wishes, in which nothing is ready.
    pub(crate) fn new(wishes: Arc<[Wish]>, start: usize, nodes: usize) -> Self {
        Self { wishes, start, nodes, first: None, others: ReadySet::boxed(nodes) }
    }

    pub(crate) fn wishes(&self) -> &[Wish] {
        &self.wishes
    }

    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Where the most urgent node that is ready lies in the list of all.
    pub(crate) fn first(&self) -> Option<usize> {
        self.first.map(|first| self.start + first as usize)
    }

    /// Whether more than one is ready.
    pub(crate) fn has_many(&self) -> bool {
        !self.others.is_empty()
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
}
