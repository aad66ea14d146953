//! What an executor's handle, its workers and its callers share.

use crate::pool::affinity::Placement;
use crate::pool::watchdog::Seen;
use crate::protocol::bindings::Bindings;
use crate::sleep::{Sleep, posted_fence};
use crate::sync::thrown::Thrown;
use crate::sync::{AtomicBool, Condvar, MODEL, Mutex, Ordering, Pause};
use crate::team::ExecutorId;
use crate::team::RunQueue;
use crate::team::Teams;
use crate::team::{Team, Ticket, Workers};
use crate::tuner::Tuner;
use crate::wake::Attached;
use dgraph_core::Dag;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long an idle worker looks around before it lies down, unless the user has a better idea. No time at
/// all in models, which have to get to sleep to be small.
const SPIN: Duration = if MODEL { Duration::ZERO } else { Duration::from_micros(20) };

/// What an executor's handle, its workers and its callers share.
#[derive(Debug)]
pub(crate) struct Shared {
    id: ExecutorId,
    pub(crate) teams: Teams,
    pub(crate) sleep: Sleep,
    pub(crate) cores: Placement,
    /// Of runs whose nodes may come back, the last one: of loops within nodes too. Others', whose samples
    /// take memory, aren't displaced by what they are around. (Models are smaller with one.)
    tuners: [Tuner; if MODEL { 1 } else { 2 }],
    pub(crate) bindings: Bindings,
    /// The runs without a caller that nobody works on and somebody could.
    pub(crate) queue: RunQueue,
    /// All runs without a caller.
    pub(crate) detached: Attached,
    /// How long an idle worker looks around.
    pub(crate) spin: Duration,
    /// How its threads wait for each other. If they spin, idle ones do for ever.
    /// How many threads there are to a core, rounded up.
    pub(crate) crowd: u32,
    pub(crate) pause: Pause,
    /// What was thrown around workers' lives, behind them.
    pub(crate) exits: Thrown,
    pub(crate) shut_down: AtomicBool,
    /// How many workers' threads have not ended; and what tells when one does.
    pub(crate) living: Mutex<usize>,
    pub(crate) dies: Condvar,
    /// See `one_node_each`.
    one_node_each: OnceLock<Dag>,
}

impl Shared {
    /// For tests: threads that yield.
    #[cfg(test)]
    pub(crate) fn new(workers: usize, cores: Placement) -> Self {
        Self::pausing(workers, cores, Pause::Yields)
    }

    /// Threads that wait for each other so.
    pub(crate) fn pausing(workers: usize, cores: Placement, pause: Pause) -> Self {
        Self {
            id: ExecutorId::new(),
            teams: Teams::new(workers.saturating_sub(1), pause),
            sleep: Sleep::new(workers),
            cores,
            tuners: std::array::from_fn(|_| Tuner::new()),
            bindings: Bindings::new(workers),
            queue: RunQueue::new(workers),
            detached: Attached::to_an_executor(),
            spin: SPIN,
            crowd: 1,
            pause,
            exits: Thrown::nothing(),
            shut_down: AtomicBool::new(false),
            living: Mutex::new(0),
            dies: Condvar::new(),
            one_node_each: OnceLock::new(),
        }
    }

    /// Which executor it is.
    #[inline]
    pub(crate) fn id(&self) -> ExecutorId {
        self.id
    }

    /// So many threads there are to a core; who has nothing to do looks around for so long, or a default.
    pub(crate) fn crowded(self, crowd: u32, spin: Option<Duration>) -> Self {
        Self { crowd, spin: spin.unwrap_or(SPIN / crowd), ..self }
    }

    /// What earlier runs took, for runs whose nodes may come back, or for others.
    #[inline]
    pub(crate) fn tuner(&self, comes_back: bool) -> &Tuner {
        &self.tuners[usize::from(comes_back) % self.tuners.len()]
    }

    /// How many threads work on a run at the most.
    pub(crate) fn threads(&self) -> usize {
        self.sleep.workers()
    }

    /// A graph without edges, of as many nodes as threads work on a run at the most. Made for whoever asks
    /// first.
    pub(crate) fn one_node_each(&self) -> &Dag {
        let make = || Dag::from_edges(self.threads(), &[]).expect("no edge is wrong where there is none");
        self.one_node_each.get_or_init(make)
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
        self.queue.backlog.is_waiting() || self.open().next().is_some()
    }

    /// Whether some run has nodes that only this worker can take.
    pub(crate) fn wants(&self, worker: usize) -> bool {
        self.bindings.want(worker)
    }

