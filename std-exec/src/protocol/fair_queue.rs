//! Nodes that are to be run again, in turns with those that have just become ready: each of the former once,
//! then as many of the latter. So neither a node that always wants another turn nor a flood of ready ones
//! keeps the others waiting for ever.

use dgraph_core::NodeId;
use std::collections::VecDeque;

/// Nodes that are to be run again, in turns with those that have just become ready.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    again: VecDeque<NodeId>,
    turns: Turns,
}

/// Whose turn it is, of nodes that are to be run again, and such as have become ready.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// How many of the former have their turn now.
    now: usize,
    /// How many of the latter come before the next of these.
    then: usize,
}

impl Turns {
    /// Whether all have had their turn.
    #[inline]
    pub(crate) fn are_over(&self) -> bool {
        self.then == 0 && self.now == 0
    }

    /// The node that has become ready, which `ready` gives, if it is the turn of one. Otherwise it is that of
    /// one of the `again` nodes that are to be run again.
    #[inline]
    pub(crate) fn next(&mut self, again: usize, ready: impl FnOnce() -> Option<NodeId>) -> Option<NodeId> {
        if self.are_over() {
            (self.now, self.then) = (again, again);
        }
        if self.now == 0 {
            self.then = self.then.saturating_sub(1);
            let node = ready();
            if node.is_some() {
                return node;
            }
            self.then = 0;
        }
        self.now = self.now.saturating_sub(1);
        None
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// One that is run again.
    Again(NodeId),
    /// One that has become ready.
    Ready(NodeId),
}

impl FairQueue {
    /// Empties it. From now on it is for so many nodes, each of which is in it once at the most.
    pub(crate) fn reset(&mut self, nodes: usize) {
        self.again.clear();
        self.again.reserve(nodes);
        self.turns = Turns::default();
    }

    /// `node` is to be run again.
    #[inline]
    pub(crate) fn push(&mut self, node: NodeId) {
        self.again.push_back(node);
    }

    /// The nodes that `all` gives are to be run again, the last one first.
    pub(crate) fn push_reversed(&mut self, all: impl FnOnce(&mut dyn FnMut(NodeId))) {
        let known = self.again.len();
        all(&mut |node| self.again.push_back(node));
        self.again.make_contiguous()[known..].reverse();
    }

    /// Takes the next one; `ready` gives a node that has become ready, if there is any.
    #[inline]
    pub(crate) fn next(&mut self, ready: impl FnOnce() -> Option<NodeId>) -> Option<Next> {
        let ready = self.turns.next(self.again.len(), ready).map(Next::Ready);
        ready.or_else(|| self.again.pop_front().map(Next::Again))
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// Takes so many, of which all are to be run again; 9 is always ready.
    fn take(turns: &mut FairQueue, count: usize) -> Vec<u32> {
        let next = |_| match turns.next(|| Some(NodeId::new(9))) {
            Some(Next::Again(node)) => {
                turns.push(node);
                node.get()
            }
            Some(Next::Ready(node)) => node.get(),
            None => unreachable!("9 is ready"),
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn each_once_then_as_many_others() {
        let mut turns = FairQueue::default();
        assert_eq!(take(&mut turns, 2), [9, 9]);
        turns.push_reversed(|push| [2, 1].map(NodeId::new).into_iter().for_each(push));
        assert_eq!(take(&mut turns, 9), [1, 2, 9, 9, 1, 2, 9, 9, 1]);
        turns.reset(0);
        assert_eq!(turns.next(|| None), None);
    }

    #[test]
    fn nobody_waits_for_what_is_not_there() {
        let mut turns = FairQueue::default();
        (0..3).map(NodeId::new).for_each(|node| turns.push(node));
        let again = |node| Some(Next::Again(NodeId::new(node)));
        assert_eq!([(); 4].map(|()| turns.next(|| None)), [again(0), again(1), again(2), None]);
        let ready = Some(Next::Ready(NodeId::new(7)));
        assert_eq!(turns.next(|| Some(NodeId::new(7))), ready);
    }
}
