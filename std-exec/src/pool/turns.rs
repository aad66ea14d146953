//! Whose turn it is with a worker that is in the middle of nothing.
//!
//! Nodes that are bound to the worker come first: nobody else can run them. But when that has gone on for a
//! slice, or some future was woken, and a run waits in the queue, then that has a turn, of a slice too,
//! before the next bound node. So neither keeps the other waiting for longer than a slice and a body, also
//! where all workers have bound nodes; and as one turn of others is followed by one of bound nodes, however
//! many futures are woken, these don't wait longer either.

use crate::protocol::backlog::Backlog;
use crate::sync::clock;
use crate::team::slice_is_over;

/// Whose turn it is with one worker.
#[derive(Debug)]
pub(crate) struct Turns {
    count: usize,
    /// When the first of the bound nodes' turns began, if the last turn was theirs.
    bound_since: Option<u64>,
}

impl Turns {
    /// The first turn. Workers begin with different `count`s, so that they don't all help the same run.
    pub(crate) fn begin(count: usize) -> Self {
        Self { count, bound_since: None }
    }

    /// How many turns there were.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The next turn.
    pub(crate) fn next(&mut self) {
        self.count = self.count.wrapping_add(1);
    }

    /// Whether runs in the queue come before bound nodes now.
    pub(crate) fn others_are_due(&self, backlog: &Backlog) -> bool {
        self.bound_since.is_some_and(|since| backlog.is_waiting() && slice_is_over(since, backlog))
    }

    /// A turn of bound nodes.
    pub(crate) fn bound_nodes_begin(&mut self) {
        let _ = self.bound_since.get_or_insert_with(clock::now);
    }

    /// A turn of others.
    pub(crate) fn bound_nodes_end(&mut self) {
        self.bound_since = None;
    }
}
