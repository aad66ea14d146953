//! What a run has to do first: check the inputs, drop earlier results, and, if not all nodes are to run, find
//! out which. O(V + E) for a part of the graph, O(V) for all of it; no allocation but for the first time. An
//! update of a graph with states takes that once more for each state whose nodes have to run because of
//! another state's; and one more if nodes run again for another reason than a change, and their starts are waited for.

use crate::typed::data::accesses::{Access, Mode};
use crate::typed::data::graph_data::{GraphData, Rare};
use crate::typed::data::topology::Predecessor;
use crate::typed::error::run_error::RunError;
use crate::typed::memory::status::{State, Status};
use crate::typed::options::run_options::RunOptions;

/// The targets need it.
pub(super) const NEEDED: u8 = 1;
/// An input that it depends on has changed.
pub(super) const CHANGED: u8 = 2;
/// It runs, if it is needed.
pub(super) const RUNS: u8 = 4;
/// It has a result [from outside](GraphData::gives) that no run has seen yet. Marked between runs.
pub(super) const GIVEN: u8 = 8;
/// It runs whatever becomes of those before it.
pub(super) const FORCED: u8 = 16;
/// Its result is gone, and needed by a node that may run although this one would not.
pub(super) const GONE: u8 = 32;

impl GraphData {
    /// `node` has a result from outside: the next update doesn't run it for what it depends on, but what
    /// depends on it.
    pub(crate) fn gives(&mut self, node: u32) {
        let nodes = self.store.len();
        let marks = &mut self.rare_mut().marks;
        marks.resize(nodes, 0);
        marks[node as usize] |= GIVEN;
    }

    /// Leaves the status `NOT_RUN` with exactly the nodes that are to run, and no result with them.
    pub(crate) fn prepare(&mut self, options: &RunOptions) -> Result<(), RunError> {
        if options.is_partial() {
            self.prepare_some(options)?;
        } else {
            let unset = |&&node: &&u32| self.store.records.statuses.get(node) != Status::VALUE;
            if self.store.tasks.described.inputs.iter().any(|node| unset(&node)) {
                let unset = self.store.tasks.described.inputs.iter().filter(unset).copied();
                return Err(RunError::UnsetInputs(self.store.names().all_named(unset)));
            }
            // Results from outside go with the others.
            self.rare.iter_mut().for_each(|rare| rare.marks.clear());
            let cleared = Cleared(self);
            cleared.0.store.clear();
        }
        self.rare.iter_mut().for_each(|rare| rare.marks.clear());
        self.changed.fill(false);
        self.store.states.forget_changes();
        Ok(())
    }

    fn prepare_some(&mut self, options: &RunOptions) -> Result<(), RunError> {
        let mut marks = std::mem::take(&mut self.rare_mut().marks);
        marks.resize(self.store.len(), 0);
        let planned = self.plan(options, &mut marks);
        if planned.is_err() {
            marks.iter_mut().for_each(|mark| *mark &= GIVEN);
        } else if options.update {
            self.plan_cutoffs(&mut marks, options.within);
        }
        self.rare_mut().marks = marks;
        planned?;
        let Self { store, rare: Some(rare), .. } = self else { return Ok(()) }; // there are marks
        let Rare { marks, cutoffs, .. } = &mut **rare;
        let planned = Planned(marks);
        let is_undecided = |node| cutoffs.as_ref().is_some_and(|cutoffs| cutoffs.is_undecided(node));
        store.clear_some(|node| match planned.0[node as usize] {
            mark if mark & RUNS == 0 => None,
            mark if mark & NEEDED == 0 => Some(Status::NOT_NEEDED),
            _ if is_undecided(node) => None,
            _ => Some(Status::NOT_RUN),
        });
        Ok(())
    }

    /// Marks what runs. Changes nothing.
    fn plan(&self, options: &RunOptions, marks: &mut [u8]) -> Result<(), RunError> {
        self.mark_needed(options, marks)?;
        if options.update {
            self.mark_changed(marks);
        }
        loop {
            if options.update {
                self.mark_outdated(marks, options.within);
            } else {
                marks.iter_mut().for_each(|mark| *mark |= RUNS);
            }
            for &input in &*self.store.tasks.described.inputs {
                marks[input as usize] &= !RUNS;
            }
            self.mark_gone(marks)?;
            if !(options.update && (self.mark_turns(marks) | self.mark_starts(marks))) {
                return Ok(());
            }
        }
    }

    /// Marks the targets and all that they depend on.
    fn mark_needed(&self, options: &RunOptions, marks: &mut [u8]) -> Result<(), RunError> {
        let Some(targets) = &options.targets else {
            marks.iter_mut().for_each(|mark| *mark |= NEEDED);
            return Ok(());
        };
        let strangers: Vec<_> = targets.iter().filter(|target| target.graph != self.store.id()).collect();
        if !strangers.is_empty() {
            return Err(RunError::ForeignTargets(strangers.iter().map(|target| target.id()).collect()));
        }
        for target in targets.iter() {
            marks[target.index as usize] |= NEEDED;
        }
        for node in self.topology.forward().rev() {
            if marks[node as usize] & NEEDED != 0 {
                for predecessor in self.topology.predecessors(node) {
                    marks[predecessor.node as usize] |= NEEDED;
                }
            }
        }
        Ok(())
    }

