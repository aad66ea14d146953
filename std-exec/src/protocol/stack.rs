//! A member's own stack of ready nodes: the newest for itself, the oldest for others.

use dgraph_core::NodeId;
use std::ops::Range;

/// A stack whose older end can be taken from. Its memory is kept: a repeated run needs no more of it.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// The numbers of the nodes. The stack is `memory[bottom..top]`, the oldest first; the rest is of no
    /// meaning. (Numbers, since the system gives memory of zeros without touching it.)
    memory: Box<[u32]>,
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
        // A half that stays free, so that the next one doesn't have to move everything again.
        let needed = 2 * (length + more);
        if self.memory.len() < needed {
            self.grow(needed);
        } else {
            self.memory.copy_within(self.bottom..self.top, 0);
            (self.bottom, self.top) = (0, length);
        }
    }

    fn grow(&mut self, needed: usize) {
        let length = self.len();
        let mut memory = vec![0; needed.next_power_of_two()].into_boxed_slice();
        memory[..length].copy_from_slice(&self.memory[self.bottom..self.top]);
        (self.memory, self.bottom, self.top) = (memory, 0, length);
    }

    /// Makes room for as many nodes as there can be in a graph of so many: then it doesn't grow in runs of
    /// that.
    pub(crate) fn reserve_for(&mut self, nodes: usize) {
        // Twice for `push_oldest`, which keeps as much room below, and twice for `make_room`.
        let needed = 4 * nodes.max(4);
        if self.memory.len() < needed {
            self.grow(needed);
        }
    }

    /// Puts `node` on the stack if `really`, without a branch. There must be room for it in any case.
    #[inline]
    pub(crate) fn push_if(&mut self, node: NodeId, really: bool) {
        self.memory[self.top] = node.get();
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
            // Room for as many at the bottom as there are nodes, so that the next ones don't have to move
            // everything again.
            let room = self.len().max(8);
            self.reserve(room);
            // (`reserve` may move it to the bottom, where it is already.)
            self.memory.copy_within(self.bottom..self.top, self.bottom + room);
            (self.bottom, self.top) = (self.bottom + room, self.top + room);
        }
        self.bottom -= 1;
        self.memory[self.bottom] = node.get();
    }

    /// Takes the newest node.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<NodeId> {
        if self.is_empty() {
            (self.bottom, self.top) = (0, 0);
            return None;
        }
        self.top -= 1;
        Some(NodeId::new(self.memory[self.top]))
    }

    /// Takes the oldest node.
    pub(crate) fn pop_oldest(&mut self) -> Option<NodeId> {
        let oldest = (!self.is_empty()).then(|| NodeId::new(self.memory[self.bottom]));
        self.bottom += usize::from(oldest.is_some());
        oldest
    }

    /// Takes the older half, rounded up, but at most `limit` nodes; the oldest first.
    pub(crate) fn take_older_half(&mut self, limit: usize) -> impl Iterator<Item = NodeId> + '_ {
        let taken: Range<usize> = self.bottom..self.bottom + self.len().div_ceil(2).min(limit);
        self.bottom = taken.end;
        self.memory[taken].iter().map(|&node| NodeId::new(node))
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
                    assert!(stack.take_older_half(limit).eq(oracle.drain(..count)));
                }
            }
            assert_eq!((stack.len(), stack.is_empty()), (oracle.len(), oracle.is_empty()));
        }
        assert!(number > 10_000);
    }

    /// Room for a graph's nodes is enough, whatever comes in whatever order.
    #[test]
    fn does_not_grow_in_runs_that_it_has_room_for() {
        for nodes in [1, 2, 7, 64, 301] {
            let mut stack = Stack::default();
            stack.reserve_for(nodes);
            let room = stack.memory.len();
            for step in 0..50_000_u32 {
                match step.wrapping_mul(2_654_435_761) >> 28 {
                    0..=4 if stack.len() < nodes => stack.push(NodeId::new(step)),
                    5..=9 if stack.len() < nodes => stack.push_oldest(NodeId::new(step)),
                    10 => stack.reserve(nodes - stack.len()),
                    11 => drop(stack.pop()),
                    12 if step % 50 == 0 => stack.take_older_half(usize::MAX).for_each(drop),
                    _ => {}
                }
            }
            assert_eq!(stack.memory.len(), room, "{nodes} nodes");
        }
    }
}
