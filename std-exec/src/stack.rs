//! A member's own stack of ready nodes: the newest for itself, the oldest for others.

use dgraph_core::NodeId;
use std::ops::Range;

/// A stack whose older end can be taken from. Its memory is kept: a repeated run needs no more of it.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// The stack is `memory[bottom..top]`, the oldest first; the rest is of no meaning.
    memory: Vec<NodeId>,
    bottom: usize,
    top: usize,
}

impl Stack {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.top - self.bottom
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.top == self.bottom
    }

    /// Makes room for `more` nodes.
    #[inline]
    pub(crate) fn reserve(&mut self, more: usize) {
        if self.memory.len() - self.top < more {
            self.make_room(more);
        }
    }

    #[cold]
    fn make_room(&mut self, more: usize) {
        let length = self.len();
        self.memory.copy_within(self.bottom..self.top, 0);
        (self.bottom, self.top) = (0, length);
        // A half that stays free, so that the next one doesn't have to move everything again.
        let needed = 2 * (length + more);
        if self.memory.len() < needed {
            self.memory.resize(needed.next_power_of_two(), NodeId::default());
        }
    }

    /// Puts `node` on the stack if `really`, without a branch. There must be room for it in any case.
    #[inline]
    pub(crate) fn push_if(&mut self, node: NodeId, really: bool) {
        self.memory[self.top] = node;
        self.top += usize::from(really);
    }

    /// Puts `node` on the stack.
    #[inline]
    pub(crate) fn push(&mut self, node: NodeId) {
        self.reserve(1);
        self.push_if(node, true);
    }

    /// Puts `node` under all others.
    pub(crate) fn push_oldest(&mut self, node: NodeId) {
        if self.bottom == 0 {
            // Room for as many at the bottom as there are nodes, so that the next ones don't have to move everything again.
            let room = self.len().max(8);
            self.reserve(room);
            // (`reserve` may move it to the bottom, where it is already.)
            self.memory.copy_within(self.bottom..self.top, self.bottom + room);
            (self.bottom, self.top) = (self.bottom + room, self.top + room);
        }
        self.bottom -= 1;
        self.memory[self.bottom] = node;
    }

    /// Takes the newest node.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<NodeId> {
        if self.is_empty() {
            (self.bottom, self.top) = (0, 0);
            return None;
        }
        self.top -= 1;
        Some(self.memory[self.top])
    }

    /// Takes the oldest node.
    pub(crate) fn pop_oldest(&mut self) -> Option<NodeId> {
        let oldest = (!self.is_empty()).then(|| self.memory[self.bottom]);
        self.bottom += usize::from(oldest.is_some());
        oldest
    }

    /// Takes the older half, rounded up, but at most `limit` nodes; the oldest first.
    pub(crate) fn take_older_half(&mut self, limit: usize) -> &[NodeId] {
        let taken: Range<usize> = self.bottom..self.bottom + self.len().div_ceil(2).min(limit);
        self.bottom = taken.end;
        &self.memory[taken]
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Against a deque that does the same the obvious way, through growth and wasted room.
    #[test]
    fn agrees_with_a_deque() {
        let (mut stack, mut oracle) = (Stack::default(), VecDeque::new());
        let mut number = 0;
        for step in 0..20_000_u32 {
            match step.wrapping_mul(2_654_435_761) >> 29 {
                0..=3 => {
                    stack.reserve(2);
                    for really in [step % 3 == 0, true] {
                        number += 1;
                        stack.push_if(NodeId::new(number), really);
                        oracle.extend(really.then(|| NodeId::new(number)));
                    }
                }
                4 | 5 => assert_eq!(stack.pop(), oracle.pop_back()),
                6 => {
                    for _ in 0..step % 4 {
                        number += 1;
                        stack.push_oldest(NodeId::new(number));
                        oracle.push_front(NodeId::new(number));
                    }
                }
                _ => {
                    let limit = if step % 50 == 0 { usize::MAX } else { 5 };
                    let count = oracle.len().div_ceil(2).min(limit);
                    assert!(stack.take_older_half(limit).iter().copied().eq(oracle.drain(..count)));
                }
            }
            assert_eq!((stack.len(), stack.is_empty()), (oracle.len(), oracle.is_empty()));
        }
        assert!(number > 10_000);
    }
}
