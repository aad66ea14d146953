//! What an executor's handle, its workers and its callers share.

use crate::context;
use crate::cores::Seats;
use crate::pace::Paces;
use crate::sleep::{Sleep, posted};
use crate::sync::{AtomicBool, Ordering};
use crate::team::Team;
use crate::teams::Teams;
use crate::worker;
use std::time::Duration;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) teams: Teams,
    pub(crate) sleep: Sleep,
    pub(crate) cores: Seats,
    pub(crate) paces: Paces,
    /// How long an idle worker looks around.
    pub(crate) spin: Duration,
    shut_down: AtomicBool,
}

impl Shared {
    pub(crate) fn new(workers: usize, cores: Seats) -> Self {
        Self {
            teams: Teams::new(workers.saturating_sub(1)),
            sleep: Sleep::new(workers),
            cores,
            paces: Paces::new(),
            spin: worker::SPIN,
            shut_down: AtomicBool::new(false),
        }
    }

    pub(crate) fn with_spin(self, spin: Duration) -> Self {
        Self { spin, ..self }
    }

    /// Tells the workers to end and wakes them.
    pub(crate) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::Relaxed);
        posted();
        self.sleep.wake_all();
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Relaxed)
    }

    /// Whether some run wants help now.
    pub(crate) fn wants_help(&self) -> bool {
        self.teams.iter().any(Team::wants_help)
    }

    /// Whether some run has nodes that only this worker can take.
    pub(crate) fn wants(&self, worker: usize) -> bool {
        self.teams.iter().any(|team| team.wants(worker))
    }

    /// Runs the nodes that only this worker, the calling thread, can take. False if there are none.
    fn visit_all(&self, worker: usize) -> bool {
        let mut visited = false;
        for team in self.teams.iter().filter(|team| team.wants(worker)) {
            visited |= self.away(|| team.try_visit(worker));
            // It was counted as one who would come for other nodes too, but has left them.
            posted();
            if team.has_work() {
                team.post(|| self.invite(team));
            }
        }
        visited
    }

    /// Helps some runs that want help, from the `turn`-th on, so that each is the first one in its turn, and those that
    /// want this worker, the calling thread. False if there is none.
    pub(crate) fn help_any(&self, turn: usize, worker: usize) -> bool {
        let wanting = || self.teams.iter().filter(|team| team.wants_help());
        // First what nobody else can do.
        let mut helped = self.visit_all(worker);
        let count = wanting().count();
        if count > 0 {
            self.wake_for(count - 1);
            self.away(|| {
                for team in wanting().skip(turn % count) {
                    helped |= team.try_help(None);
                }
            });
        }
        helped
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
            crate::sleep::posted();
            if self.sleep.anybody_asleep() {
                self.sleep.wake_one(None);
            }
        }
    }

    /// Calls `work`, in which the calling worker watches no walks. If it was the last one to do so, and there are any, it
    /// wakes another one.
    pub(crate) fn away<R>(&self, work: impl FnOnce() -> R) -> R {
        self.sleep.away(|| {
            crate::sleep::posted();
            if self.sleep.nobody_watches() && self.walk().is_some() {
                self.sleep.wake_one(None);
            }
            work()
        })
    }

    /// The first walk that is going on, and its team.
    pub(crate) fn walk(&self) -> Option<(&Team, (usize, usize))> {
        self.teams.iter().find_map(|team| Some((team, team.walk()?)))
    }

    /// Whether some run that is nested in `ancestor`'s wants help now, or any run wants the calling thread in particular.
    pub(crate) fn wants_help_within(&self, ancestor: &Team) -> bool {
        let wanted = context::worker(self).is_some_and(|worker| self.wants(worker));
        wanted || self.teams.iter().any(|team| team.wants_help() && team.is_nested_in(ancestor))
    }

    /// Helps runs that are nested in `ancestor`'s, and those that want the calling thread in particular. False if there
    /// are none.
    pub(crate) fn help_within(&self, ancestor: &Team) -> bool {
        let wanting = || self.teams.iter().filter(|team| team.wants_help());
        let mut nested = wanting().filter(|team| team.is_nested_in(ancestor));
        nested.any(|team| {
            self.wake_for(wanting().count().saturating_sub(1));
            team.try_help(Some(ancestor))
        }) || context::worker(self).is_some_and(|worker| self.visit_all(worker))
    }
}
