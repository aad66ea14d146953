//! What a thread finds to do beside a run of its own: as a worker that is in the middle of nothing, or as the
//! caller of a run that it waits for.

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::turns::Turns;
use crate::pool::watchdog::{Seen, Watchdog};
use crate::sleep::posted_fence;
use crate::sync::Ordering;
use crate::sync::thrown::discard;
use crate::team::Stay;
use crate::team::Team;

impl Shared {
    /// Tells the workers to end and wakes them. All runs are called off: those without a caller, whose owners
    /// end them, and those nested in them.
    pub(crate) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::Relaxed);
        posted_fence();
        self.sleep.wake_all();
        let stay = Stay::to_the_end();
        for team in self.teams.iter() {
            self.try_cancel(team, &stay);
            // It may wait for workers.
            team.wake_caller();
        }
        self.detached.look().into_iter().for_each(discard);
    }

    /// The runs that have nodes which only this worker can take.
    fn wanting(&self, worker: usize) -> impl Iterator<Item = &Team> {
        let wanted = self.wants(worker);
        self.teams.iter().take_while(move |_| wanted).filter(move |team| team.wants(worker))
    }

    /// Helps the runs that want this worker, the calling thread, or else goes on with the run that has waited
    /// for longest, or helps one of those that want help: so that each has its turn. False if there is none.
    pub(crate) fn help_any(&self, turns: &mut Turns, worker: usize) -> bool {
        let backlog = &self.queue.backlog;
        let wanted = self.wants(worker);
        let others_are_due = wanted && turns.others_are_due(backlog);
        // First what nobody else can do.
        if wanted && !others_are_due {
            turns.bound_nodes_begin();
            if self.away(worker, 0, || self.help_bound(worker)) {
                return true;
            }
        }
        turns.bound_nodes_end();
        let stay = || {
            let stay = self.stay_of(worker);
            if others_are_due { stay.before_bound_nodes() } else { stay }
        };
        // In turns, so that neither those that wait nor those that only want help keep the others waiting for
        // ever.
        let turn = turns.count();
        let open_first = turn % 4 == 0;
        open_first && self.help_open(turn, worker, stay)
            || self.help_waiting(worker, stay)
            || !open_first && self.help_open(turn, worker, stay)
    }

    /// How long a worker stays that is in the middle of nothing, from now on.
    pub(crate) fn stay_of(&self, worker: usize) -> Stay<'_> {
        Stay::of_worker(worker, &self.queue.backlog, &self.bindings)
    }

    /// Goes on with the run that has waited for longest.
    fn help_waiting<'a>(&'a self, worker: usize, stay: impl Fn() -> Stay<'a>) -> bool {
        let Some(ticket) = self.queue.pop() else { return false };
        self.away(worker, 0, || self.go_on(&ticket, false, &stay()));
        true
    }

    /// Helps the `turn`-th of the runs that want help.
    fn help_open<'a>(&'a self, turn: usize, worker: usize, stay: impl Fn() -> Stay<'a>) -> bool {
        let count = self.open().count();
        if count == 0 {
            return false;
        }
        let stay = stay();
        self.away(worker, 1, || self.open().skip(turn % count).any(|team| self.try_help(team, None, &stay)))
    }

    /// Runs nodes that only this worker can take.
    fn help_bound(&self, worker: usize) -> bool {
        let stay = self.stay_of(worker);
        let mut visited = false;
        self.wanting(worker).for_each(|team| visited |= self.visit(team, worker, &stay));
        // And one of those on which nobody works: the others wait here, or are worked on.
        while let Some(ticket) = self.queue.pop_for(worker) {
            self.bindings.set(worker, false);
            if ticket.claim(false) {
                self.go_on(&ticket, false, &self.stay_of(worker));
                return true;
            }
        }
        visited
    }

    /// Breaks into the walk of `team`, or its quiet beginning. Whether it could join.
    pub(crate) fn break_in(&self, team: &Team, worker: usize) -> bool {
        self.away(worker, 0, || self.try_help(team, None, &self.stay_of(worker)))
    }

    /// Runs nodes of `team` that only this worker, the calling thread, can take: one of them if it is in the
    /// middle of a node. False if there are none.
    fn visit(&self, team: &Team, worker: usize, stay: &Stay<'_>) -> bool {
        let visited = self.try_visit(team, worker, stay);
        // It was counted as one who would come for other nodes too, but has left them.
        self.post_what_is_left(team);
        visited
    }

    /// The walks in runs that are nested in that of `awaited`, if no worker watches.
    fn unwatched_within(&self, awaited: &Team) -> impl Iterator<Item = Seen<'_>> {
        self.going_alone().filter(|(team, _)| team.is_nested_in(awaited) && self.sleep.nobody_watches())
    }

    /// Watches that, and breaks in if it takes too long. Whether it has.
    fn watch_within(&self, awaited: &Team, watch: &mut Watchdog) -> bool {
        let late = watch.look(self.unwatched_within(awaited));
        late.is_some_and(|team| {
            let helped = self.try_help(team, Some(awaited), &Stay::of_one_who_waits_for(awaited));
            self.post_what_is_left(team);
            helped
        })
    }

    /// The caller of `awaited`'s run has found nothing to do there. It does what there is beside that run's
    /// own nodes, or parks, unless there is a reason to stay: one of these, or `more_reasons`. Whether it has
    /// parked.
    pub(crate) fn wait_within(
        &self,
        awaited: &Team,
        watch: &mut Watchdog,
        more_reasons: impl FnOnce() -> bool,
    ) -> bool {
        if self.help_within(awaited) || self.watch_within(awaited, watch) {
            return false;
        }
        let alarm = watch.alarm();
        let unwatched = || alarm.is_none() && self.unwatched_within(awaited).next().is_some();
        awaited.wait_unless(alarm, || more_reasons() || self.wants_help_within(awaited) || unwatched())
    }

    /// The runs [after](Team::comes_after) `awaited`'s that have nodes which only the calling thread can
    /// take, and which worker that is.
    fn wanting_later(&self, awaited: &Team) -> impl Iterator<Item = (&Team, usize)> {
        let worker = context::worker(self.id()).into_iter();
        worker.flat_map(move |worker| {
            let later = self.wanting(worker).filter(move |team| team.comes_after(awaited));
            later.map(move |team| (team, worker))
        })
    }

    /// Whether there is something to do for the calling thread while it waits for the run of `awaited`,
    /// beside that run's own nodes: some run that is nested in it wants help, or a later one wants this
    /// thread in particular.
    fn wants_help_within(&self, awaited: &Team) -> bool {
        self.wanting_later(awaited).next().is_some() || self.open().any(|team| team.is_nested_in(awaited))
    }

    /// Does some of that: helps a nested run, or runs a node of each later one that wants this thread, until
    /// the run of `awaited` has something to do itself. False if there is nothing.
    fn help_within(&self, awaited: &Team) -> bool {
        let stay = Stay::of_one_who_waits_for(awaited);
        let helped = self.open().filter(|team| team.is_nested_in(awaited)).any(|team| {
            self.wake_for(self.open().count().saturating_sub(1));
            let helped = self.try_help(team, Some(awaited), &stay);
            self.post_what_is_left(team);
            helped
        });
        if helped {
            return true;
        }
        let mut visited = false;
        for (team, worker) in self.wanting_later(awaited) {
            visited |= self.visit(team, worker, &stay);
            if awaited.is_finished() || awaited.has_work() {
                break;
            }
        }
        visited
    }
}
