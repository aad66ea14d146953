//! How it stands with each node: one word, written by whoever runs the node.
//!
//! ```text
//!            ┌─────────────▶ SKIPPED (by a failed ancestor)
//!            │   ┌─────────▶ FAILED
//!  NOT_RUN ──┴───┼─────────▶ PANICKED
//!     ▲          └─────────▶ VALUE ──┬──▶ MOVED (into its dependent, in the run)
//!     │                              └──▶ TAKEN (by the caller, between runs)
//!     └── the next run; or NOT_NEEDED, if its targets don't need the node
//! ```
//! A node whose future has been polled and isn't done is `PENDING`, between `NOT_RUN` and what it comes to. If the run ends
//! before, it is `NOT_RUN` again.
//!
//! Inputs are `UNSET` until the caller sets them, then `VALUE` over all runs.
//!
//! Exactly the slots of nodes at `VALUE` hold a value. The words need no order of their own: a node's dependents come
//! after it in every run, and the executor makes what it wrote visible to them, and at last to the caller.

use crate::sync::{AtomicU32, Ordering};

/// A state, in the low 4 bits, with the node that it is about in the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Status(u32);

/// What came of running a node, or polling it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(super) enum Outcome {
    /// A result.
    Value,
    /// None, and the run knows why.
    Nothing,
    /// It is to be polled again when the future with this number is woken.
    Pending(u32),
    /// It is to be polled again: it has woken itself meanwhile, and nobody else knows.
    Again,
}

impl Outcome {
    /// Of polling the future with this number, which isn't done.
    #[inline]
    pub(super) fn pending(future: u32, woke_itself: bool) -> Self {
        if woke_itself { Self::Again } else { Self::Pending(future) }
    }
}

/// A status by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    NotRun,
    Value,
    Failed,
    Panicked,
    Taken,
    NotNeeded,
    Unset,
    Skipped { culprit: u32 },
    Moved { taker: u32 },
}

const BITS: u32 = 4;
const SKIPPED: u32 = 7;
const MOVED: u32 = 8;

impl Status {
    pub(super) const NOT_RUN: Self = Self(0);
    pub(super) const VALUE: Self = Self(1);
    pub(super) const FAILED: Self = Self(2);
    pub(super) const PANICKED: Self = Self(3);
    pub(super) const TAKEN: Self = Self(4);
    pub(super) const NOT_NEEDED: Self = Self(5);
    pub(super) const UNSET: Self = Self(6);

    pub(super) const PENDING: Self = Self(9);

    /// More nodes can't be told apart in a status.
    pub(super) const MAX_NODES: usize = 1 << (u32::BITS - BITS);

    pub(super) const fn skipped(culprit: u32) -> Self {
        Self(culprit << BITS | SKIPPED)
    }

    pub(super) const fn moved(taker: u32) -> Self {
        Self(taker << BITS | MOVED)
    }

    pub(super) fn state(self) -> State {
        let node = self.0 >> BITS;
        match self.0 & ((1 << BITS) - 1) {
            0 | 9 => State::NotRun,
            1 => State::Value,
            2 => State::Failed,
            3 => State::Panicked,
            4 => State::Taken,
            5 => State::NotNeeded,
            6 => State::Unset,
            SKIPPED => State::Skipped { culprit: node },
            _ => State::Moved { taker: node },
        }
    }
}

/// The statuses of all nodes. See the [module](self).
#[derive(Default)]
pub(super) struct Statuses {
    words: Vec<AtomicU32>,
}

impl Statuses {
    pub(super) fn push(&mut self, status: Status) {
        self.words.push(AtomicU32::new(status.0));
    }

    #[inline]
    pub(super) fn get(&self, node: u32) -> Status {
        Status(self.words[node as usize].load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn set(&self, node: u32, status: Status) {
        self.words[node as usize].store(status.0, Ordering::Relaxed);
    }

    pub(super) fn fill(&mut self, status: Status) {
        crate::sync::fill(&mut self.words, status.0);
    }

    /// The nodes with this status.
    pub(super) fn nodes(&self, status: Status) -> impl Iterator<Item = u32> {
        (0..)
            .zip(&self.words)
            .filter_map(move |(node, word)| (word.load(Ordering::Relaxed) == status.0).then_some(node))
    }
}
