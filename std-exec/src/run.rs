//! One run of a graph: the memory that its members share, its beginning and its end.
//!
//! ```text
//! caller   take team ─ open ─┬─ work ◀───────────────┬─ finished? ─ close ─ all left? ─ give back ─ resume panic
//!                            │    ▲                  │ not yet
//!                            │    └──────────────────┴─ look around, help nested runs, park
//!                            └─ walk ─ to the end, or broken into: work
//! helper   see work ─ join ─ break in ─ work, until there is nothing to take for a while ─ leave
//! ```
//!
//! What a member does in between, node by node: [`work`](crate::work).
//!
//! After a panic the run is *stopped*: members go on through the counters without calling the body, so every
//! counter comes to rest and the run ends as any other.

use crate::alone::{Driven, Kept};
use crate::body::Body;
use crate::clock;
use crate::context;
use crate::fences;
use crate::member::Own;
use crate::pace::{Pace, Plan};
use crate::shared::Shared;
use crate::sleep::posted;
use crate::statistics::{RunStatistics, Tally, count};
use crate::sync::{AtomicBool, AtomicUsize, Ordering, spin_loop};
use crate::team::{Job, Role, Team};
use crate::thrown::Thrown;
use crate::walk::{BrokenIn, Walk};
use crate::work::{PATIENCE, Progress};
use dgraph_core::{AsDag, Countdown, NodeId};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// The memory of one run, on its caller's stack.
pub(crate) struct Run<'a, F> {
    pub(crate) shared: &'a Shared,
    pub(crate) countdown: Countdown<'a>,
    pub(crate) body: &'a F,
    /// How many roots the graph has, if they are to be taken one by one: not in a walk.
    pub(crate) roots: usize,
    /// Where to count what happens, if somebody wants to know.
    pub(crate) tally: Option<&'a Tally>,
    walk: Walk,
    /// How it has ended, if it was driven.
    pub(crate) driven: Kept,
    begun: Begun,
    /// Bodies are no longer called.
    pub(crate) stopped: AtomicBool,
    thrown: Thrown,
}

/// Runs `body` for each node of `dag` on the calling thread and the workers of `shared`. Blocks until all are done;
/// resumes the first panic of a body.
pub(crate) fn run<D, F>(shared: &Shared, dag: &D, body: &F)
where
    D: AsDag + ?Sized,
    F: Body,
{
    run_as(shared, dag, body, None, None);
}

/// The same, and says what happened.
pub(crate) fn run_counted<D, F>(shared: &Shared, dag: &D, body: &F) -> RunStatistics
where
    D: AsDag + ?Sized,
    F: Body,
{
    let tally = Tally::default();
    run_as(shared, dag, body, None, Some(&tally));
    tally.finish(dag.view().nodes())
}

/// As [`run`], beginning as `forced` says or, if it is `None`, as earlier runs suggest; counts what happens in `tally`.
pub(crate) fn run_as<D, F>(shared: &Shared, dag: &D, body: &F, forced: Option<Plan>, tally: Option<&Tally>)
where
    D: AsDag + ?Sized,
    F: Body,
{
    let team = shared.teams.take();
    let lent = dag.lend_countdown();
    let countdown = match &lent {
        Some(lent) => lent.countdown(),
        // SAFETY: this thread has just taken the team; the counters are not used after it is given back.
        None => unsafe { team.spare_countdown(dag.view()) },
    };
    let begun = Begun::new::<F>(shared, countdown, forced);
    let run = Run { tally, ..Run::new(shared, countdown, body, begun) };
    let walked = run.lead(team);
    run.record(walked);
    let thrown = run.thrown.take();
    drop(lent);
    team.give_back();
    if let Some(payload) = thrown {
        resume_unwind(payload);
    }
}

/// How a run has begun, and when.
#[derive(Clone, Copy)]
struct Begun {
    /// Another graph or another closure has another one; a wrong guess costs only time.
    key: usize,
    plan: Plan,
    start: u64,
}

