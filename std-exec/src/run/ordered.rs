//! A run in which order matters: priorities, limits, nodes bound to a thread.
//!
//! An ordinary run keeps ready nodes where they were made ready, which is fast, but knows no order between
//! threads. An ordered run has one queue for all, under a lock. Its members do nothing but this:
//!
//! ```text
//!           ┌────────────────────────────────────────────────────────────────┐
//!           ▼                                                                │
//!   lock: complete the last node, give back its permits, take the most       │
//!         urgent node that this thread may run; say for whom there are more  │
//!   unlock, wake whoever is wanted and sleeps                                │
//!           │ a node                                      │ none             │
//!           ▼                                             ▼                  │
//!   run its body, without the lock ──────────▶   helper: leave; caller: look around, sleep
//!           └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A node that comes back ([`Progress`]) keeps its permits; it goes on where it may run, in turns with nodes
//! that are new.
//!
//! The lock is held for a few steps in sets of bits, never while user code runs. All ready nodes are in the
//! queue, so none is hidden, and a thread never waits for a permit or for another thread's node: it takes
//! something else, or goes.
//!
//! A *visitor* is a worker that comes only for nodes that are bound to it: before it does anything else,
//! whether or not the team is full, and also while it waits for an earlier run. Without the latter two
//! workers could wait for each other: each for a run of its own with a node that is bound to the other one.
//! `protocol/README.md` has a proof that this is enough. A worker that is in the middle of nothing leaves
//! after a node if another run wants it: see [`bindings`].
//!
//! [`bindings`]: crate::protocol::bindings

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::protocol::ready_queue::{Place, ReadyQueue, Taker};
use crate::protocol::steps::{Steps, WAIT_TICKS};
use crate::protocol::walk::Walk;
use crate::run::beginning::{Find, begin, record, steps_of};
use crate::run::body::{Body, Progress};
use crate::run::lead::{Common, Discipline, in_a_team, lead};
use crate::run::statistics::Tally;
use crate::run::walking::Walks;
use crate::sleep::posted_fence;
use crate::sync::thrown::Thrown;
use crate::sync::{AtomicUsize, Mutex, MutexGuard, spin_loop};
use crate::team::{Course, LOOKS, Rest, Role, Stay, Team};
use crate::tuner::{Plan, RunTimer, Samples};
use dgraph_core::{AsDag, Countdown, Dag, NodeId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// In ticks, some five microseconds: if the bodies of a graph in which order is demanded take longer on
/// average, the lock of the queue isn't noticed, and the queue keeps to the order whatever bodies take.
const LONGEST: usize = 12_500;

/// The memory of one ordered run: on its caller's stack or, if it has none, in a block on the heap
/// (`typed/run/detached.rs`).
pub(crate) struct Ordered<'a, F> {
    common: Common<'a, F>,
    state: Mutex<State<'a>>,
    /// Some node is bound to a worker.
    binds_workers: bool,
    walk: Walk<'a>,
    timer: RunTimer,
}

struct State<'a> {
    queue: &'a mut ReadyQueue,
    /// Nodes that are not complete.
    left: usize,
    /// Bodies are no longer called.
    stopped: bool,
}

/// Whether there were no nodes for one thread, and now there are: for the caller, for some workers.
#[derive(Clone, Copy, Default)]
struct Risen {
    caller: bool,
    workers: bool,
}

/// A node whose body has been called.
#[derive(Clone, Copy)]
struct Called {
    node: NodeId,
    /// What came of it; `None` if it has panicked.
    turn: Option<Progress>,
}

