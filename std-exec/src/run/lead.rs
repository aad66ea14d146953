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
//! What a member does in between, node by node: [`work`](crate::run::work); in a walk: [`walking`](crate::run::walking). A run whose nodes may come
//! back can't be walked through; it may begin *quietly* instead: with one member, to whom nobody comes until that takes too long.
//!
//! After a panic the run is *stopped*: members go on through the counters without calling the body, so every
//! counter comes to rest and the run ends as any other.

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::watch::Watch;
use crate::protocol::member::Own;
use crate::protocol::steps::Steps;
use crate::run::body::Body;
use crate::run::state::Run;
use crate::run::statistics::{RunStatistics, Tally};
use crate::sync::{MODEL, spin_loop};
use crate::team::Next;
use crate::team::Stay;
use crate::team::{CloseOnDrop, Course, Job, Rest, RestOf, Role, Team, Ticket};
use crate::tuner::Plan;
use crate::tuner::RunTimer;
use crate::wake::Whom;
use dgraph_core::{AsDag, Countdown};
use std::panic::resume_unwind;
use std::ptr;
use std::sync::Arc;

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
    // Found in the first run of a graph, if not before.
    let may_go_in_step = !F::WAKES && dag.wide_levels().is_some();
    let begun = begin::<F>(shared, countdown, forced, || may_go_in_step);
    let steps = match begun.plan {
        Plan::Walk { .. } if !F::WAKES => Some(Steps::alone(countdown.dag().order())),
        Plan::InStep { .. } => dag.wide_levels().map(Steps::through),
        Plan::Share | Plan::Walk { .. } => None,
    };
    let run = Run::new(shared, countdown, body, begun, steps, tally);
    run.lead(team);
    run.timer.record(&shared.tuner);
    let thrown = run.thrown.into_inner();
    drop(lent);
    team.give_back();
    if let Some(payload) = thrown {
        resume_unwind(payload);
    }
}

/// A run begins as `forced` says or, if it is `None`, as earlier runs suggest.
fn begin<F: Body>(
    shared: &Shared,
    countdown: Countdown<'_>,
    forced: Option<Plan>,
    may_go_in_step: impl FnOnce() -> bool,
) -> RunTimer {
    let order = countdown.dag().order();
    // Rotated, because a sum of two addresses is the same for other pairs of them.
    let function = (help::<F> as *const () as usize).rotate_left(usize::BITS / 2);
    let graph = (order.as_ptr() as usize).wrapping_add(order.len());
    // Models and fuzz targets take all graphs of a size for each other: that must cost nothing but time.
    let key = if MODEL || cfg!(fuzzing) { order.len() } else { graph.wrapping_add(function) };
    let plan = || shared.tuner.plan(key, order.len(), F::WAKES, || !F::WAKES && may_go_in_step());
    let plan = match forced.unwrap_or_else(plan) {
        // That was another graph's: in step nobody would come back to a node. The type knows, the table may be wrong.
        Plan::InStep { .. } if F::WAKES => Plan::Share,
        plan => plan,
    };
    RunTimer::now(key, plan)
}

impl<'a, F: Body> Run<'a, F> {
    /// A run without a caller, whose nodes may come back: see [`start`](Self::start). It begins as `forced` says or, if it is
    /// `None`, as earlier runs suggest.
    pub(crate) fn detached(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        body: &'a F,
        forced: Option<Plan>,
    ) -> Self {
        let begun = begin::<F>(shared, countdown, forced, || false);
        Self::new(shared, countdown, body, begun, None, None)
    }

    /// Lets the workers begin. The owner waits for the end by [`Ticket::poll`].
    ///
    /// # Safety
    ///
    /// The run of the ticket is over, and the calling thread's; this one stays where it is until it is so again. Nobody else uses the
    /// counters.
    pub(crate) unsafe fn start(&self, ticket: &Arc<Ticket>) {
        let rest = RestOf { depart: depart::<F>, any_woken: any_woken::<F> };
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F>, rest: Some(rest) };
        self.body.open(Whom::Ticket(ticket));
        let fill = |rest: &mut Rest| {
            rest.job = Some(job);
            rest.nodes = self.countdown.dag().nodes();
            rest.unfinished = rest.nodes;
            rest.roots = self.roots;
            rest.ready.clear();
            rest.quiet = self.begins_quietly().then_some(self.timer.budget);
            rest.wakes = F::WAKES;
            rest.number = self.shared.bindings.number(false);
        };
        // SAFETY: by contract.
        let then = unsafe { ticket.begin(fill) };
        self.shared.see_to(ticket, then);
    }

    /// Goes through what is left of a run without a caller, until the last node is complete. To be called after making sure that the body
    /// doesn't do anything any more but make nodes complete, and that all nodes come back that were run.
    ///
    /// # Safety
    ///
    /// The run is over, and the calling thread's.
    pub(crate) unsafe fn end(&self, ticket: &Ticket) {
        // SAFETY: by contract.
        let rest = unsafe { ticket.rest() };
        if rest.unfinished == 0 {
            return;
        }
        let team = self.shared.teams.take();
        rest.quiet = None;
        team.set_up_for(rest);
        context::within(self.shared.id(), team, |_| {
            // SAFETY: this thread has taken the team, which is closed.
            let mut own = unsafe { team.own(0) };
            let stay = Stay::to_the_end();
            while !team.is_finished() {
                if F::WAKES {
                    // Somebody may be in the middle of waking a node.
                    team.has_been_woken();
                }
                self.work(team, &mut own, &stay);
                spin_loop();
            }
        });
        rest.unfinished = 0;
        team.give_back();
    }
}