impl Begun {
    /// A run that begins as `forced` says or, if it is `None`, as earlier runs suggest.
    fn new<F: Body>(shared: &Shared, countdown: Countdown<'_>, forced: Option<Plan>) -> Self {
        let order = countdown.dag().order();
        let key =
            (order.as_ptr() as usize).wrapping_add(help::<F> as *const () as usize).wrapping_add(order.len());
        let plan = forced.unwrap_or_else(|| shared.paces.plan(key, order.len(), F::WAKES));
        Self { key, plan, start: clock::now() }
    }

    fn is_alone(&self) -> bool {
        self.plan != Plan::Share
    }

    /// The run, of so many `nodes`, is over. `alone` says how many were run before others broke in.
    fn record(&self, shared: &Shared, nodes: usize, alone: Option<usize>) {
        let ticks = usize::try_from(clock::now().saturating_sub(self.start)).unwrap_or(usize::MAX);
        shared.paces.record(
            self.key,
            match (self.plan, alone) {
                (Plan::Share, _) => Pace::Shared(ticks),
                (Plan::Walk { .. }, None) => Pace::Walked(ticks),
                // Half the nodes in so much time: all of them in twice as much.
                (Plan::Walk { .. }, Some(done)) => Pace::BrokenIn(ticks.saturating_mul(nodes / done.max(1))),
            },
        );
    }
}

/// Closes the team and waits until every helper has left, also if the caller unwinds by a bug of ours: helpers use
/// its stack.
pub(crate) struct CloseOnDrop<'a>(pub(crate) &'a Team);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.membership.close();
        let mut patience = PATIENCE;
        while !self.0.membership.is_empty() {
            if patience > 0 {
                patience -= 1;
                spin_loop();
            } else {
                // For nothing else: what there is to do is the helpers'.
                let _ = self.0.wait_unless(|| self.0.membership.is_empty());
            }
        }
    }
}

impl<'a, F: Body> Run<'a, F> {
    fn new(shared: &'a Shared, countdown: Countdown<'a>, body: &'a F, begun: Begun) -> Self {
        Self {
            shared,
            countdown,
            body,
            roots: if begun.is_alone() { 0 } else { countdown.dag().roots().len() },
            tally: None,
            walk: Walk::new(begun.is_alone() && !F::WAKES),
            driven: Kept::default(),
            begun,
            stopped: AtomicBool::new(false),
            thrown: Thrown::nothing(),
        }
    }

    /// A run without a caller: see [`start`](Self::start). It begins as `forced` says or, if it is `None`, as earlier runs
    /// suggest. Only a run whose nodes may come back can be begun by one worker alone.
    pub(crate) fn detached(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        body: &'a F,
        forced: Option<Plan>,
    ) -> Self {
        Self::new(shared, countdown, body, Begun::new::<F>(shared, countdown, forced))
    }

