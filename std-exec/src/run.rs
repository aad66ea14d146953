//! One run of a graph: the memory that its members share, its beginning and its end.
//!
//! ```text
//! caller   take team ─ open ─┬─ work ◀───────────────┬─ finished? ─ close ─ all left? ─ give back ─ resume panic
//!                            │    ▲                  │ not yet
//!                            │    └──────────────────┴─ look around, help nested runs, park
//!                            └─ walk ─ to the end, or broken into: work
//! helper   see work ─ join ─ walk along, or break in ─ work, until there is nothing to take for a while ─ leave
//! ```
//!
//! What a member does in between, node by node: [`work`](crate::work); in a walk: [`walking`](crate::walking).
//!
//! After a panic the run is *stopped*: members go on through the counters without calling the body, so every
//! counter comes to rest and the run ends as any other.

use crate::body::Body;
use crate::clock;
use crate::context;
use crate::pace::{Budget, Plan, Timed};
use crate::shared::Shared;
use crate::statistics::{RunStatistics, Tally, count};
use crate::steps::Steps;
use crate::sync::{AtomicBool, AtomicUsize, Ordering, spin_loop};
use crate::team::{Course, Job, Role, Team};
use crate::thrown::Thrown;
use crate::walk::{Broken, Walk};
use crate::watch::Watch;
use crate::work::PATIENCE;
use dgraph_core::{AsDag, Countdown};
use std::any::Any;
use std::panic::resume_unwind;
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
    pub(crate) walk: Walk<'a>,
    /// When a walk takes too long.
    pub(crate) budget: Budget,
    /// When the run began; 0 if it isn't timed.
    pub(crate) began: u64,
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
    let order = countdown.dag().order();
    // Another graph or another closure has another key; a wrong guess costs only time.
    let key =
        (order.as_ptr() as usize).wrapping_add(help::<F> as *const () as usize).wrapping_add(order.len());
    let plan = forced.unwrap_or_else(|| shared.paces.plan(key, order.len(), || dag.wide_levels().is_some()));
    let (steps, budget) = match plan {
        Plan::Share => (None, Budget::NONE),
        Plan::Walk { budget, .. } => (Some(Steps::alone(order)), budget),
        Plan::InStep { budget } => (dag.wide_levels().map(Steps::through), budget),
    };
    let run = Run {
        shared,
        countdown,
        body,
        roots: if steps.is_none() { countdown.dag().roots().len() } else { 0 },
        tally,
        walk: Walk::new(steps),
        budget,
        began: if matches!(plan, Plan::Walk { timed: Timed::No, .. }) { 0 } else { clock::now() },
        stopped: AtomicBool::new(false),
        thrown: Thrown::nothing(),
    };
    run.lead(team);
    if run.began != 0 {
        shared.paces.record(key, plan, run.ticks());
    }
    let thrown = run.thrown.into_inner();
    drop(lent);
    team.give_back();
    if let Some(payload) = thrown {
        resume_unwind(payload);
    }
}

/// Closes the team and waits until every helper has left, also if the caller unwinds by a bug of ours: helpers use
/// its stack.
pub(crate) struct CloseOnDrop<'a>(pub(crate) &'a Team);

impl Drop for CloseOnDrop<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.membership.close();
        let mut patience = PATIENCE;
        while !self.0.membership.is_empty() {
            if patience > 0 {
                patience -= 1;
                spin_loop();
            } else {
                // For nothing else: what there is to do is the helpers'.
                let _ = self.0.wait_unless(None, || self.0.membership.is_empty());
            }
        }
    }
}

impl<'a, F: Body> Run<'a, F> {
    /// A run without a caller: see [`start`](Self::start).
    pub(crate) fn detached(shared: &'a Shared, countdown: Countdown<'a>, body: &'a F) -> Self {
        Self {
            shared,
            countdown,
            body,
            roots: countdown.dag().roots().len(),
            tally: None,
            walk: Walk::new(None),
            budget: Budget::NONE,
            began: 0,
            stopped: AtomicBool::new(false),
            thrown: Thrown::nothing(),
        }
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
        // SAFETY: by contract.
        unsafe { team.open_detached(job, self.countdown.dag().nodes(), self.roots) };
        self.body.open(team);
        if self.roots > 0 {
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
    /// How many ticks the run has taken so far.
    pub(crate) fn elapsed(&self) -> usize {
        usize::try_from(clock::now().saturating_sub(self.began)).unwrap_or(usize::MAX)
    }

    /// How many ticks the run has taken, or would have taken if nobody had broken into its walk.
    fn ticks(&self) -> usize {
        self.walk.broken_into().map_or_else(
            || self.elapsed(),
            |Broken { after, left }| {
                let nodes = self.countdown.dag().nodes();
                let ticks = after as u128 * nodes as u128 / (nodes - left).max(1) as u128;
                usize::try_from(ticks).unwrap_or(usize::MAX)
            },
        )
    }

    /// The caller's part, from opening the team to closing it.
    fn lead(&self, team: &Team) {
        let dag = self.countdown.dag();
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F> };
        let walks = self.walk.is_going_on();
        let course = match walks {
            false => Course::Shared { roots: self.roots },
            true if self.walk.steps().are_divided() => Course::InStep,
            true => Course::Alone { budget: self.budget },
        };
        let mut walked = false;
        context::within(self.shared, team, |parent| {
            team.lead_by(context::worker(self.shared), self.shared.bindings.number(false));
            self.walk.lay_out(self.walk.of(team.lanes()));
            // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and waited
            // for its members, which happens before `self` can go away.
            unsafe { team.open(job, dag.nodes(), course, parent) };
            self.body.open(team);
            let close = CloseOnDrop(team);
            // SAFETY: member 0 is the caller, this thread.
            let mut own = unsafe { team.own(0) };
            if walks {
                walked = self.walk(team, &mut own);
            } else if self.roots > 1 {
                self.invite(team);
            }
            let mut watch = Watch::default();
            while !team.is_finished() {
                self.work(team, &mut own, None);
                if !self.look_around(team, &mut own) {
                    let parked = self.shared.wait_within(team, &mut watch, || team.needs_caller());
                    self.count(|tally| (&tally.parks, usize::from(parked)));
                }
            }
            drop(close);
        });
        if walked && !self.walk.steps().are_divided() {
            self.count(|tally| (&tally.walked, dag.nodes()));
        }
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
        let wanted_elsewhere = || free.is_some_and(|worker| run.shared.wants(worker));
        if run.join_walk(team, &mut own, wanted_elsewhere) {
            return;
        }
        loop {
            run.work(team, &mut own, free);
            if wanted_elsewhere() || !run.look_around(team, &mut own) || team.is_finished() {
                break;
            }
        }
    });
}