/// Runs `body` for each node of `dag` on the calling thread and the workers of `shared`, in the order and on
/// the threads that `queue`, which is made for this graph, says; on one thread in the order `serial`. Begins
/// as `forced` says or, if it is `None`, as earlier runs suggest. Blocks until all are done; resumes the
/// first panic of a body.
pub(crate) fn run<F: Body>(
    shared: &Shared,
    dag: &Dag,
    queue: &mut ReadyQueue,
    serial: &[NodeId],
    body: &F,
    forced: Option<Plan>,
) {
    in_a_team::<F, _>(shared, dag, |team, countdown| {
        // A walk is the caller's, and of whoever comes: of no certain worker.
        let may_walk = !F::WAKES && queue.last_worker().is_none();
        let is_ranked = queue.is_ranked();
        let forced = if may_walk { forced } else { Some(Plan::Share) };
        let timer = begin::<Ordered<'_, F>>(shared, countdown, forced, dag.wants_supersteps());
        let steps = match timer.plan {
            Plan::Alone { .. } | Plan::Probe => Some(Steps::alone(serial)),
            Plan::InStep { .. } => steps_of(dag, shared.threads(), forced, &|dag, ticks| {
                queue.supersteps(dag, shared.threads(), WAIT_TICKS, ticks)
            }),
            Plan::Share => None,
        };
        let run = Ordered::begun_by(shared, countdown, queue, body, timer, steps);
        lead(&run, team);
        if may_walk {
            let find: Find<'_> =
                &|dag, ticks| run.state().queue.supersteps(dag, shared.threads(), WAIT_TICKS, ticks);
            record(&run, Some((dag, find)), if is_ranked { LONGEST } else { usize::MAX });
        }
        run.common.thrown.into_inner()
    });
}

impl<'a, F: Body> Ordered<'a, F> {
    pub(crate) fn new(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        queue: &'a mut ReadyQueue,
        body: &'a F,
    ) -> Self {
        let timer = begin::<Self>(shared, countdown, Some(Plan::Share), false);
        Self::begun_by(shared, countdown, queue, body, timer, None)
    }

    fn begun_by(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        queue: &'a mut ReadyQueue,
        body: &'a F,
        timer: RunTimer,
        steps: Option<Steps<'a>>,
    ) -> Self {
        let dag = countdown.dag();
        queue.reset();
        let mut left = dag.node_count();
        // In a walk nobody is asked for nodes.
        for &root in if steps.is_none() { dag.roots() } else { &[] } {
            // What they feed is ready before anybody takes the first node. The last one of all is taken, for
            // the end's sake.
            if left > 1 && queue.is_given(root) {
                countdown.complete(root, |ready| queue.push(ready));
                left -= 1;
            } else {
                queue.push(root);
            }
        }
        let binds_workers = queue.last_worker().is_some();
        let state = Mutex::new(State { queue, left, stopped: false });
        let common = Common { shared, countdown, body, thrown: Thrown::nothing() };
        Self { common, state, binds_workers, walk: Walk::new(steps), timer }
    }
}

