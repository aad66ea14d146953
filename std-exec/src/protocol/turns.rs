//! Nodes that are to be run again, in turns with those that have just become ready: each of the former once,
//! then as many of the latter. So neither a node that always wants another turn nor a flood of ready ones
//! keeps the others waiting for ever.

use dgraph_core::NodeId;

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

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Turns;
    use dgraph_core::NodeId;
    use std::collections::VecDeque;

    /// Takes so many, of which all are to be run again; 9 is always ready.
    fn take(turns: &mut Turns, again: &mut VecDeque<u32>, count: usize) -> Vec<u32> {
        let mut next = || {
            let ready = turns.next(again.len(), || Some(NodeId::new(9)));
            ready.map_or_else(
                || again.pop_front().inspect(|&node| again.push_back(node)),
                |node| Some(node.get()),
            )
        };
        (0..count).map(|_| next().expect("9 is ready")).collect()
    }

    #[test]
    fn each_once_then_as_many_others() {
        let (mut turns, mut again) = (Turns::default(), VecDeque::new());
        assert_eq!(take(&mut turns, &mut again, 2), [9, 9]);
        again.extend([1, 2]);
        assert_eq!(take(&mut turns, &mut again, 9), [1, 2, 9, 9, 1, 2, 9, 9, 1]);
    }

    #[test]
    fn nobody_waits_for_what_is_not_there() {
        let mut turns = Turns::default();
        assert_eq!([3, 2, 1, 0].map(|again| turns.next(again, || None)), [None; 4]);
        assert_eq!(turns.next(0, || Some(NodeId::new(7))), Some(NodeId::new(7)));
    }
}
