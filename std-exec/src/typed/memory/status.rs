//! The state of each node: one byte, written by the thread that runs the node; that it has given a value,
//! perhaps by who breaks in, or at the end; and what is left then, by who ends the run. The table is in
//! `store.rs`.
//!
//! ```text
//!            ┌─────────────▶ SKIPPED (by a failed ancestor), NOT_CHOSEN (a branch ended before it)
//!            │   ┌─────────▶ FAILED, ENDED_BRANCH (those behind it are not chosen)
//!  NOT_RUN ──┴───┼─────────▶ PANICKED
//!     ▲          ├─────────▶ NOT_STARTED (the run was stopped before), INTERRUPTED (while it was under way)
//!     │          └─────────▶ VALUE ──┬──▶ MOVED (into its dependent, in the run), DROPPED (after the last one)
//!     │                              └──▶ TAKEN (by the caller, between runs)
//!     └── the next run; or NOT_NEEDED, if its targets don't need the node
//! ```
//! A node whose future has been polled and isn't done is `PENDING`, between `NOT_RUN` and what it comes to.
//! If the run ends before, it is `INTERRUPTED`; so is a graph that is stopped while it is a node.
//!
//! Inputs are `UNSET` until the caller sets them, then `VALUE` over all runs.
//!
//! Exactly the slots of nodes at `VALUE` hold a value. A run may go through nodes without recording that they
//! gave values (see `run/rows.rs`), so a node that gives none must never be left at `NOT_RUN`: [`NoValue`] is
//! the proof that it isn't, it is made here only, and a run can't complete a node without it or a value.
//! Three states are about another node as well; its number is kept apart, and written before the state. The
//! bytes need no order of their own: a node's dependents come after it in every run, and the executor makes
//! what it wrote visible to them, and at last to the caller.

use crate::sync::{AtomicU8, AtomicU32, Ordering};
use std::sync::OnceLock;

/// A state, and the node that it is about, if there is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status {
    state: u8,
    about: u32,
}

/// What came of running a node, or polling it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Outcome {
    /// A result.
    Value,
    /// None, and its status says why.
    Nothing(NoValue),
    /// It is to be polled again when the future with this number is woken.
    Pending(u32),
    /// The future with this number is to be polled again: it has woken itself meanwhile, and nobody else knows.
    Again(u32),
}

impl Outcome {
    /// Of polling the future with this number, which isn't done.
    #[inline]
    pub(crate) fn pending(future: u32, woke_itself: bool) -> Self {
        if woke_itself { Self::Again(future) } else { Self::Pending(future) }
    }
}

/// Proof that a node's own status says why it has given no value, from before it completes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) struct NoValue {
    node: u32,
}

impl NoValue {
    /// Whose status it is.
    pub(crate) fn node(self) -> u32 {
        self.node
    }
}

/// A status by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    NotRun,
    Value,
    Failed,
    Panicked,
    Taken,
    NotNeeded,
    Unset,
    Interrupted,
    EndedBranch,
    Skipped { culprit: u32 },
    NotChosen { culprit: u32 },
    Moved { taker: u32 },
    Dropped,
}

const SKIPPED: u8 = 7;
const MOVED: u8 = 8;
const NOT_CHOSEN: u8 = 13;

impl Status {
    pub(crate) const NOT_RUN: Self = Self::new(0);
    pub(crate) const VALUE: Self = Self::new(1);
    pub(crate) const FAILED: Self = Self::new(2);
    pub(crate) const PANICKED: Self = Self::new(3);
    pub(crate) const TAKEN: Self = Self::new(4);
    pub(crate) const NOT_NEEDED: Self = Self::new(5);
    pub(crate) const UNSET: Self = Self::new(6);

    pub(crate) const PENDING: Self = Self::new(9);
    pub(crate) const NOT_STARTED: Self = Self::new(10);
    pub(crate) const INTERRUPTED: Self = Self::new(11);
    pub(crate) const ENDED_BRANCH: Self = Self::new(12);

    pub(crate) const DROPPED: Self = Self::new(14);

    const fn new(state: u8) -> Self {
        Self { state, about: 0 }
    }

    pub(crate) const fn skipped(culprit: u32) -> Self {
        Self { state: SKIPPED, about: culprit }
    }

    pub(crate) const fn not_chosen(culprit: u32) -> Self {
        Self { state: NOT_CHOSEN, about: culprit }
    }

    pub(crate) const fn moved(taker: u32) -> Self {
        Self { state: MOVED, about: taker }
    }

    const fn has_about(state: u8) -> bool {
        matches!(state, SKIPPED | NOT_CHOSEN | MOVED)
    }

