//! The nodes that one call may run: see [`rows`](crate::typed::run::rows).

use super::status::Outcome;
use crate::protocol::walk::{Lane, Walk};
use std::cell::Cell;

/// A walk of the caller's alone, and its lane.
pub(crate) type Alone<'r> = (&'r Walk<'r>, &'r Lane);

/// The rest of a row, behind a node that is to be run.
///
/// So many nodes follow that one in the order that the run goes through, with consecutive numbers. They are
/// called by the same function, and their closures, and what feeds these, lie so far apart.
pub(crate) struct Row<'r> {
    pub(crate) more: u32,
    pub(crate) apart: Distance,
    /// Nodes that give a value are not marked.
    pub(crate) unmarked: bool,
    /// The walk that has to be told, if it is one. (In a cell, so that the compiler doesn't make two loops,
    /// with and without.)
    walk: Cell<Option<Alone<'r>>>,
    /// What a node's number lacks to its position.
    shift: u32,
}

impl<'r> Row<'r> {
    /// So many nodes, behind one whose number lacks so much to its position.
    #[inline]
    pub(crate) fn new(
        more: u32,
        apart: Distance,
        unmarked: bool,
        walk: Option<Alone<'r>>,
        shift: u32,
    ) -> Self {
        Self { more, apart, unmarked, walk: Cell::new(walk), shift }
    }

    /// None: the node is alone.
    #[inline]
    pub(crate) fn alone() -> Self {
        Self { more: 0, apart: Distance::ZERO, unmarked: false, walk: Cell::new(None), shift: 0 }
    }

    /// Claims `node`, the next one. False if that fails.
    #[inline(always)]
    pub(crate) fn claim(&self, node: u32) -> bool {
        let position = node.wrapping_add(self.shift) as usize;
        #[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
        late::about_to_claim(position);
        self.walk.get().is_none_or(|(walk, lane)| walk.claim::<true>(lane, position))
    }
}

/// How far a call has come.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Ran {
    /// Of the last node that was run.
    pub(crate) outcome: Outcome,
    /// That node.
    pub(crate) last: u32,
    /// The next one was claimed for nothing.
    pub(crate) seized: bool,
}

impl Ran {
    /// `node`, which is by itself, has come to this.
    #[inline]
    pub(crate) fn alone(node: u32, outcome: Outcome) -> Self {
        Self { outcome, last: node, seized: false }
    }
}

/// How many bytes it is from the closure of a node to that of the next, and from what feeds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Distance {
    pub(crate) functions: i32,
    pub(crate) pointers: i32,
}

impl Distance {
    pub(crate) const ZERO: Self = Self { functions: 0, pointers: 0 };
}

/// How a test makes a walker late.
#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
pub(crate) mod late {
    use std::cell::Cell;

    /// The position before which somebody comes, and what that one does.
    type Late = (usize, fn());

    thread_local! {
        /// Who is late where: see [`about_to_claim`].
        pub(crate) static LATE: Cell<Option<Late>> = const { Cell::new(None) };
    }

    /// A walker is about to claim the node at this position: if a test says so, it is late, and somebody
    /// breaks in first.
    pub(crate) fn about_to_claim(position: usize) {
        if let Some((_, come)) = LATE.get().filter(|&(late, _)| late == position) {
            LATE.set(None);
            come();
        }
    }
}
