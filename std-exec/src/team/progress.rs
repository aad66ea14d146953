//! What there is to do in a run, for whom, and how much of it is done. Most answers are hints: who comes for
//! nothing goes again.

use super::state::Team;
use crate::protocol::member::BATCH;
use crate::protocol::walk::Lane;
use crate::sync::Ordering;
use crate::tuner::Budget;

impl Team {
    /// Takes some of the roots: how many were left before that, and how many were taken. `None` if there are
    /// none.
    #[inline]
    pub(crate) fn take_roots(&self) -> Option<(usize, usize)> {
        // Relaxed throughout: roots are ready from the beginning, so nothing is handed over.
        let mut left = self.roots.load(Ordering::Relaxed);
        loop {
            // Ever fewer towards the end, so that all members get home at about the same time.
            let some = left.div_ceil(4 * self.members.len()).min(BATCH);
            if some == 0 {
                return None;
            }
            match self.roots.compare_exchange_weak(left, left - some, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some((left, some)),
                Err(now) => left = now,
            }
        }
    }

    /// Calls `wait` and lets the other members know meanwhile.
    pub(crate) fn while_searching<R>(&self, wait: impl FnOnce() -> R) -> R {
        // Relaxed: it hurries the others, nothing depends on it.
        self.searching.fetch_add(1, Ordering::Relaxed);
        let result = wait();
        self.searching.fetch_sub(1, Ordering::Relaxed);
        result
    }

    /// Whether some member waits for something to take; a hint.
    #[inline]
    pub(crate) fn anybody_searches(&self) -> bool {
        self.searching.load(Ordering::Relaxed) != 0
    }

    /// Whether there are roots that nobody has taken.
    #[inline]
    pub(crate) fn has_roots(&self) -> bool {
        self.roots.load(Ordering::Relaxed) != 0
    }

