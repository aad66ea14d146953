//! A run in which order matters: priorities, limits, nodes bound to a thread.
//!
//! An ordinary run keeps ready nodes where they were made ready, which is fast, but knows no order between threads. An
//! ordered run has one queue for all, under a lock. Its members do nothing but this:
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
//! A node that comes back ([`Turn`]) keeps its permits; it goes on where it may run, in turns with nodes that are new.
//!
//! The lock is held for a few steps in heaps, never while user code runs. All ready nodes are in the queue, so none is
//! hidden, and a thread never waits for a permit or for another thread's node: it takes something else, or goes.
//!
//! A *visitor* is a worker that comes only for nodes that are bound to it: before it does anything else, whether or not the
//! team is full, and also while it waits for an earlier run. Without the latter two workers could wait for each other: each
//! for a run of its own with a node that is bound to the other one. `ARCHITECTURE.md` has a proof that this is
//! enough. A worker that is in the middle of nothing leaves after a node if another run wants it: see [`bindings`].
//!
//! [`bindings`]: crate::bindings

use crate::body::{Body, Turn};
use crate::context;
use crate::ready_queue::{Place, ReadyQueue, Taker};
use crate::run::CloseOnDrop;
use crate::shared::Shared;
use crate::sleep::posted;
use crate::sync::{Mutex, lock, spin_loop};
use crate::team::{Course, Job, Role, Team};
use crate::thrown::Thrown;
use crate::watch::Watch;
use crate::work::PATIENCE;
use dgraph_core::{AsDag, Countdown, Dag, NodeId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// The memory of one ordered run, on its caller's stack, or its owner's.
pub(crate) struct Ordered<'a, F> {
    shared: &'a Shared,
    countdown: Countdown<'a>,
    body: &'a F,
    state: Mutex<State<'a>>,
    /// Some node is bound to a worker.
    binds_workers: bool,
    thrown: Thrown,
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
    turn: Option<Turn>,
}

/// Runs `body` for each node of `dag` on the calling thread and the workers of `shared`, in the order and on the threads
/// that `queue`, which is made for this graph, says. Blocks until all are done; resumes the first panic of a body.
pub(crate) fn run<F: Body>(shared: &Shared, dag: &Dag, queue: &mut ReadyQueue, body: &F) {
    let team = shared.teams.take();
    let lent = dag.lend_countdown();
    let countdown = match &lent {
        Some(lent) => lent.countdown(),
        // SAFETY: this thread has just taken the team; the counters are not used after it is given back.
        None => unsafe { team.spare_countdown(dag.view()) },
    };
    let run = Ordered::new(shared, countdown, queue, body);
    run.lead(team);
    let thrown = run.take_thrown();
    drop(lent);
    team.give_back();
    if let Some(payload) = thrown {
        resume_unwind(payload);
    }
}

impl<'a, F: Body> Ordered<'a, F> {
    pub(crate) fn new(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        queue: &'a mut ReadyQueue,
        body: &'a F,
    ) -> Self {
        let dag = countdown.dag();
        queue.reset();
        let mut left = dag.nodes();
        for &root in dag.roots() {
            // What they feed is ready before anybody takes the first node. The last one of all is taken, for the end's sake.
            if left > 1 && queue.is_given(root) {
                countdown.complete(root, |ready| queue.push(ready));
                left -= 1;
            } else {
                queue.push(root);
            }
        }
        let binds_workers = queue.last_worker().is_some();
        let state = Mutex::new(State { queue, left, stopped: false });
        Self { shared, countdown, body, state, binds_workers, thrown: Thrown::nothing() }
    }

    /// Lets the workers begin. The owner waits for the end by [`Team::poll_end`], and comes by for its own nodes by
    /// [`serve`](Self::serve).
    ///
    /// # Safety
    ///
    /// As for [`Run::start`](crate::run::Run::start).
    pub(crate) unsafe fn start(&self, team: &Team) {
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F> };
        team.lead_by(None, self.shared.bindings.number(self.binds_workers));
        // SAFETY: by contract.
        unsafe { team.open_detached(job, self.countdown.dag().nodes(), Course::Shared { roots: 0 }) };
        self.body.open(team);
        let nobody = Taker { anything: false, caller: false, worker: None };
        let _ = self.step(team, nobody, None, false);
    }

    /// Runs the nodes that are bound to the caller, for which the calling thread stands.
    pub(crate) fn serve(&self, team: &Team) {
        let me = Taker { anything: false, caller: true, worker: None };
        if team.wanted.wants(me) {
            context::within(self.shared, team, |_| self.work(team, me, || true));
        }
    }

    /// As [`Run::end`](crate::run::Run::end).
    pub(crate) fn end(&self, team: &Team) {
        team.forget_owner();
        drop(CloseOnDrop(team));
        team.membership.attach_owner();
        context::within(self.shared, team, |_| {
            while !team.is_finished() {
                self.work(team, Taker::EVERYTHING, || true);
            }
        });
    }

    /// What the first panic has thrown, if there was one.
    pub(crate) fn take_thrown(&self) -> Option<Box<dyn Any + Send>> {
        self.thrown.take()
    }
}