    /// Lets the workers begin. The owner waits for the end by [`Team::poll_end`].
    ///
    /// # Safety
    ///
    /// The calling thread has taken the team, which is closed and empty, and has not used the counters otherwise; the run stays
    /// where it is until the team is so again.
    pub(crate) unsafe fn start(&self, team: &Team) {
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F> };
        team.lead_by(None, self.shared.bindings.number(false));
        let nodes = self.countdown.dag().nodes();
        let (roots, budget) = match self.begun.plan {
            Plan::Share => (self.roots, 0),
            // One stands for all: for who drives.
            Plan::Walk { budget } => (nodes.min(1), budget),
        };
        team.solo.open(roots > 0 && self.begun.is_alone());
        // SAFETY: by contract.
        unsafe { team.open_detached(job, nodes, roots, budget) };
        self.body.open(team);
        if roots > 0 {
            self.invite(team);
        }
    }

    /// Ends what [`start`](Self::start) has begun, before its time: closes the team, waits until everybody has left, and
    /// goes through what is left, until the last node is complete. To be called after making sure that the body doesn't do
    /// anything any more but make nodes complete, and that all nodes come back that were run.
    pub(crate) fn end(&self, team: &Team) {
        team.forget_owner();
        drop(CloseOnDrop(team));
        team.membership.attach_owner();
        if !team.is_finished() {
            context::within(self.shared, team, |_| {
                // SAFETY: everybody has left, and nobody can join, so no other thread has this place.
                let mut own = unsafe { team.own(0) };
                if F::WAKES {
                    let _ = self.drive_or_break_in(team, &mut own); // nobody drives any more
                }
                while !team.is_finished() {
                    self.work(team, &mut own, None);
                    // Somebody may be in the middle of waking a node.
                    spin_loop();
                }
            });
        }
    }

    /// What the first panic has thrown, if there was one.
    pub(crate) fn take_thrown(&self) -> Option<Box<dyn Any + Send>> {
        self.thrown.take()
    }
}

