//! Early cutoff: what an update knows of each node of a graph some of whose results are
//! [compared](super::compared).
//!
//! ```text
//!                          ┌─ all before it are SAME ─▶ SAME: it keeps what it has
//!  UNDECIDED (may run) ────┤
//!                          └─ else: it runs ─┬─ compared, and equal ─▶ SAME, and keeps the old result
//!                                            └─ else ─▶ news for those behind it
//!  AGAIN (its result is gone, and one that may run needs it): it runs ─┬─ all before it are SAME ─▶ SAME
//!                                                                      └─ else ─▶ news
//! ```
//! A node that isn't to run is `SAME` from the beginning, unless it is an input that was set, or has a result
//! from outside. A node that has never run to its end, or uses what makes it run in any case, is none of
//! these, and news.
//!
//! An undecided node has the status, and the result, of an earlier run. So a slot holds a value exactly at
//! `VALUE`, as ever; `ASIDE`, beside its slot, there is one of a node that runs and is compared. The bytes
//! are written and read as [statuses](super::status) are: by the thread that runs the node, and by those that
//! come to its dependents; and by who ends the run. None is `UNDECIDED` or `ASIDE` between runs.

use super::compared::Compared;
use super::slots::Slots;
use crate::sync::{AtomicU8, Ordering};
use std::sync::Arc;

/// It has what it came to in an earlier run, and it isn't known yet whether it runs.
const UNDECIDED: u8 = 1;
/// It runs, whatever those before it come to.
const FORCED: u8 = 2;
/// It has run to its end in an earlier run, and runs because its result is gone.
const AGAIN: u8 = 4;
/// Those behind it need not run because of it.
const SAME: u8 = 8;
/// Its last result lies aside.
const ASIDE: u8 = 16;
/// It changes states, so it is news whenever it runs. For all runs.
const CHANGES: u8 = 32;

/// What an update plans for a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Planned {
    /// It doesn't run.
    Stays,
    /// It doesn't run, and the caller has changed its result.
    IsNews,
    /// It runs if something before it has changed.
    MayRun,
    /// It runs, and has what it came to in an earlier run.
    Runs,
    /// It runs because its result is gone.
    RunsAgain,
    /// It runs, and has nothing of an earlier run.
    IsNew,
}

/// The marks of all nodes, and whose results are compared.
pub(crate) struct Cutoffs {
    /// Ascending by nodes, of which each is there once.
    compared: Arc<[Compared]>,
    marks: Box<[AtomicU8]>,
    /// An update has begun and isn't over.
    is_open: bool,
}

impl Cutoffs {
    /// For so many nodes, of which some change states. `None` if nothing is compared.
    pub(crate) fn new(
        nodes: usize,
        mut compared: Vec<Compared>,
        changes: impl Iterator<Item = u32>,
    ) -> Option<Self> {
        compared.sort_by_key(Compared::node);
        compared.dedup_by_key(|compared| compared.node());
        let new = Self::of(nodes, compared.into());
        changes.for_each(|node| new.set(node, CHANGES));
        (!new.compared.is_empty()).then_some(new)
    }

    fn of(nodes: usize, compared: Arc<[Compared]>) -> Self {
        let mut marks = Vec::new();
        marks.resize_with(nodes, || AtomicU8::new(0));
        Self { compared, marks: marks.into(), is_open: false }
    }

    /// The same, for other runs, of a graph without states.
    pub(crate) fn another(&self) -> Self {
        Self::of(self.marks.len(), Arc::clone(&self.compared))
    }

    /// How the results of `node` are compared, if they are.
    pub(crate) fn compared(&self, node: u32) -> Option<&Compared> {
        let at = self.compared.binary_search_by_key(&node, Compared::node).ok()?;
        Some(&self.compared[at])
    }

    /// An update begins that plans this for the nodes.
    pub(crate) fn begin(&mut self, planned: impl Fn(u32) -> Planned) {
        self.is_open = true;
        for node in (0..).take(self.marks.len()) {
            let mark = match planned(node) {
                Planned::Stays => SAME,
                Planned::MayRun => UNDECIDED,
                Planned::Runs => UNDECIDED | FORCED,
                Planned::RunsAgain => AGAIN,
                Planned::IsNews | Planned::IsNew => 0,
            };
            self.set(node, self.mark(node) & CHANGES | mark);
        }
    }