impl<F: Body> Run<'_, F> {
    /// The caller's part, from opening the team to closing it.
    fn lead(&self, team: &Team) {
        let dag = self.countdown.dag();
        let job = Job { run: ptr::from_ref(self).cast(), help: help::<F>, rest: None };
        let walks = self.walk.is_going_on();
        let (roots, budget) = (self.roots, self.timer.budget);
        let course = match walks {
            true if self.walk.steps().are_divided() => Course::InStep,
            true => Course::Walk { budget },
            false if self.begins_quietly() => Course::Quiet { roots, budget },
            false => Course::Shared { roots },
        };
        let mut walked = false;
        let level = context::level();
        let stay = Stay::to_the_end();
        context::within(self.shared.id(), team, |parent| {
            team.lead_by(context::worker(self.shared.id()), level, self.shared.bindings.number(false));
            // SAFETY: this thread has taken the team, and not opened it.
            unsafe { team.reserve(dag.nodes()) };
            self.walk.lay_out(self.walk.of(team.lanes()));
            // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and waited
            // for its members, which happens before `self` can go away.
            unsafe { team.open(job, dag.nodes(), course, parent) };
            self.body.open(Whom::Team(team));
            let close = CloseOnDrop(team);
            // Looked at behind the fence of whoever shuts down, or before the caller waits: see `Shared::shut_down`.
            let mut called_off = false;
            let mut look = || {
                if !called_off && self.shared.is_shut_down() {
                    called_off = true;
                    self.cancel(team);
                }
            };
            // SAFETY: member 0 is the caller, this thread.
            let mut own = unsafe { team.own(0) };
            if walks {
                walked = self.walk(team, &mut own);
            } else if team.is_quiet() {
                look();
                self.begin_quietly(team, &mut own, &stay);
            } else if self.roots > 1 {
                self.invite(team);
            }
            let mut watch = Watch::default();
            while !team.is_finished() {
                look();
                self.work(team, &mut own, &stay);
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

    /// Works alone, as long as nothing has to be waited for and nobody breaks in; then others may come.
    #[inline(never)]
    fn begin_quietly(&self, team: &Team, own: &mut Own<'_>, stay: &Stay<'_>) {
        self.have_it_watched(team);
        let began = self.timer.elapsed();
        let done = self.work(team, own, stay);
        let nodes = self.countdown.dag().nodes();
        if done < nodes && !team.is_quiet() {
            self.timer.broken_into(began, done, nodes);
        } else if done < nodes {
            self.timer.says_nothing(); // it waits for others than those who could run it
        }
        team.end_quiet();
    }

    /// Calls the run off, if its body can be: in a walk nobody looks, so that is broken into. For a member without a place.
    pub(crate) fn cancel(&self, team: &Team) {
        if self.body.cancel() && self.walk.is_going_on() {
            let mut ready = Vec::new();
            self.break_in(team, self.walk.of(team.lanes()), |node| ready.push(node));
            team.pot.add(ready);
            self.invite(team);
        }
    }
}

/// A helper's part.
///
/// # Safety
///
/// `run` points to a `Run<'_, F>` whose team is `team`, and the calling thread has joined that in this role.
unsafe fn help<F: Body>(run: *const (), team: &Team, role: Role, stay: &Stay<'_>) {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Run<'_, F>>() };
    let place = match role {
        Role::Member(place) => place,
        Role::Canceller => return run.cancel(team),
        Role::Visitor | Role::Owner => return, // no node of such a run is bound to a thread
    };
    context::within(run.shared.id(), team, |_| {
        // SAFETY: by contract.
        let mut own = unsafe { team.own(place) };
        run.count(|tally| (&tally.joins, 1));
        let wanted_elsewhere = || stay.is_wanted_elsewhere() || stay.is_over();
        if run.join_walk(team, &mut own, wanted_elsewhere) {
            return;
        }
        if F::WAKES && team.is_quiet() {
            // The first member of a run without a caller.
            run.begin_quietly(team, &mut own, stay);
        }
        loop {
            run.work(team, &mut own, stay);
            if wanted_elsewhere() || !run.look_around(team, &mut own) || team.is_finished() {
                break;
            }
        }
        run.hand_in(team, &mut own);
    });
}

/// What is left when nobody works on a run without a caller.
///
/// # Safety
///
/// `run` points to a `Run<'_, F>` whose team was `team`, and the calling thread was its last member.
unsafe fn depart<F: Body>(run: *const (), team: &Team, rest: &mut Rest) -> Next {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<Run<'_, F>>() };
    team.depart(rest);
    if rest.unfinished == 0 {
        return Next::Over;
    }
    run.timer.says_nothing(); // it waits for others than those who could run it
    // (A wake that comes later leaves a mark in the ticket.)
    let woken = F::WAKES && team.has_woken() && run.body.any_woken();
    if woken || rest.roots > 0 || !rest.ready.is_empty() {
        Next::Again
    } else {
        Next::Waits { caller: false }
    }
}

/// Whether some future was woken.
///
/// # Safety
///
/// `run` points to a `Run<'_, F>`.
unsafe fn any_woken<F: Body>(run: *const ()) -> bool {
    // SAFETY: by contract.
    unsafe { &*run.cast::<Run<'_, F>>() }.body.any_woken()
}
