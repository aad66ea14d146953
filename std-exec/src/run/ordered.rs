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
//! [`bindings`]: crate::protocol::bindings

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::watch::Watch;
use crate::protocol::ready_queue::{Place, ReadyQueue, Taker};
use crate::run::body::{Body, Turn};
use crate::sleep::posted;
use crate::sync::thrown::Thrown;
use crate::sync::{Mutex, lock, spin_loop};
use crate::team::Next;
use crate::team::Stay;
use crate::team::{CloseOnDrop, Course, Job, PATIENCE, Rest, RestOf, Role, Team, Ticket};
use crate::wake::Whom;
use dgraph_core::{AsDag, Countdown, Dag, NodeId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::Arc;

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

    /// Lets the workers begin. The owner waits for the end by [`Ticket::poll`], and comes by for the caller's nodes by
    /// [`Shared::serve`].
    ///
    /// # Safety
    ///
    /// As for [`Run::start`](crate::run::Run::start).
    pub(crate) unsafe fn start(&self, ticket: &Arc<Ticket>) {
        let rest = RestOf { depart: depart::<F>, any_woken: any_woken::<F> };
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F>, rest: Some(rest) };
        self.body.open(Whom::Ticket(ticket));
        let fill = |rest: &mut Rest| {
            rest.job = Some(job);
            rest.nodes = 0; // its members keep none to themselves
            rest.unfinished = self.countdown.dag().nodes();
            rest.roots = 0;
            rest.ready.clear();
            rest.quiet = None;
            rest.wakes = F::WAKES;
            rest.number = self.shared.bindings.number(self.binds_workers);
        };
        // SAFETY: by contract.
        let then = unsafe { ticket.begin(fill) };
        self.shared.see_to(ticket, then);
    }

    /// As [`Run::end`](crate::run::Run::end).
    ///
    /// # Safety
    ///
    /// As there.
    pub(crate) unsafe fn end(&self, ticket: &Ticket) {
        // SAFETY: by contract.
        let rest = unsafe { ticket.rest() };
        if rest.unfinished == 0 {
            return;
        }
        let team = self.shared.teams.take();
        team.set_up_for(rest);
        context::within(self.shared.id(), team, |_| {
            while !team.is_finished() {
                if F::WAKES {
                    // Somebody may be in the middle of waking a node.
                    team.has_been_woken();
                }
                self.work(team, Taker::EVERYTHING, || true);
                spin_loop();
            }
        });
        self.withdraw(team);
        rest.unfinished = 0;
        team.give_back();
    }

    /// What the first panic has thrown, if there was one.
    pub(crate) fn take_thrown(&self) -> Option<Box<dyn Any + Send>> {
        self.thrown.take()
    }
}

impl<F: Body> Ordered<'_, F> {
    /// The caller's part.
    fn lead(&self, team: &Team) {
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F>, rest: None };
        let worker = context::worker(self.shared.id());
        let me = Taker { anything: true, caller: true, worker };
        let level = context::level();
        context::within(self.shared.id(), team, |parent| {
            team.lead_by(worker, level, self.shared.bindings.number(self.binds_workers));
            // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and waited
            // for its members, which happens before `self` can go away.
            unsafe { team.open(job, self.countdown.dag().nodes(), Course::Shared { roots: 0 }, parent) };
            self.body.open(Whom::Team(team));
            let close = CloseOnDrop(team);
            let mut watch = Watch::default();
            let mut cancelled = false;
            while !team.is_finished() {
                if !cancelled && self.shared.is_shut_down() {
                    cancelled = true;
                    self.cancel();
                }
                self.work(team, me, || true);
                if !look_around(team, me) {
                    self.shared.wait_within(team, &mut watch, || {
                        // If nobody is in, what the last helper has reported is visible; otherwise the last one to
                        // leave wakes this thread.
                        !cancelled && self.shared.is_shut_down()
                            || team.wanted.wants(me)
                            || team.has_woken()
                            || team.membership.is_empty() && team.is_finished()
                    });
                }
            }
            drop(close);
        });
    }

    /// The executor is shut down, and workers that nodes are bound to may be gone. (The run is then one within a node of a run that nobody
    /// waits for on a stack.) Bodies are no longer called, from the next step on.
    fn cancel(&self) {
        let _ = self.body.cancel();
        lock(&self.state).stopped = true;
    }

    /// Nobody is wanted any more in this team.
    fn withdraw(&self, team: &Team) {
        for (place, _) in lock(&self.state).queue.on_offer() {
            self.set_wanted(team, place, false);
        }
    }

    /// Says whether there are nodes for this place. Whether that is news.
    fn set_wanted(&self, team: &Team, place: Place, wanted: bool) -> bool {
        let news = team.wanted.set(place, wanted);
        if let (true, Place::Worker(worker)) = (news, place) {
            self.shared.bindings.set(worker, wanted);
        }
        news
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
            if self.set_wanted(team, place, wanted) {
                match place {
                    Place::Anywhere => {}
                    Place::Caller => risen.caller |= wanted,
                    Place::Worker(_) => risen.workers |= wanted,
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
        if caller && !team.ask_owner() {
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
unsafe fn help<F: Body>(run: *const (), team: &Team, role: Role, stay: &Stay<'_>) {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Ordered<'_, F>>() };
    let me = Taker {
        anything: matches!(role, Role::Member(_)),
        caller: matches!(role, Role::Owner),
        worker: if matches!(role, Role::Owner) { None } else { context::worker(run.shared.id()) },
    };
    if matches!(role, Role::Canceller) {
        run.cancel();
        let nobody = Taker { anything: false, caller: false, worker: None };
        let _ = run.step(team, nobody, None, false);
        return;
    }
    context::within(run.shared.id(), team, |_| {
        let stays = || match (me.worker, role) {
            // In the middle of a node: there for what nobody else can do, and back to what it waits for.
            (_, Role::Visitor) if stay.is_in_between() => false,
            // Not in the middle of a node: first what nobody else can do, wherever it is.
            (Some(worker), _) if stay.free_worker().is_some() => {
                !run.shared.bindings.want_beside(worker, team.wanted.worker(worker)) && !stay.is_over()
            }
            _ => !stay.is_over(),
        };
        run.work(team, me, stays);
    });
}

/// What is left when nobody works on a run without a caller.
///
/// # Safety
///
/// `run` points to an `Ordered<'_, F>` whose team was `team`, and the calling thread was its last member.
unsafe fn depart<F: Body>(run: *const (), team: &Team, rest: &mut Rest) -> Next {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Ordered<'_, F>>() };
    team.depart(rest);
    run.withdraw(team);
    if rest.unfinished == 0 {
        return Next::Over;
    }
    let (mut anybody, mut caller) = (F::WAKES && team.has_woken() && run.body.any_woken(), false);
    for (place, wanted) in lock(&run.state).queue.on_offer() {
        match place {
            Place::Anywhere => anybody |= wanted,
            Place::Caller => caller |= wanted,
            Place::Worker(worker) if wanted => rest.workers.push(worker),
            Place::Worker(_) => {}
        }
    }
    if anybody { Next::Again } else { Next::Waits { caller } }
}

/// Whether some future was woken.
///
/// # Safety
///
/// `run` points to an `Ordered<'_, F>`.
unsafe fn any_woken<F: Body>(run: *const ()) -> bool {
    // SAFETY: by contract.
    unsafe { &*run.cast::<Ordered<'_, F>>() }.body.any_woken()
}
