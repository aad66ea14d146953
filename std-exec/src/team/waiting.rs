//! How the caller of a run waits, and who wakes it.

use super::state::{Team, Ticket};
use crate::sleep::posted_fence;
use crate::sync::{Ordering, Pause, fence, patience, spin_loop};
use std::ptr;
use std::time::Duration;

/// How many times a member looks around for nodes before it gives up for now.
pub(crate) const LOOKS: u32 = patience(100);

/// Closes the team and waits until every helper has left, also if the caller unwinds by a bug of ours:
/// helpers use its stack.
pub(crate) struct CloseOnDrop<'a>(pub(crate) &'a Team);

impl Drop for CloseOnDrop<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.membership.close();
        let mut patience = LOOKS;
        while !self.0.membership.is_empty() {
            if patience > 0 {
                patience -= 1;
                spin_loop();
            } else {
                // For nothing else: what there is to do is the helpers'.
                let _ = self.0.wait_unless(None, || self.0.membership.is_empty());
            }
        }
    }
}

impl Team {
    /// Whether the caller has something to do here, or the run is over and nobody is in.
    ///
    /// That nobody is in the team is a reason to go on only at the end: before it, nodes wait, and whoever
    /// wakes one posts it.
    pub(crate) fn needs_caller(&self) -> bool {
        self.has_work() || self.membership.is_empty() && self.is_finished()
    }

    /// The caller parks until there may be something to do: somebody posts a node here or in a nested run, or
    /// the last helper leaves; with an `alarm` set, for so long at the most. It doesn't if `reason_to_stay`
    /// holds after it has said that it is about to, nor if it spins instead. Whether it has parked.
    pub(crate) fn wait_unless(&self, alarm: Option<Duration>, reason_to_stay: impl FnOnce() -> bool) -> bool {
        if self.pause == Pause::Spins {
            spin_loop();
            return false;
        }
        self.alarmed.store(alarm.is_some(), Ordering::Relaxed);
        self.membership.fall_asleep();
        // Ordering: this fence pairs with the one in `posted_fence`. Either the poster sees the caller
        // asleep, or the caller sees what was posted. For the last helper's leave the membership word itself
        // decides.
        fence(Ordering::SeqCst);
        if reason_to_stay() && self.membership.claim_wake() {
            spin_loop(); // the reason may be out of date, and the caller come back at once
            return false;
        }
        match alarm {
            Some(time) if self.parker.park_timeout(time) || self.membership.claim_wake() => {}
            // Or somebody has ended its sleep just now, and owes it the token.
            _ => self.parker.park(),
        }
        true
    }

    /// There is a walk in this team that no worker watches: wakes the callers that wait for runs in which it
    /// is nested, so that they do. (All of them: each may find something else to do.)
    pub(crate) fn wake_watchers(&self) {
        let sleeps = |team: &&Team| team.membership.is_asleep();
        for team in self.ancestors().filter(sleeps).filter(|team| !team.alarmed.load(Ordering::Relaxed)) {
            team.wake_caller();
        }
    }

    /// Wakes the caller if it sleeps. True if this did it.
    pub(crate) fn wake_caller(&self) -> bool {
        let claimed = self.membership.is_asleep() && self.membership.claim_wake();
        if claimed {
            self.parker.unpark();
        }
        claimed
    }

    /// There are nodes for others: wakes one thread that may come for them, if one sleeps. First the callers
    /// that may do nothing else: this run's, then those of the runs that it is nested in. `invite` wakes an
    /// idle worker. As long as the run is quiet, nobody else than its caller comes. Whether somebody was
    /// woken.
    pub(crate) fn post(&self, invite: impl FnOnce() -> bool) -> bool {
        posted_fence();
        let awake = |team: &Team| !team.wake_caller();
        !awake(self) || !self.is_quiet() && (!self.ancestors().all(awake) || invite())
    }

    /// The teams whose nodes have started this run, from the innermost on. Certain for a member, whose run
    /// lasts, and with it those that it is nested in; a hint for anybody else.
    fn ancestors(&self) -> impl Iterator<Item = &Team> {
        let parent = |team: &Team| {
            // Ordering: Acquire pairs with the Release in `set_up`: the parent has been made.
            let parent = team.parent.load(Ordering::Acquire);
            // SAFETY: teams are freed with the executor only, and a parent belongs to the same executor as
            // its child, so it lasts as long as `self`, from which the references are derived.
            unsafe { parent.as_ref() }
        };
        std::iter::successors(parent(self), move |team| parent(team))
    }

    /// Whether this run was started, directly or not, by a node of `ancestor`'s run. As certain as
    /// [`ancestors`].
    ///
    /// [`ancestors`]: Self::ancestors
    pub(crate) fn is_nested_in(&self, ancestor: &Team) -> bool {
        self.ancestors().any(|team| ptr::eq(team, ancestor))
    }

    /// Whether this is the run of `ticket`, or one that is nested in it. For members.
    pub(crate) fn is_within(&self, ticket: &Ticket) -> bool {
        self.is_of(ticket) || self.ancestors().any(|team| team.is_of(ticket))
    }
}
