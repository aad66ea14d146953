//! What an executor's handle, its workers and its callers share.

use crate::bindings::Bindings;
use crate::context;
use crate::cores::Seats;
use crate::pace::Paces;
use crate::run_queue::RunQueue;
use crate::sleep::{Sleep, posted};
use crate::stay::Stay;
use crate::sync::{AtomicBool, Condvar, Mutex, Ordering};
use crate::team::Team;
use crate::teams::Teams;
use crate::thrown::{Thrown, discard};
use crate::ticket::Ticket;
use crate::wake::Attached;
use crate::watch::{Seen, Watch};
use crate::worker;
use std::sync::Arc;
use std::time::Duration;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) teams: Teams,
    pub(crate) sleep: Sleep,
    pub(crate) cores: Seats,
    pub(crate) paces: Paces,
    pub(crate) bindings: Bindings,
    /// The runs without a caller that nobody works on and somebody could.
    pub(crate) queue: RunQueue,
    /// All runs without a caller.
    pub(crate) detached: Attached,
    /// How long an idle worker looks around.
    pub(crate) spin: Duration,
    /// What was thrown around workers' lives, behind them.
    pub(crate) exits: Thrown,
    shut_down: AtomicBool,
    /// How many workers' threads have not ended; and what tells when one does.
    pub(crate) living: Mutex<usize>,
    pub(crate) dies: Condvar,
}

impl Shared {
    pub(crate) fn new(workers: usize, cores: Seats) -> Self {
        Self {
            teams: Teams::new(workers.saturating_sub(1)),
            sleep: Sleep::new(workers),
            cores,
            paces: Paces::new(),
            bindings: Bindings::new(workers),
            queue: RunQueue::new(workers),
            detached: Attached::to_an_executor(),
            spin: worker::SPIN,
            exits: Thrown::nothing(),
            shut_down: AtomicBool::new(false),
            living: Mutex::new(0),
            dies: Condvar::new(),
        }
    }

    pub(crate) fn with_spin(self, spin: Duration) -> Self {
        Self { spin, ..self }
    }