impl<'a, F: Body> Ordered<'a, F> {
    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.common.shared.pause.lock(&self.state)
    }

    /// Nobody is wanted any more in this team.
    fn withdraw(&self, team: &Team) {
        for (place, _) in self.state().queue.on_offer() {
            self.set_wanted(team, place, false);
        }
    }

    /// Says whether there are nodes for this place. Whether that is news.
    fn set_wanted(&self, team: &Team, place: Place, wanted: bool) -> bool {
        let news = team.wanted.set(place, wanted);
        if let (true, Place::Worker(worker)) = (news, place) {
            self.common.shared.bindings.set(worker, wanted);
        }
        news
    }

    /// Runs nodes until there is none for this thread, or `stay` says after one that it was the last.
    fn run_nodes(&self, team: &Team, me: Taker, stay: impl Fn() -> bool) {
        let mut next = self.step(team, me, None, true);
        let mut samples = Samples::default();
        while let Some(node) = next {
            let began = if self.timer.samples { samples.begin() } else { 0 };
            let called = catch_unwind(AssertUnwindSafe(|| self.common.body.run(node)));
            samples.end(began, node, &self.timer);
            let turn = called.map_err(|payload| self.common.thrown.keep(payload)).ok();
            let last = Called { node, turn };
            next = self.step(team, me, Some(last), stay());
        }
        self.timer.add(&samples);
    }

    /// Completes the `last` node and takes the next one, if it shall.
    fn step(&self, team: &Team, me: Taker, last: Option<Called>, take: bool) -> Option<NodeId> {
        let mut state = self.state();
        let State { queue, left, stopped } = &mut *state;
        match last {
            Some(Called { node, turn: turn @ (None | Some(Progress::Done)) }) => {
                *stopped |= turn.is_none();
                queue.release(node);
                self.complete(team, queue, left, node);
            }
            Some(Called { node, turn: Some(Progress::Yielded) }) => queue.resume(node),
            Some(Called { turn: Some(Progress::Pending), .. }) | None => {}
        }
        // (In a run whose nodes never come back, the mark is of an earlier run of the team.)
        if team.has_woken() {
            team.woken_are_taken();
            self.common.body.take_woken(|node| queue.resume(node));
        }
        // All counters come to rest, so a stopped run ends as any other.
        while let Some(node) = if *stopped { queue.discard() } else { None } {
            self.complete(team, queue, left, node);
        }
        let next = loop {
            match if take { queue.take(me) } else { None } {
                // After a break-in. (If this thread took it, another one could start what is less urgent than
                // what it feeds.)
                Some(given) if queue.is_given(given) => {
                    queue.release(given);
                    self.complete(team, queue, left, given);
                }
                next => break next,
            }
        };
        let mut risen = Risen::default();
        for (place, wanted) in queue.on_offer() {
            if self.set_wanted(team, place, wanted) {
                match place {
                    Place::Anywhere => {}
                    Place::Caller => risen.caller |= wanted,
                    Place::Worker(_) => risen.workers |= wanted,
                }
            }
        }
        let many = last.is_none() && next.is_some() && queue.offers_many();
        drop(state);
        self.tell(team, me, risen);
        if many {
            // Who comes and leaves several wakes two, so that all are there in a logarithmic number of steps.
            let _ = self.common.shared.invite_another(team);
        }
        next
    }

    fn complete(&self, team: &Team, queue: &mut ReadyQueue, left: &mut usize, node: NodeId) {
        self.common.countdown.complete(node, |ready| queue.push(ready));
        *left -= 1;
        if *left == 0 {
            team.finish(self.common.countdown.dag().node_count());
        }
    }

    /// Wakes those who sleep and have a node to take. Nodes for anybody: each that comes and sees more wakes
    /// the next. Nodes for one thread: it comes again by itself as long as there are any, so it is called
    /// only when they come up.
    fn tell(&self, team: &Team, me: Taker, risen: Risen) {
        if team.wanted.anybody() {
            team.post(|| self.common.shared.invite(team));
        }
        let caller = risen.caller && !me.caller;
        if caller || risen.workers {
            posted_fence();
        }
        if caller && !team.ask_owner() {
            team.wake_caller();
        }
        if risen.workers {
            let others = team.wanted.workers().filter(|&worker| me.worker != Some(worker));
            others.for_each(|worker| self.common.shared.call(worker));
        }
    }
}

/// Waits a little for the end or for something to take. False if nothing came.
fn look_around(team: &Team, me: Taker, crowd: u32) -> bool {
    (0..LOOKS / crowd).any(|look| {
        (0..look.min(4)).for_each(|_| spin_loop());
        team.is_finished() || team.wanted.wants(me) || team.has_woken()
    })
}

impl<'r, F: Body> Walks<'r> for Ordered<'r, F> {
    fn walk(&self) -> &Walk<'r> {
        &self.walk
    }

    fn timer(&self) -> &RunTimer {
        &self.timer
    }

    fn count(&self, _: impl FnOnce(&Tally) -> (&AtomicUsize, usize)) {}

    fn stop(&self, payload: Box<dyn Any + Send>) {
        self.common.thrown.keep(payload);
        self.state().stopped = true;
    }

    fn has_stopped(&self) -> bool {
        self.state().stopped
    }

    fn post(&self, team: &Team) {
        team.post(|| self.common.shared.invite(team));
    }

    /// All of it goes into the queue, for whomever. Whoever comes meanwhile waits for the lock: as long as
    /// the counters aren't set, nobody may complete a node.
    fn take_over(
        &self,
        team: &Team,
        _: Option<&mut Taker>,
        find: impl FnOnce(&mut dyn FnMut(NodeId)) -> usize,
        under_way: impl Iterator<Item = NodeId>,
    ) -> usize {
        let mut state = self.state();
        let State { queue, left, .. } = &mut *state;
        *left = find(&mut |node| queue.push(node));
        for node in under_way {
            if queue.is_given(node) {
                self.complete(team, queue, left, node);
            } else {
                queue.is_under_way(node);
            }
        }
        let left = *left;
        drop(state);
        if left > 0 {
            let nobody = Taker { anything: false, caller: false, worker: None };
            let _ = self.step(team, nobody, None, false);
        }
        left
    }

    fn completed(&self, team: &Team, me: &mut Taker, node: NodeId) {
        // (What has nothing to run has been completed by `take_over`.)
        let is_given = self.state().queue.is_given(node);
        let called = Called { node, turn: Some(Progress::Done) };
        let _ = self.step(team, *me, (!is_given).then_some(called), false);
    }

    fn give_back(&self, team: &Team, me: &mut Taker, node: NodeId) {
        let mut state = self.state();
        if !state.queue.is_given(node) {
            state.queue.release(node);
            state.queue.push(node);
        }
        drop(state);
        let _ = self.step(team, *me, None, false);
    }
}