    /// The runs that want help.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Team> {
        self.teams.iter().filter(|team| team.wants_help())
    }

    /// The run of `ticket` waits for a thread, perhaps because a future was woken: wakes one that sleeps.
    pub(crate) fn enqueue(&self, ticket: &Arc<Ticket>, woken: bool) {
        self.queue.push(Arc::clone(ticket), woken);
        posted_fence();
        if self.sleep.has_to_wake(1, || self.cores.worker_here()) {
            self.sleep.wake_one(self.cores.worker_here());
        }
    }

    /// The run of `ticket` waits for these workers.
    pub(crate) fn enqueue_for(&self, workers: &Workers, ticket: &Arc<Ticket>) {
        for worker in workers.iter() {
            if self.queue.push_for(worker, Arc::clone(ticket)) {
                self.bindings.set(worker, true);
                posted_fence();
                self.call(worker);
            }
        }
    }

    /// The calling worker has left `team` and goes back to what it was in the middle of: if there is work
    /// left, it posts that, as a member would.
    pub(crate) fn post_what_is_left(&self, team: &Team) {
        posted_fence();
        if team.has_work() {
            team.post(|| self.invite(team));
        }
    }

    /// Nodes of `team` have been woken.
    pub(crate) fn has_been_woken(&self, team: &Team) {
        team.has_been_woken();
        // (As long as the run is quiet, its one member looks at the mark after each node; and if the node
        // blocks, somebody watches.)
        team.post(|| self.invite(team));
    }

    /// Wakes an idle worker, if one sleeps, to help with nodes of `team` that were posted.
    /// Whether it did.
    pub(crate) fn invite(&self, team: &Team) -> bool {
        self.invite_unless(1, team)
    }

    /// The same, after a post, if there is more than one helper will take: wakes one, although another one
    /// looks around. As each who comes does so, it takes as many steps as the logarithm of their number until
    /// all are there.
    pub(crate) fn invite_another(&self, team: &Team) -> bool {
        !team.is_quiet() && self.invite_unless(2, team)
    }

    fn invite_unless(&self, enough: usize, team: &Team) -> bool {
        // A team that is full has members enough to come for the nodes. Who looks around will come, too.
        team.has_room_for(enough)
            && self.sleep.has_to_wake(enough, || self.cores.worker_here())
            && self.sleep.wake_one(self.cores.worker_here())
    }

    /// Wakes `worker`, wherever it sleeps: in its bed, or waiting for a run that it has called.
    pub(crate) fn call(&self, worker: usize) {
        self.sleep.wake(worker);
        let asleep = |team: &&Team| team.is_led_by(worker) && team.membership.is_asleep();
        for team in self.teams.iter().filter(asleep) {
            team.wake_caller();
        }
    }

    /// Somebody goes to help one team while `others` want help too. Each has woken somebody when it began to,
    /// but that may be who goes to this one now: so it wakes the next.
    pub(crate) fn wake_for(&self, others: usize) {
        if others > 0 {
            posted_fence();
            if self.sleep.has_to_wake(1, || None) {
                self.sleep.wake_one(None);
            }
        }
    }

    /// Calls `work`, in which the calling `worker` helps `mine` of the runs that want help, and neither looks
    /// around nor watches walks.
    ///
    /// For the other runs it wakes somebody: as long as it looked around, or was in a full team, what was
    /// posted there has woken nobody. If it was the last one to watch, and there are walks, it wakes another
    /// one.
    pub(crate) fn away<R>(&self, worker: usize, mine: usize, work: impl FnOnce() -> R) -> R {
        self.sleep.away(worker, || {
            posted_fence();
            let waiting = usize::from(self.queue.backlog.is_waiting());
            self.wake_for((waiting + self.open().count()).saturating_sub(mine));
            if self.sleep.nobody_watches() && self.first_alone().is_some() && !self.sleep.wake_one(None) {
                self.going_alone().for_each(|(team, _)| team.wake_watchers());
            }
            work()
        })
    }

    /// The walk of `team` has begun: sees to it that somebody watches. Whether it has woken a worker.
    pub(crate) fn see_to_a_watchdog(&self, team: &Team) -> bool {
        posted_fence();
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
    pub(crate) fn going_alone(&self) -> impl Iterator<Item = Seen<'_>> {
        self.teams.iter().filter_map(|team| Some((team, team.going_alone()?)))
    }

    /// The first of them.
    pub(crate) fn first_alone(&self) -> Option<Seen<'_>> {
        self.going_alone().next()
    }
}
