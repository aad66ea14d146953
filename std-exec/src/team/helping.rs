//! How helpers come and go.

use super::{Job, Role, Team};
use crate::membership::Left;
use crate::shared::Shared;
use crate::stay::Stay;
use crate::sync::Backoff;
use crate::ticket::Ticket;
use std::sync::Arc;

impl Team {
    /// Joins as a helper if there is room, and works until there is nothing left to take, or `stay` is over. With `ancestor`, only if
    /// the run is nested in that team's. Returns whether it did.
    pub(crate) fn try_help(&self, ancestor: Option<&Team>, stay: &Stay<'_>) -> bool {
        if !self.membership.try_join(self.members.len()) {
            return false;
        }
        let mut leave = Leave { team: self, place: None, shared: stay.shared };
        // Asked again now that the run can't change any more.
        let wanted = ancestor.is_none_or(|ancestor| self.is_nested_in(ancestor));
        if wanted {
            let place = self.claim_place();
            leave.place = Some(place);
            self.help(Role::Member(place), stay);
        }
        wanted
    }

    /// Joins, whether or not there is room, for nodes that only the calling thread can take, which is this worker. Returns
    /// whether there were any.
    pub(crate) fn try_visit(&self, worker: usize, stay: &Stay<'_>) -> bool {
        if !self.wants(worker) || !self.membership.try_join(usize::MAX) {
            return false;
        }
        let leave = Leave { team: self, place: None, shared: stay.shared };
        // Asked again now that the run can't change any more: if it is wanted, the run is an ordered one.
        let wanted = self.wanted.worker(worker);
        if wanted {
            self.help(Role::Visitor, stay);
        }
        drop(leave);
        wanted
    }

    /// Joins for the nodes that are bound to the caller of the run of `ticket`, which has none.
    pub(crate) fn try_serve(&self, ticket: &Ticket, stay: &Stay<'_>) {
        if self.membership.try_join(usize::MAX) {
            let leave = Leave { team: self, place: None, shared: stay.shared };
            // Asked now that the run can't change any more.
            if self.membership.is_detached() && self.is_of(ticket) {
                self.help(Role::Owner, stay);
            }
            drop(leave);
        }
    }

    /// Joins in order to call the run off, if there is one.
    pub(crate) fn try_cancel(&self, stay: &Stay<'_>) {
        if self.membership.try_join(usize::MAX) {
            let leave = Leave { team: self, place: None, shared: stay.shared };
            self.help(Role::Canceller, stay);
            drop(leave);
        }
    }

    /// Goes on with the run of `ticket`, which the calling thread has claimed, in this team, which it has taken: as a member, or for the
    /// caller's nodes.
    pub(crate) fn lead_on(&self, ticket: &Arc<Ticket>, for_caller: bool, stay: &Stay<'_>) {
        // SAFETY: the calling thread has claimed the run.
        let Job { .. } = unsafe { ticket.open(self) };
        let mut leave = Leave { team: self, place: None, shared: stay.shared };
        let role = if for_caller {
            Role::Owner
        } else {
            let place = self.claim_place();
            leave.place = Some(place);
            Role::Member(place)
        };
        self.help(role, stay);
    }

    /// Works on the run. The calling thread is a member.
    fn help(&self, role: Role, stay: &Stay<'_>) {
        // SAFETY: between `try_join` and `leave` the job may be read.
        if let Some(job) = unsafe { *self.job.get() } {
            // SAFETY: this thread has joined, so the caller of the run waits and the run is valid.
            unsafe { (job.help)(job.run, self, role, stay) };
        }
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

    /// Sees to a run without a caller that its last member, the calling thread, has just left.
    fn settle(&self, shared: &Shared) {
        // SAFETY: the last member has the team to itself: by the module's table nobody else touches these.
        let ticket = unsafe { (*self.ticket.get()).take() };
        // SAFETY: as above.
        let job = unsafe { *self.job.get() };
        let (Some(ticket), Some(Job { run, rest: Some(rest), .. })) = (ticket, job) else {
            unreachable!("a run without a caller has both");
        };
        // SAFETY: it is the last member's, by the ticket's table.
        let left = unsafe { ticket.rest() };
        // SAFETY: the run is valid until `settle`; the calling thread is its last member.
        let next = unsafe { (rest.depart)(run, self, left) };
        self.give_back();
        // SAFETY: as above; it isn't called after the last step.
        ticket.settle(shared, next, || unsafe { (rest.any_woken)(run) });
    }
}

/// Takes a helper out of its team, also if it unwinds by a bug of ours: the caller waits for it.
struct Leave<'a> {
    team: &'a Team,
    place: Option<usize>,
    shared: &'a Shared,
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
            Left::Last => self.team.settle(self.shared),
        }
    }
}