    /// Tells the workers to end and wakes them. All runs are called off: those without a caller, whose owners end them, and those
    /// nested in them.
    pub(crate) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::Relaxed);
        posted();
        self.sleep.wake_all();
        let stay = Stay::to_the_end(self);
        for team in self.teams.iter() {
            team.try_cancel(&stay);
            // It may wait for workers.
            team.wake_caller();
        }
        self.detached.look().into_iter().for_each(discard);
    }

    /// The first step of that, for tests.
    #[cfg(all(test, not(dgraph_loom)))]
    pub(crate) fn begin_to_shut_down(&self) {
        self.shut_down.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Relaxed)
    }

    /// Whether some run wants help now, or somebody to go on with it.
    pub(crate) fn wants_help(&self) -> bool {
        self.queue.is_waiting() || self.open().next().is_some()
    }

    /// Whether some run has nodes that only this worker can take.
    pub(crate) fn wants(&self, worker: usize) -> bool {
        self.bindings.want(worker)
    }

    /// The runs that have nodes which only this worker can take.
    fn wanting(&self, worker: usize) -> impl Iterator<Item = &Team> {
        let wanted = self.wants(worker);
        self.teams.iter().take_while(move |_| wanted).filter(move |team| team.wants(worker))
    }

    /// The runs that want help.
    fn open(&self) -> impl Iterator<Item = &Team> {
        self.teams.iter().filter(|team| team.wants_help())
    }

    /// Helps the runs that want this worker, the calling thread, or else goes on with the run that has waited for longest, or helps the
    /// `turn`-th of those that want help: so that each has its turn. False if there is none.
    pub(crate) fn help_any(&self, turn: usize, worker: usize) -> bool {
        // First what nobody else can do.
        if self.wants(worker) {
            self.hand_over(0);
            if self.away(|| self.help_bound(worker)) {
                return true;
            }
        }
        // In turns, so that neither those that wait nor those that only want help keep the others waiting for ever.
        let open_first = turn % 4 == 0;
        open_first && self.help_open(turn, worker)
            || self.help_waiting(worker)
            || !open_first && self.help_open(turn, worker)
    }

    /// Goes on with the run that has waited for longest.
    fn help_waiting(&self, worker: usize) -> bool {
        let Some(ticket) = self.queue.pop() else { return false };
        self.hand_over(0);
        self.away(|| self.go_on(&ticket, false, &Stay::of_worker(self, worker)));
        true
    }

    /// Helps the `turn`-th of the runs that want help.
    fn help_open(&self, turn: usize, worker: usize) -> bool {
        let count = self.open().count();
        if count == 0 {
            return false;
        }
        self.hand_over(1);
        let stay = Stay::of_worker(self, worker);
        self.away(|| self.open().skip(turn % count).any(|team| team.try_help(None, &stay)))
    }

    /// Runs nodes that only this worker can take.
    fn help_bound(&self, worker: usize) -> bool {
        let stay = Stay::of_worker(self, worker);
        let mut visited = false;
        self.wanting(worker).for_each(|team| visited |= self.visit(team, worker, &stay));
        // One of those on which nobody works: the others wait here, or are worked on.
        while !visited {
            let Some(ticket) = self.queue.pop_for(worker) else { break };
            self.bindings.set(worker, false);
            if ticket.claim(false) {
                self.go_on(&ticket, false, &Stay::of_worker(self, worker));
                visited = true;
            }
        }
        visited
    }

    /// The calling thread has claimed the run of `ticket`, and works on it: as a member, or for the caller's nodes.
    fn go_on(&self, ticket: &Arc<Ticket>, for_caller: bool, stay: &Stay<'_>) {
        self.teams.take().lead_on(ticket, for_caller, stay);
    }

    /// The run of `ticket` may have nodes for its caller, for whom the calling thread stands: runs them.
    pub(crate) fn serve(&self, ticket: &Arc<Ticket>) {
        let stay = Stay::to_the_end(self);
        if ticket.claim_for_owner() {
            self.go_on(ticket, true, &stay);
        } else if let Some(team) = ticket.team(self) {
            team.try_serve(ticket, &stay);
        }
    }

    /// The run of `ticket` waits for a thread, perhaps because a future was woken: wakes one that sleeps.
    pub(crate) fn enqueue(&self, ticket: &Arc<Ticket>, woken: bool) {
        self.queue.push(Arc::clone(ticket), woken);
        posted();
        if self.sleep.anybody_asleep() {
            self.sleep.wake_one(self.cores.worker_here());
        }
    }

    /// The run of `ticket` waits for these workers.
    pub(crate) fn enqueue_for(&self, workers: &[usize], ticket: &Arc<Ticket>) {
        for &worker in workers {
            if self.queue.push_for(worker, Arc::clone(ticket)) {
                self.bindings.set(worker, true);
                posted();
                self.call(worker);
            }
        }
    }

    /// Breaks into the walk of `team`, or its quiet beginning. Whether it could join.
    pub(crate) fn break_in(&self, team: &Team, stay: &Stay<'_>) -> bool {
        self.hand_over(0);
        team.end_quiet();
        self.away(|| team.try_help(None, stay))
    }

    /// The calling worker has left some team, maybe, and goes to help; of the runs that want help it sees to `mine`. For
    /// the others it wakes somebody: as long as it was in, a team may have been full, and what was posted there has woken
    /// nobody.
    fn hand_over(&self, mine: usize) {
        posted();
        let waiting = usize::from(self.queue.is_waiting());
        self.wake_for((waiting + self.open().count()).saturating_sub(mine));
    }

    /// The same when it has left `team` and goes back to what it was in the middle of.
    fn pass_on(&self, team: &Team) {
        posted();
        if team.has_work() {
            team.post(|| self.invite(team));
        }
    }

    /// Runs nodes of `team` that only this worker, the calling thread, can take: one of them if it is in the middle of a
    /// node. False if there are none.
    fn visit(&self, team: &Team, worker: usize, stay: &Stay<'_>) -> bool {
        let visited = team.try_visit(worker, stay);
        // It was counted as one who would come for other nodes too, but has left them.
        self.pass_on(team);
        visited
    }

    /// Nodes of the team at this address have been woken.
    pub(crate) fn tell(&self, team: usize) {
        if let Some(team) = self.teams.iter().find(|here| std::ptr::from_ref::<Team>(here).addr() == team) {
            self.has_been_woken(team);
        }
    }

    /// Nodes of `team` have been woken.
    pub(crate) fn has_been_woken(&self, team: &Team) {
        team.has_been_woken();
        // (As long as the run is quiet, its one member looks at the mark after each node; and if the node blocks, somebody watches.)
        team.post(|| self.invite(team));
    }

    /// Wakes an idle worker, if one sleeps, for nodes of `team` that were posted.
    /// Whether it did.
    pub(crate) fn invite(&self, team: &Team) -> bool {
        // A team that is full has members enough to come for the nodes.
        team.has_room() && self.sleep.anybody_asleep() && self.sleep.wake_one(self.cores.worker_here())
    }

    /// Wakes `worker`, wherever it sleeps: in its bed, or waiting for a run that it has called.
    pub(crate) fn call(&self, worker: usize) {
        self.sleep.wake(worker);
        let asleep = |team: &&Team| team.is_led_by(worker) && team.membership.is_asleep();
        for team in self.teams.iter().filter(asleep) {
            team.wake_caller();
        }
    }

    /// Somebody goes to help one team while `others` want help too. Each has woken somebody when it began to, but that may be
    /// who goes to this one now: so it wakes the next.
    fn wake_for(&self, others: usize) {
        if others > 0 {
            posted();
            if self.sleep.anybody_asleep() {
                self.sleep.wake_one(None);
            }
        }
    }

    /// Calls `work`, in which the calling worker watches no walks. If it was the last one to do so, and there are any, it
    /// wakes another one.
    pub(crate) fn away<R>(&self, work: impl FnOnce() -> R) -> R {
        self.sleep.away(|| {
            posted();
            if self.sleep.nobody_watches() && self.walk().is_some() && !self.sleep.wake_one(None) {
                self.walks().for_each(|(team, _)| team.wake_watchers());
            }
            work()
        })
    }

    /// The walk of `team` has begun: sees to it that somebody watches. Whether it has woken a worker.
    pub(crate) fn have_watched(&self, team: &Team) -> bool {
        posted();
        if !self.sleep.nobody_watches() {
            return false;
        }
        let woken = self.sleep.wake_one(self.cores.worker_here());
        if !woken {
            team.wake_watchers();
        }
        woken
    }

    /// The walks that are going on.
    fn walks(&self) -> impl Iterator<Item = Seen<'_>> {
        self.teams.iter().filter_map(|team| Some((team, team.walk()?)))
    }

    /// The first of them.
    pub(crate) fn walk(&self) -> Option<Seen<'_>> {
        self.walks().next()
    }

    /// A walk in a run that is nested in that of `awaited`, if no worker watches.
    fn unwatched_within(&self, awaited: &Team) -> Option<Seen<'_>> {
        self.walks().find(|(team, _)| team.is_nested_in(awaited) && self.sleep.nobody_watches())
    }

    /// Watches that, and breaks in if it takes too long. Whether it has.
    fn watch_within(&self, awaited: &Team, watch: &mut Watch) -> bool {
        let late = watch.look(self.unwatched_within(awaited));
        late.is_some_and(|team| {
            team.end_quiet();
            let helped = team.try_help(Some(awaited), &Stay::of_one_who_waits_for(self, awaited));
            self.pass_on(team);
            helped
        })
    }

    /// The caller of `awaited`'s run has found nothing to do there. It does what there is beside that run's own nodes, or
    /// parks, unless there is a reason to stay: one of these, or `more_reasons`. Whether it has parked.
    pub(crate) fn wait_within(
        &self,
        awaited: &Team,
        watch: &mut Watch,
        more_reasons: impl FnOnce() -> bool,
    ) -> bool {
        if self.help_within(awaited) || self.watch_within(awaited, watch) {
            return false;
        }
        let alarm = watch.alarm();
        let unwatched = || alarm.is_none() && self.unwatched_within(awaited).is_some();
        awaited.wait_unless(alarm, || more_reasons() || self.wants_help_within(awaited) || unwatched())
    }

    /// The runs [after](Team::comes_after) `awaited`'s that have nodes which only the calling thread can take, and which worker that is.
    fn wanting_later(&self, awaited: &Team) -> impl Iterator<Item = (&Team, usize)> {
        let worker = context::worker(self).into_iter();
        worker.flat_map(move |worker| {
            let later = self.wanting(worker).filter(move |team| team.comes_after(awaited));
            later.map(move |team| (team, worker))
        })
    }

    /// Whether there is something to do for the calling thread while it waits for the run of `awaited`, beside that run's
    /// own nodes: some run that is nested in it wants help, or a later one wants this thread in particular.
    fn wants_help_within(&self, awaited: &Team) -> bool {
        self.wanting_later(awaited).next().is_some() || self.open().any(|team| team.is_nested_in(awaited))
    }

    /// Does some of that: helps a nested run, or runs a node of each later one that wants this thread, until the run of
    /// `awaited` has something to do itself. False if there is nothing.
    fn help_within(&self, awaited: &Team) -> bool {
        let stay = Stay::of_one_who_waits_for(self, awaited);
        let helped = self.open().filter(|team| team.is_nested_in(awaited)).any(|team| {
            self.wake_for(self.open().count().saturating_sub(1));
            let helped = team.try_help(Some(awaited), &stay);
            self.pass_on(team);
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
