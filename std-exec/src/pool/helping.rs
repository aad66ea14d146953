//! How a thread comes to help with a run, and leaves.

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::protocol::membership::Left;
use crate::sync::asymmetric_fence;
use crate::team::Stay;
use crate::team::Then;
use crate::team::{Role, Team, Ticket};
use crate::wake::Listener;
use std::ptr;
use std::sync::Arc;

impl Shared {
    /// Joins the run of `team` as a helper if there is room, and works until there is nothing left to take,
    /// or `stay` is over. With `ancestor`, only if the run is nested in that team's. Returns whether it did.
    pub(crate) fn try_help(&self, team: &Team, ancestor: Option<&Team>, stay: &Stay<'_>) -> bool {
        if !team.membership.try_join(team.places()) {
            return false;
        }
        let mut member = Joined { team, place: None, shared: self, goes_back: ancestor.is_none() };
        // Asked again now that the run can't change any more.
        let wanted = ancestor.is_none_or(|ancestor| team.is_nested_in(ancestor));
        if wanted {
            if team.is_quiet() {
                team.end_quiet();
                // Ordering: pairs with the fence in `Team::post`, and with the light one in
                // `Stealing::post`: of what was woken or offered while the run was quiet, and nobody was
                // told, this thread finds what there is.
                asymmetric_fence::heavy();
            }
            member.help_in_a_place(stay);
        }
        wanted
    }

    /// Joins, whether or not there is room, for nodes that only the calling thread can take, which is this
    /// worker. Returns whether there were any.
    pub(crate) fn try_visit(&self, team: &Team, worker: usize, stay: &Stay<'_>) -> bool {
        if !team.wants(worker) || !team.membership.try_join(usize::MAX) {
            return false;
        }
        let member = Joined { team, place: None, shared: self, goes_back: false };
        // Asked again now that the run can't change any more: if it is wanted, the run is an ordered one.
        let wanted = team.wanted.worker(worker);
        if wanted {
            member.help(Role::Visitor, stay);
        }
        wanted
    }

    /// Joins for the nodes that are bound to the caller of the run of `ticket`, which has none.
    pub(crate) fn try_serve(&self, team: &Team, ticket: &Ticket, stay: &Stay<'_>) {
        if team.membership.try_join(usize::MAX) {
            let member = Joined { team, place: None, shared: self, goes_back: false };
            // Asked now that the run can't change any more.
            if team.membership.is_detached() && team.is_of(ticket) {
                member.help(Role::Owner, stay);
            }
        }
    }

    /// Joins in order to call the run off, if there is one.
    pub(crate) fn try_cancel(&self, team: &Team, stay: &Stay<'_>) {
        if team.membership.try_join(usize::MAX) {
            Joined { team, place: None, shared: self, goes_back: false }.help(Role::Canceller, stay);
        }
    }

    /// The calling thread has claimed the run of `ticket`, and works on it: as a member, or for the caller's
    /// nodes.
    pub(crate) fn go_on(&self, ticket: &Arc<Ticket>, for_caller: bool, stay: &Stay<'_>) {
        let team = self.teams.take();
        // SAFETY: the team was taken just now, and the run was claimed.
        unsafe { team.open_for(ticket) };
        let mut member = Joined { team, place: None, shared: self, goes_back: false };
        if for_caller {
            member.help(Role::Owner, stay);
        } else {
            member.help_in_a_place(stay);
        }
    }

    /// The run of `ticket` may have nodes for its caller, for whom the calling thread stands: runs them.
    pub(crate) fn serve(&self, ticket: &Arc<Ticket>) {
        let stay = Stay::to_the_end();
        if ticket.claim_for_owner() {
            self.go_on(ticket, true, &stay);
        // SAFETY: teams are freed with the executor only, which the ticket belongs to.
        } else if let Some(team) = ticket.team().and_then(|team| unsafe { team.as_ref() }) {
            self.try_serve(team, ticket, &stay);
        }
    }

    /// Does what the step of a ticket asks for.
    pub(crate) fn see_to(&self, ticket: &Arc<Ticket>, then: Then<Team>) {
        match then {
            Then::Nothing => {}
            Then::Enqueue => self.enqueue(ticket, false),
            Then::EnqueueWoken => self.enqueue(ticket, true),
            Then::EnqueueFor { workers, ask_owner } => {
                self.enqueue_for(&workers, ticket);
                if ask_owner {
                    ticket.ask_owner();
                }
            }
            Then::Tell(team) => {
                // SAFETY: teams are freed with the executor only, which the ticket belongs to.
                let team = unsafe { team.as_ref() };
                team.into_iter().for_each(|team| self.has_been_woken(team));
            }
        }
    }

    /// Sees to a run without a caller that its last member, the calling thread, has just left.
    fn settle(&self, team: &Team) {
        // SAFETY: the calling thread is the last member, and its leaving has closed the team.
        let (ticket, run, rest) = unsafe { team.take_ticket() };
        // SAFETY: what is left is the last member's, by the ticket's table.
        let left = unsafe { ticket.rest() };
        // SAFETY: the run is valid until the ticket's `settle`; the calling thread was its last member.
        let next = unsafe { (rest.depart)(run, team, left) };
        team.give_back();
        // SAFETY: as above; it isn't called after the last step.
        let then = ticket.settle(next, || unsafe { (rest.any_woken)(run) });
        self.see_to(&ticket, then);
    }
}

/// The calling thread as a helper that has joined. It leaves also if it unwinds by a bug of ours: the caller
/// waits for it.
struct Joined<'a> {
    team: &'a Team,
    place: Option<usize>,
    shared: &'a Shared,
    /// It is a worker in the middle of nothing, and looks around afterwards.
    goes_back: bool,
}

impl Joined<'_> {
    fn help(&self, role: Role, stay: &Stay<'_>) {
        // SAFETY: it has joined, and leaves when it is dropped.
        unsafe { self.team.help(role, stay) };
    }

    fn help_in_a_place(&mut self, stay: &Stay<'_>) {
        let place = self.team.claim_place();
        self.place = Some(place);
        self.help(Role::Member(place), stay);
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.team.give_up_place(place);
        }
        // Before it leaves: as soon as the last helper has, the next run may begin, and post. (The last
        // member of a run without a caller has that to see to first.)
        if self.goes_back && !self.team.membership.is_detached() {
            context::worker(self.shared.id())
                .into_iter()
                .for_each(|worker| self.shared.sleep.comes_back(worker));
        }
        match self.team.membership.leave() {
            Left::Nothing => {}
            Left::WakeCaller => {
                self.team.wake_caller();
            }
            Left::Last => self.shared.settle(self.team),
        }
    }
}

impl Listener for Shared {
    fn team_is_woken(&self, team: usize) {
        if let Some(team) = self.teams.iter().find(|here| ptr::from_ref::<Team>(here).addr() == team) {
            self.has_been_woken(team);
        }
    }

    fn ticket_is_woken(&self, ticket: &Arc<Ticket>) {
        self.see_to(ticket, ticket.wake());
    }
}