    pub(crate) fn state(self) -> State {
        match self.state {
            0 | 9 | 10 => State::NotRun,
            1 => State::Value,
            2 => State::Failed,
            3 => State::Panicked,
            4 => State::Taken,
            5 => State::NotNeeded,
            6 => State::Unset,
            11 => State::Interrupted,
            12 => State::EndedBranch,
            14 => State::Dropped,
            SKIPPED => State::Skipped { culprit: self.about },
            NOT_CHOSEN => State::NotChosen { culprit: self.about },
            _ => State::Moved { taker: self.about },
        }
    }
}

/// The statuses of all nodes; the table of transitions is in the module's docs.
pub(crate) struct Statuses {
    states: Box<[AtomicU8]>,
    /// Of each node, which one its state is about. Few runs have such states: there is none before the first.
    about: OnceLock<Box<[AtomicU32]>>,
}

/// The states alone, at hand for whoever sets one after the other.
#[derive(Clone, Copy)]
pub(crate) struct States<'s>(&'s [AtomicU8]);

impl States<'_> {
    /// Sets the status of `node` to `VALUE`.
    #[inline(always)]
    pub(crate) fn set_value(self, node: u32) {
        self.0[node as usize].store(Status::VALUE.state, Ordering::Relaxed);
    }
}

impl Statuses {
    /// Those of a graph that was built: none is about another node.
    pub(crate) fn new(statuses: &[Status]) -> Self {
        debug_assert!(!statuses.iter().any(|status| Status::has_about(status.state)), "nothing has run");
        let states = statuses.iter().map(|status| AtomicU8::new(status.state)).collect();
        Self { states, about: OnceLock::new() }
    }

    #[inline]
    pub(crate) fn states(&self) -> States<'_> {
        States(&self.states)
    }

    /// Statuses of as many nodes, none of which has run.
    pub(crate) fn alike(&self) -> Self {
        let states = self.states.iter().map(|_| AtomicU8::new(Status::NOT_RUN.state)).collect();
        Self { states, about: OnceLock::new() }
    }

    #[inline]
    pub(crate) fn get(&self, node: u32) -> Status {
        let state = self.states[node as usize].load(Ordering::Relaxed);
        if Status::has_about(state) { self.get_about(node, state) } else { Status::new(state) }
    }

    #[cold]
    fn get_about(&self, node: u32, state: u8) -> Status {
        let about = self.about.get().expect("written before the state");
        Status { state, about: about[node as usize].load(Ordering::Relaxed) }
    }

    #[inline]
    pub(crate) fn set(&self, node: u32, status: Status) {
        if Status::has_about(status.state) {
            self.set_about(node, status.about);
        }
        self.states[node as usize].store(status.state, Ordering::Relaxed);
    }

    #[cold]
    fn set_about(&self, node: u32, about: u32) {
        let make = || self.states.iter().map(|_| AtomicU32::new(0)).collect();
        self.about.get_or_init(make)[node as usize].store(about, Ordering::Relaxed);
    }

    /// `node` gives no value, for the reason that `status` says.
    pub(crate) fn without_value(&self, node: u32, status: Status) -> NoValue {
        debug_assert!(![Status::NOT_RUN, Status::VALUE].contains(&status), "not a reason");
        self.set(node, status);
        NoValue { node }
    }

    /// What has come of a node that isn't to be started: whatever its status says.
    pub(crate) fn settled(&self, node: u32) -> Outcome {
        let status = self.get(node);
        debug_assert_ne!(status, Status::NOT_RUN, "a node that is to be started");
        if status == Status::VALUE { Outcome::Value } else { Outcome::Nothing(NoValue { node }) }
    }

    /// Records the values of nodes that a run has gone through and left unmarked. Those that gave none say so
    /// themselves.
    pub(crate) fn mark_values(&self, nodes: impl IntoIterator<Item = u32>) {
        for node in nodes {
            if self.get(node) == Status::NOT_RUN {
                self.set(node, Status::VALUE);
            }
        }
    }

    /// Records the values of all nodes, after a run in which each has given one.
    pub(crate) fn mark_all(&mut self) {
        debug_assert!(
            (0..)
                .zip(self.states().0)
                .all(|(node, _)| [Status::NOT_RUN, Status::VALUE].contains(&self.get(node))),
            "a node that gave no value, in a run in which nothing went wrong"
        );
        self.fill(Status::VALUE);
    }

    /// Sets all to one that is about no other node.
    pub(crate) fn fill(&mut self, status: Status) {
        crate::sync::fill(&mut self.states, status.state);
    }

    /// The nodes that [`is`](State) this state holds for.
    pub(crate) fn nodes(&self, is: State) -> impl Iterator<Item = u32> {
        (0..).zip(self.states().0).filter_map(move |(node, _)| (self.get(node).state() == is).then_some(node))
    }
}