impl<F: Body> Discipline for Ordered<'_, F> {
    type Body = F;
    type Member<'t> = Taker;

    fn common(&self) -> &Common<'_, F> {
        &self.common
    }

    fn course(&self) -> Course {
        match self.walk.is_going_on() {
            true if self.is_to_be_joined() => Course::InStep,
            true => Course::Walk { budget: self.timer.budget },
            false => Course::Shared { roots: 0 },
        }
    }

    fn prepare(&self, team: &Team) {
        self.walk.lay_out(self.walk.of(team.lanes()));
    }

    /// Its members keep none to themselves.
    fn room(&self) -> usize {
        0
    }

    fn binds_workers(&self) -> bool {
        self.binds_workers
    }

    unsafe fn caller(&self, _: &Team, for_all: bool) -> Taker {
        if for_all {
            return Taker::EVERYTHING;
        }
        Taker { anything: true, caller: true, worker: context::worker(self.common.shared.id()) }
    }

    fn begin(&self, team: &Team, caller: &mut Taker) {
        if self.walk.is_going_on() {
            let _ = self.begin_walk(team, caller);
        }
    }

    fn work(&self, team: &Team, member: &mut Taker, stay: &Stay<'_>) {
        self.run_nodes(team, *member, || !stay.is_over(false));
    }

    fn look_around(&self, team: &Team, member: &mut Taker) -> bool {
        look_around(team, *member, self.common.shared.crowd)
    }

    /// If nobody is in, what the last helper has reported is visible; otherwise the last one to leave wakes
    /// the caller.
    fn needs(&self, team: &Team, caller: &Taker) -> bool {
        team.wanted.wants(*caller) || team.has_woken() || team.membership.is_empty() && team.is_finished()
    }

    unsafe fn help(&self, team: &Team, role: Role, stay: &Stay<'_>) {
        let shared = self.common.shared;
        let me = Taker {
            anything: matches!(role, Role::Member(_)),
            caller: matches!(role, Role::Owner),
            worker: if matches!(role, Role::Owner) { None } else { context::worker(shared.id()) },
        };
        let mut walker = me;
        if matches!(role, Role::Member(_)) && self.join_walk(team, &mut walker, || stay.is_over(false)) {
            return;
        }
        let stays = || match (me.worker, role) {
            // In the middle of a node: there for what nobody else can do, and back to what it waits for.
            (_, Role::Visitor) if stay.is_in_between() => false,
            // Otherwise first what nobody else can do, wherever it is, unless that has to wait for its turn.
            (Some(worker), _) => {
                let here = team.wanted.worker(worker);
                !stay.is_wanted_elsewhere(here) && !stay.is_over(here)
            }
            (None, _) => !stay.is_over(false),
        };
        self.run_nodes(team, me, stays);
    }

    /// Bodies are no longer called, from the next step on. (Workers that nodes are bound to may be gone, if
    /// the executor is shut down.)
    fn cancel(&self, team: &Team) {
        self.call_off(team);
        let _ = self.common.body.cancel();
        self.state().stopped = true;
        let nobody = Taker { anything: false, caller: false, worker: None };
        let _ = self.step(team, nobody, None, false);
    }

    fn left(&self, _: &Team, rest: &mut Rest) -> (bool, bool) {
        let (mut anybody, mut caller) = (false, false);
        for (place, wanted) in self.state().queue.on_offer() {
            match place {
                Place::Anywhere => anybody |= wanted,
                Place::Caller => caller |= wanted,
                Place::Worker(worker) if wanted => rest.workers.insert(worker),
                Place::Worker(_) => {}
            }
        }
        (anybody, caller)
    }

    /// Nobody is wanted any more in this team.
    fn leaves_team(&self, team: &Team) {
        self.withdraw(team);
    }
}