impl<F: Body> Ordered<'_, F> {
    /// The caller's part.
    fn lead(&self, team: &Team) {
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F> };
        let worker = context::worker(self.shared);
        let me = Taker { anything: true, caller: true, worker };
        context::within(self.shared, team, |parent| {
            team.lead_by(worker, self.shared.bindings.number(self.binds_workers));
            // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and waited
            // for its members, which happens before `self` can go away.
            unsafe { team.open(job, self.countdown.dag().nodes(), Course::Shared { roots: 0 }, parent) };
            self.body.open(team);
            let close = CloseOnDrop(team);
            let mut watch = Watch::default();
            let mut cancelled = false;
            while !team.is_finished() {
                let to_be_cancelled = || self.binds_workers && self.shared.is_shut_down();
                if !cancelled && to_be_cancelled() {
                    cancelled = true;
                    self.cancel();
                }
                self.work(team, me, || true);
                if !look_around(team, me) {
                    self.shared.wait_within(team, &mut watch, || {
                        // If nobody is in, what the last helper has reported is visible; otherwise the last one to
                        // leave wakes this thread.
                        !cancelled && to_be_cancelled()
                            || team.wanted.wants(me)
                            || team.has_woken()
                            || team.membership.is_empty() && team.is_finished()
                    });
                }
            }
            drop(close);
        });
    }

    /// Workers that nodes are bound to may be gone. (The run is then one within a node of a run that nobody waits for on a stack.) Bodies
    /// are no longer called, from the next step on.
    fn cancel(&self) {
        self.body.cancel();
        lock(&self.state).stopped = true;
    }

    /// Runs nodes until there is none for this thread, or `stay` says after one that it was the last.
    fn work(&self, team: &Team, me: Taker, stay: impl Fn() -> bool) {
        let mut next = self.step(team, me, None, true);
        while let Some(node) = next {
            let called = catch_unwind(AssertUnwindSafe(|| self.body.run(node)));
            let turn = called.map_err(|payload| self.thrown.keep(payload)).ok();
            let last = Called { node, turn };
            next = self.step(team, me, Some(last), stay());
        }
    }

    /// Completes the `last` node and takes the next one, if it shall.
    fn step(&self, team: &Team, me: Taker, last: Option<Called>, take: bool) -> Option<NodeId> {
        let mut state = lock(&self.state);
        let State { queue, left, stopped } = &mut *state;
        match last {
            Some(Called { node, turn: turn @ (None | Some(Turn::Complete)) }) => {
                *stopped |= turn.is_none();
                queue.release(node);
                self.complete(team, queue, left, node);
            }
            Some(Called { node, turn: Some(Turn::Again) }) => queue.resume(node),
            Some(Called { turn: Some(Turn::Waits), .. }) | None => {}
        }
        // (In a run whose nodes never come back, the mark is of an earlier run of the team.)
        if team.has_woken() {
            team.woken_are_taken();
            self.body.take_woken(|node| queue.resume(node));
        }
        // All counters come to rest, so a stopped run ends as any other.
        while let Some(node) = if *stopped { queue.discard() } else { None } {
            self.complete(team, queue, left, node);
        }
        let next = if take { queue.take(me) } else { None };
        let mut risen = Risen::default();
        for (place, wanted) in queue.on_offer() {
            if team.wanted.set(place, wanted) {
                match place {
                    Place::Anywhere => {}
                    Place::Caller => risen.caller |= wanted,
                    Place::Worker(worker) => {
                        risen.workers |= wanted;
                        self.shared.bindings.set(worker, wanted);
                    }
                }
            }
        }
        drop(state);
        self.tell(team, me, risen);
        next
    }

    fn complete(&self, team: &Team, queue: &mut ReadyQueue, left: &mut usize, node: NodeId) {
        self.countdown.complete(node, |ready| queue.push(ready));
        *left -= 1;
        if *left == 0 {
            team.finish(self.countdown.dag().nodes());
        }
    }

    /// Wakes those who sleep and have a node to take. Nodes for anybody: each that comes and sees more wakes the next.
    /// Nodes for one thread: it comes again by itself as long as there are any, so it is called only when they come up.
    fn tell(&self, team: &Team, me: Taker, risen: Risen) {
        if team.wanted.anybody() {
            team.post(|| self.shared.invite(team));
        }
        let caller = risen.caller && !me.caller;
        if caller || risen.workers {
            posted();
        }
        if caller && team.membership.is_asleep() {
            team.wake_caller();
        }
        if risen.workers {
            let others = team.wanted.workers().filter(|&worker| me.worker != Some(worker));
            others.for_each(|worker| self.shared.call(worker));
        }
    }
}

/// Waits a little for the end or for something to take. False if nothing came.
fn look_around(team: &Team, me: Taker) -> bool {
    (0..PATIENCE).any(|look| {
        (0..look.min(4)).for_each(|_| spin_loop());
        team.is_finished() || team.wanted.wants(me) || team.has_woken()
    })
}

/// A helper's part.
///
/// # Safety
///
/// `run` points to an `Ordered<'_, F>` whose team is `team`, and the calling thread has joined that.
unsafe fn help<F: Body>(run: *const (), team: &Team, role: Role) {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Ordered<'_, F>>() };
    let me = Taker {
        anything: matches!(role, Role::Member(_)),
        caller: false,
        worker: context::worker(run.shared),
    };
    context::within(run.shared, team, |outer| {
        let stay = || match (me.worker, outer, role) {
            // In the middle of a node: there for what nobody else can do, and back to what it waits for.
            (_, Some(_), Role::Visitor) => false,
            // Not in the middle of a node: first what nobody else can do, wherever it is.
            (Some(worker), None, _) => !run.shared.bindings.want_beside(worker, team.wanted.worker(worker)),
            _ => true,
        };
        run.work(team, me, stay);
    });
}