    /// Whether nodes may have been woken; a hint.
    #[inline]
    pub(crate) fn has_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed)
    }

    /// To be called after a node was put where woken nodes wait, and before posting.
    pub(crate) fn has_been_woken(&self) {
        // Ordering: Release pairs with the Acquire of `woken_are_taken`: who takes this mark away finds the
        // node there. Both are read-modify-writes, so whoever takes several away finds all of them.
        self.woken.swap(true, Ordering::AcqRel);
    }

    /// To be called before taking the nodes that were woken.
    pub(crate) fn woken_are_taken(&self) {
        // Ordering: Acquire pairs with the Release of `has_been_woken`.
        self.woken.swap(false, Ordering::AcqRel);
    }

    /// Whether there are nodes that a member can take without robbing anybody.
    pub(crate) fn has_public_work(&self) -> bool {
        self.has_roots()
            || self.has_woken()
            || self.pot.has_some()
            || self.members.iter().any(|member| member.offers())
    }

    /// Whether there are ready nodes for others to take, in some way or other. Certain after a `SeqCst` fence
    /// for members that have [posted](Self::post) since their surplus rose; otherwise a hint.
    pub(crate) fn has_work(&self) -> bool {
        self.has_roots()
            || self.has_woken()
            || self.pot.has_some()
            || self.in_step.load(Ordering::Relaxed)
            || self.wanted.anybody()
            || self.members.iter().any(|member| member.has_surplus())
    }

    /// Whether a helper could join; a hint.
    pub(crate) fn has_room(&self) -> bool {
        self.has_room_for(1)
    }

    /// Whether so many helpers could join; a hint.
    pub(crate) fn has_room_for(&self, helpers: usize) -> bool {
        self.membership.may_join((self.members.len() + 1).saturating_sub(helpers))
    }

    /// Whether a helper could join and would find something to do; a hint.
    pub(crate) fn wants_help(&self) -> bool {
        // (When all is done, a member that is about to leave may not have said yet that it has nothing left.)
        self.has_room() && !self.is_quiet() && !self.is_finished() && self.has_work()
    }

    /// Whether there are nodes that only this worker can take; a hint.
    pub(crate) fn wants(&self, worker: usize) -> bool {
        self.wanted.worker(worker) && self.membership.may_join(usize::MAX)
    }

    /// The walk that is going on in this team, if there is one: which run it is, and its budget in ticks. A
    /// hint.
    pub(crate) fn going_alone(&self) -> Option<(usize, usize)> {
        let budget = self.budget.load(Ordering::Relaxed);
        // (If it is over, but the caller has not come to closing the team, there is nothing to join for.)
        let walking = budget != 0 && self.has_room() && !self.is_finished();
        walking.then(|| (self.runs.load(Ordering::Relaxed), budget))
    }

    /// Whether that walk, or the quiet beginning, takes too long, so long after it began; a hint.
    pub(crate) fn is_late(&self, elapsed: usize, ticks: usize) -> bool {
        let eagerly = self.eagerly.load(Ordering::Relaxed);
        let budget = if eagerly { Budget::Expected(ticks) } else { Budget::Ticks(ticks) };
        let position = if self.is_quiet() { self.beat() } else { self.lanes[0].begun() };
        budget.is_over(elapsed, position, self.unfinished.load(Ordering::Relaxed))
    }

    /// How many bodies the member has called that goes quietly; a hint.
    pub(crate) fn beat(&self) -> usize {
        self.beats.load(Ordering::Relaxed)
    }

    /// That member says it.
    #[inline]
    pub(crate) fn set_beat(&self, bodies: usize) {
        self.beats.store(bodies, Ordering::Relaxed);
    }

    /// The caller walks on alone: nobody is to join, but to break in if that takes too long.
    pub(crate) fn go_on_alone(&self, budget: Budget) {
        self.set_budget(Some(budget));
        self.in_step.store(false, Ordering::Relaxed);
    }

    /// When those who watch are to break in, if ever.
    pub(super) fn set_budget(&self, budget: Option<Budget>) {
        let (budget, eagerly) = match budget {
            None => (0, false),
            Some(Budget::Ticks(ticks)) => (ticks, false),
            Some(Budget::Expected(ticks)) => (ticks, true),
        };
        self.budget.store(budget, Ordering::Relaxed);
        self.eagerly.store(eagerly, Ordering::Relaxed);
    }

    /// There is no walk to break into, or to join, any more.
    pub(crate) fn end_walk(&self) {
        self.budget.store(0, Ordering::Relaxed);
        self.in_step.store(false, Ordering::Relaxed);
    }

    /// Whether the run has begun quietly: one member works, and nobody is called or let in to help. A hint.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }

    /// Ends the quiet beginning, if there was one. For members, since otherwise it might be another run's.
    /// One that isn't the first passes a heavy fence then (`Shared::try_help`); the first looks for woken
    /// nodes behind the fence of `wait_unless`, or leaves, and then the ticket has a mark.
    pub(crate) fn end_quiet(&self) {
        if self.is_quiet() {
            self.end_walk();
            self.quiet.store(false, Ordering::Relaxed);
        }
    }

    /// The lanes of a walk, as many as places.
    #[inline]
    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Reports `nodes` nodes as done.
    #[inline]
    pub(crate) fn finish(&self, nodes: usize) {
        if nodes > 0 {
            // Relaxed: it only counts. What helpers have done is handed to the caller when they leave.
            let before = self.unfinished.fetch_sub(nodes, Ordering::Relaxed);
            debug_assert!(before >= nodes, "more nodes are done than there are");
        }
    }

    /// Reports all nodes as done, when nobody else has reported any, or will.
    #[inline]
    pub(crate) fn finish_all(&self) {
        self.unfinished.store(0, Ordering::Relaxed);
    }

    /// Whether every node has been reported as done.
    #[inline]
    pub(crate) fn is_finished(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed) == 0
    }
}
