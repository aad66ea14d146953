//! How helpers come and go.

use super::{Role, Team};
use crate::membership::Left;
use crate::sync::{Backoff, Ordering, fence};

impl Team {
    /// Joins as a helper if there is room, and works until there is nothing left to take. With `ancestor`, only if
    /// the run is nested in that team's. Returns whether it did.
    pub(crate) fn try_help(&self, ancestor: Option<&Team>) -> bool {
        if !self.membership.try_join(self.members.len()) {
            return false;
        }
        // Asked again now that the run can't change any more.
        let wanted = ancestor.is_none_or(|ancestor| self.is_nested_in(ancestor));
        let mut leave = Leave { team: self, place: None };
        if wanted {
            let place = *leave.place.insert(self.claim_place());
            // SAFETY: between `try_join` and `leave` the job may be read.
            if let Some(job) = unsafe { *self.job.get() } {
                // SAFETY: this thread has joined, so the caller of the run waits and the run is valid.
                unsafe { (job.help)(job.run, self, Role::Member(place)) };
            }
        }
        wanted
    }

    /// Joins, whether or not there is room, for nodes that only the calling thread can take, which is this worker. Returns
    /// whether there were any.
    pub(crate) fn try_visit(&self, worker: usize) -> bool {
        if !self.wants(worker) || !self.membership.try_join(usize::MAX) {
            return false;
        }
        let leave = Leave { team: self, place: None };
        // Asked again now that the run can't change any more: if it is wanted, the run is an ordered one.
        let wanted = self.wanted.worker(worker);
        if wanted {
            // SAFETY: between `try_join` and `leave` the job may be read.
            if let Some(job) = unsafe { *self.job.get() } {
                // SAFETY: this thread has joined, so the caller of the run waits and the run is valid.
                unsafe { (job.help)(job.run, self, Role::Visitor) };
            }
        }
        drop(leave);
        wanted
    }

    /// A free place among the helpers. There is one for everybody whom `try_join` lets in, although it may become
    /// free a moment later.
    fn claim_place(&self) -> usize {
        let backoff = Backoff::new();
        loop {
            // The first one is the caller's, if there is one.
            let taken = usize::from(!self.membership.is_detached());
            let free = self.members.iter().enumerate().skip(taken).find(|(_, member)| member.claim());
            if let Some((place, _)) = free {
                return place;
            }
            backoff.snooze();
        }
    }
}

/// Takes a helper out of its team, also if it unwinds by a bug of ours: the caller waits for it.
struct Leave<'a> {
    team: &'a Team,
    place: Option<usize>,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.team.members[place].give_up();
        }
        match self.team.membership.leave() {
            Left::Nothing => {}
            Left::WakeCaller => {
                self.team.wake_caller();
            }
            Left::WakeOwnerAtTheEnd => {
                // Ordering: Acquire pairs with the Release of each `leave`: what others have finished is visible. (By now it may
                // be another run's team; then somebody is woken in vain.)
                fence(Ordering::Acquire);
                if self.team.is_finished() {
                    self.team.wake_caller();
                }
            }
        }
    }
}