impl<F: Body> Run<'_, F> {
    /// The caller's part, from opening the team to closing it. After a walk that was broken into: how many nodes it
    /// had claimed.
    fn lead(&self, team: &Team) -> Option<usize> {
        let (dag, plan) = (self.countdown.dag(), self.begun.plan);
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F> };
        let budget = if let Plan::Walk { budget } = plan { budget } else { 0 };
        let mut walked = None;
        context::within(self.shared, team, |parent| {
            team.lead_by(context::worker(self.shared), self.shared.bindings.number(false));
            let driver = if F::WAKES {
                team.solo.open(self.begun.is_alone());
                team.solo.claim()
            } else {
                None
            };
            // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and waited
            // for its members, which happens before `self` can go away.
            unsafe { team.open(job, dag.nodes(), self.roots, budget, parent) };
            self.body.open(team);
            let close = CloseOnDrop(team);
            // SAFETY: member 0 is the caller, this thread.
            let mut own = unsafe { team.own(0) };
            if let Some(driver) = driver {
                self.have_it_watched();
                self.drive(team, &mut own, driver);
            } else if plan != Plan::Share {
                walked = self.walk(team, &mut own);
            } else if self.roots > 1 {
                self.invite(team);
            }
            while !team.is_finished() {
                self.work(team, &mut own, None);
                if !self.look_around(team, &mut own) && !self.shared.help_within(team) {
                    let parked = team.wait(|| self.shared.wants_help_within(team));
                    self.count(|tally| (&tally.parks, usize::from(parked)));
                }
            }
            drop(close);
        });
        self.count(|tally| {
            (&tally.walked, walked.unwrap_or(if plan == Plan::Share { 0 } else { dag.nodes() }))
        });
        walked
    }

    /// Goes through the order until its end, or until somebody breaks in. Then the caller has its last node on its
    /// stack or has completed it, and the number of nodes claimed is returned.
    fn walk(&self, team: &Team, own: &mut Own<'_>) -> Option<usize> {
        self.have_it_watched();
        let order = self.countdown.dag().order();
        let through = || {
            if fences::light_is_free() { self.through::<true>(order) } else { self.through::<false>(order) }
        };
        // Whether the node last claimed has been run.
        let ran = match catch_unwind(AssertUnwindSafe(through)) {
            Ok(ran) => ran,
            Err(payload) => {
                self.stop(payload);
                true
            }
        };
        if ran && self.walk.finish() {
            team.finish(order.len());
            return None;
        }
        let claimed = self.walk.claimed();
        let BrokenIn { claimed: seen } = self.walk.broken_in();
        // If the last claim came too late, that node belongs to everybody, and the one before it was run.
        debug_assert!(seen == claimed || (seen + 1 == claimed && !ran));
        let mut progress = Progress::default();
        if let Some(&node) = order[..seen].last() {
            if seen == claimed && !ran {
                own.with(|private| private.ready.push(node));
            } else {
                self.complete(own, node, &mut progress);
            }
        }
        // Those before the last one were run, and their arrivals counted by whoever broke in.
        team.finish(seen.saturating_sub(1) + progress.done);
        Some(seen)
    }

    /// The caller goes on alone: somebody is to see how long that takes.
    fn have_it_watched(&self) {
        posted();
        if self.shared.sleep.nobody_watches() {
            let woken = self.shared.sleep.wake_one(self.shared.cores.worker_here());
            self.count(|tally| (&tally.wakes, usize::from(woken)));
        }
    }

    /// The walk's loop. False if the node last claimed must not be run. `FREE` is what `fences::light_is_free` says: asking
    /// at each node would take as long as a tiny body.
    #[inline(never)]
    fn through<const FREE: bool>(&self, order: &[NodeId]) -> bool {
        order.iter().enumerate().all(|(position, &node)| {
            let mine = self.walk.claim::<FREE>(position);
            if mine {
                let _ = self.body.run(node); // no walk has nodes that come back
            }
            mine
        })
    }

    /// Breaks into the caller's walk, if there is one, and takes what is ready.
    fn break_in(&self, team: &Team, own: &mut Own<'_>) {
        if let Some(BrokenIn { claimed }) = self.walk.seize() {
            // The last node claimed is the walker's, and not complete.
            let done = claimed.saturating_sub(1);
            let running = self.countdown.dag().order()[..claimed].last().copied();
            self.countdown.resume_after(done, |node| {
                if Some(node) != running {
                    own.with(|private| private.ready.push(node));
                }
            });
            team.end_walk();
            self.walk.release();
        }
    }

    /// Takes note of how long the run has taken, which has come to its end. `walked` says how many nodes were walked
    /// through before somebody broke in.
    pub(crate) fn record(&self, walked: Option<usize>) {
        let nodes = self.countdown.dag().nodes();
        let alone = match self.driven.get() {
            _ if !F::WAKES || !self.begun.is_alone() => walked,
            Driven::Over => None,
            Driven::Shared(done) => Some(done),
            // What it has taken says nothing about how it was run.
            Driven::ToRest => return,
        };
        self.begun.record(self.shared, nodes, alone);
    }

    /// Adds to a counter of the tally, if there is one.
    pub(crate) fn count(&self, what: impl FnOnce(&Tally) -> (&AtomicUsize, usize)) {
        if let Some(tally) = self.tally {
            let (counter, more) = what(tally);
            count(counter, more);
        }
    }

    /// Takes note of a panic: no further body is called.
    pub(crate) fn stop(&self, payload: Box<dyn Any + Send>) {
        self.stopped.store(true, Ordering::Relaxed);
        self.thrown.keep(payload);
    }
}

/// A helper's part.
///
/// # Safety
///
/// `run` points to a `Run<'_, F>` whose team is `team`, and the calling thread has joined that in this role.
unsafe fn help<F: Body>(run: *const (), team: &Team, role: Role) {
    let Role::Member(place) = role else { return }; // no node of such a run is bound to a worker
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Run<'_, F>>() };
    context::within(run.shared, team, |outer| {
        // Which worker this is, if it is not in the middle of a node: then it leaves when it is wanted elsewhere.
        let free = if outer.is_none() { context::worker(run.shared) } else { None };
        // SAFETY: by contract.
        let mut own = unsafe { team.own(place) };
        run.count(|tally| (&tally.joins, 1));
        if F::WAKES {
            if !run.drive_or_break_in(team, &mut own) {
                return;
            }
        } else {
            run.break_in(team, &mut own);
        }
        loop {
            run.work(team, &mut own, free);
            let wanted_elsewhere = free.is_some_and(|worker| run.shared.wants(worker));
            if wanted_elsewhere || !run.look_around(team, &mut own) || team.is_finished() {
                break;
            }
        }
    });
}