    /// Marks what the caller has changed since the last run: inputs, and the nodes that use changed states.
    fn mark_changed(&self, marks: &mut [u8]) {
        for (&input, &changed) in self.store.tasks.described.inputs.iter().zip(&self.changed) {
            if changed {
                marks[input as usize] |= CHANGED;
            }
        }
        for accesses in self.arranged().into_iter().flat_map(|arranged| arranged.accesses.by_state()) {
            if self.store.states.has_changed(accesses[0].state) {
                accesses.iter().for_each(|access| marks[access.node as usize] |= CHANGED | FORCED);
            }
        }
    }

    /// What a state was between two nodes that change it is gone after a run. So if one of these runs, or one
    /// that reads in between, marks all from the first that changes it to the last; who reads behind them
    /// depends on that. Whether this is news.
    fn mark_turns(&self, marks: &mut [u8]) -> bool {
        let mut news = false;
        for accesses in self.arranged().into_iter().flat_map(|arranged| arranged.accesses.by_state()) {
            let changes = |access: &Access| access.mode != Mode::Read;
            let Some(first) = accesses.iter().position(changes) else { continue };
            let last = accesses.iter().rposition(changes).unwrap_or(first);
            let accesses = &accesses[first..=last];
            // One that is alone may still stay as it is: who goes first can't know about the others.
            let marked = if first < last { CHANGED | FORCED } else { CHANGED };
            let runs = |access: &Access| marks[access.node as usize] & (RUNS | NEEDED) == RUNS | NEEDED;
            if accesses.iter().any(runs) {
                for access in accesses {
                    let mark = &mut marks[access.node as usize];
                    news |= *mark & marked != marked;
                    *mark |= marked;
                }
            }
        }
        news
    }

    /// Marks the starts of, and moments in, nodes that run, which are news for those behind them, whatever the
    /// reason is that these run. Whether this is news.
    fn mark_starts(&self, marks: &mut [u8]) -> bool {
        let mut news = false;
        for (start, of) in self.store.records.starts.iter().flat_map(|starts| starts.all()) {
            let begins = marks[of as usize] & (RUNS | NEEDED) == RUNS | NEEDED;
            if begins && marks[start as usize] & (CHANGED | GIVEN) == 0 {
                marks[start as usize] |= CHANGED;
                news = true;
            }
        }
        news
    }

    /// Marks what changes reach, and what has not run to its end. If the graph is a node of another, the node
    /// that reads its results may want those again that it has taken before.
    fn mark_outdated(&self, marks: &mut [u8], taken_are_gone: bool) {
        for node in self.topology.forward() {
            let reached = |mark: u8| mark & CHANGED != 0;
            // What runs again because it has not run to its end may come to another one than before.
            let matters = |before: Predecessor| {
                let mark = marks[before.node as usize];
                mark & (CHANGED | GIVEN) != 0 || before.kind.is_in_any_case() && mark & RUNS != 0
            };
            let is_given = marks[node as usize] & GIVEN != 0;
            if !is_given && self.topology.predecessors(node).any(matters) {
                marks[node as usize] |= CHANGED;
            }
            if reached(marks[node as usize]) || !self.has_ended(node, taken_are_gone) {
                marks[node as usize] |= RUNS;
            }
        }
    }

    /// Whether `node` has run to its end in an earlier run, or was not chosen.
    pub(super) fn has_ended(&self, node: u32, taken_are_gone: bool) -> bool {
        match self.store.records.statuses.get(node).state() {
            State::Value | State::Moved { .. } | State::Dropped => true,
            State::EndedBranch | State::NotChosen { .. } => true,
            State::Taken => !taken_are_gone,
            State::NotRun | State::Interrupted | State::Failed | State::Panicked | State::Skipped { .. } => {
                false
            }
            State::NotNeeded | State::Unset => false,
        }
    }

    /// Whether what feeds others of `node` is there, or there is none to be had.
    pub(super) fn can_feed(&self, node: u32) -> bool {
        matches!(
            self.store.records.statuses.get(node).state(),
            State::Value | State::EndedBranch | State::NotChosen { .. }
        )
    }

    /// Marks nodes whose result is gone while one that runs needs it.
    fn mark_gone(&self, marks: &mut [u8]) -> Result<(), RunError> {
        let mut unset = Vec::new();
        for node in self.topology.forward().rev() {
            if marks[node as usize] & (RUNS | NEEDED) != RUNS | NEEDED {
                continue;
            }
            for predecessor in self.topology.predecessors(node).filter(|before| before.kind.feeds()) {
                let before = predecessor.node;
                if !self.can_feed(before) {
                    if self.store.tasks.described.inputs.binary_search(&before).is_ok() {
                        unset.push(before);
                    } else {
                        marks[before as usize] |= RUNS;
                    }
                }
            }
        }
        unset.sort_unstable();
        unset.dedup();
        if unset.is_empty() {
            Ok(())
        } else {
            Err(RunError::UnsetInputs(self.store.names().all_named(unset)))
        }
    }
}

/// What was planned for each node of a run. If a destructor panics before that begins, it is forgotten; not
/// so which nodes still have results from outside.
struct Planned<'m>(&'m mut [u8]);

impl Drop for Planned<'_> {
    fn drop(&mut self) {
        for mark in &mut *self.0 {
            *mark = if *mark & RUNS == 0 { *mark & GIVEN } else { 0 };
        }
    }
}

/// Gives the inputs their status back when all results have been dropped. If a destructor panics, they still
/// have it.
struct Cleared<'b>(&'b mut GraphData);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        for &input in &*self.0.store.tasks.described.inputs {
            self.0.store.records.statuses.set(input, Status::VALUE);
        }
    }
}