    /// It is over.
    pub(crate) fn end(&mut self) {
        self.is_open = false;
    }

    /// Whether an update has begun and isn't over.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    fn mark(&self, node: u32) -> u8 {
        self.marks[node as usize].load(Ordering::Relaxed)
    }

    fn set(&self, node: u32, mark: u8) {
        self.marks[node as usize].store(mark, Ordering::Relaxed);
    }

    /// Whether `node` may run, and has what it came to in an earlier run.
    pub(crate) fn is_undecided(&self, node: u32) -> bool {
        self.is_open && self.mark(node) & UNDECIDED != 0
    }

    /// Decides whether `node`, which is next, after these, keeps what it has; not if it `is_news`. `None` if
    /// it has nothing of an earlier run, or isn't to run at all.
    pub(crate) fn stays(
        &self,
        node: u32,
        is_news: bool,
        mut before: impl Iterator<Item = u32>,
    ) -> Option<bool> {
        let mark = self.mark(node);
        if mark & (UNDECIDED | AGAIN) == 0 {
            return None;
        }
        let is_news = is_news || mark & FORCED != 0;
        let is_same = !is_news && before.all(|before| self.mark(before) & SAME != 0);
        if mark & UNDECIDED != 0 {
            self.set(node, mark & CHANGES | if is_same { SAME } else { 0 });
            return Some(is_same);
        }
        if !is_same {
            self.set(node, mark & CHANGES);
        }
        None
    }

    /// Puts the result of `node` aside, which is to run, if it is one of those that are compared. Whether it
    /// is.
    ///
    /// # Safety
    ///
    /// The slots are those of the graph. The node's slot holds a value, which nobody uses; if this gives
    /// true, it doesn't any more.
    pub(crate) unsafe fn put_aside(&self, node: u32, slots: Slots<'_>) -> bool {
        let Some(compared) = self.compared(node) else { return false };
        // SAFETY: by contract. Nothing lies aside: `node` was undecided.
        unsafe { compared.put_aside(slots) };
        self.set(node, self.mark(node) | ASIDE);
        true
    }

    /// Whether `node`, which has given a value, has to be [compared](Self::compare).
    pub(crate) fn has_aside(&self, node: u32) -> bool {
        self.mark(node) & ASIDE != 0
    }

    /// `node` has given a value, and there is none to compare it with.
    pub(crate) fn gave(&self, node: u32) {
        let mark = self.mark(node);
        if mark & AGAIN != 0 {
            self.is_over(node, mark, true);
        }
    }

    /// Compares what `node` has given with its last result, which lies aside; if both are equal, that one is
    /// its result again.
    ///
    /// # Safety
    ///
    /// The slots are those of the graph. The node's slot holds a value, which nobody else uses.
    ///
    /// # Panics
    ///
    /// If comparing them, or a destructor, panics. Then the slot is empty.
    pub(crate) unsafe fn compare(&self, node: u32, slots: Slots<'_>) {
        let mark = self.mark(node) & !ASIDE;
        self.set(node, mark);
        // SAFETY: by contract; the mark has said that one lies aside.
        let is_same = self.compared(node).is_some_and(|compared| unsafe { compared.settle(slots) });
        self.is_over(node, mark, is_same);
    }

    fn is_over(&self, node: u32, mark: u8, is_same: bool) {
        let same = if is_same && mark & CHANGES == 0 { SAME } else { 0 };
        self.set(node, mark & CHANGES | same);
    }

    /// Drops what still lies aside of results of `node`.
    ///
    /// # Safety
    ///
    /// The slots are those of the graph, and nobody runs that.
    pub(crate) unsafe fn drop_aside(&self, node: u32, slots: Slots<'_>) {
        if self.has_aside(node) {
            self.set(node, self.mark(node) & !ASIDE);
            // SAFETY: the mark has said that one lies aside, and doesn't any more.
            self.compared(node).into_iter().for_each(|compared| unsafe { compared.drop_aside(slots) });
        }
    }
}
