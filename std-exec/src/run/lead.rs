//! A run from its beginning to its end, whatever its discipline.
//!
//! ```text
//! caller   take team ─ open ─┬─ begin ─ work ◀─────────┬─ finished? ─ close ─ all left? ─ give back ─ resume panic
//!                            │           ▲             │ not yet
//!                            │           └─────────────┴─ look around, help nested runs, park
//! helper   see work ─ join ──┴─ help, until there is nothing to take for a while, or it is wanted elsewhere ─ leave
//! ```
//!
//! After a panic a run that is shared is *stopped*: members go on through the counters without calling the
//! body, so every counter comes to rest and the run ends as any other. (A walk alone uses no counters, and
//! ends at once.) The README's table says what else stops a run, and who notices.

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::watchdog::Watchdog;
use crate::pool::worker::is_patient;
use crate::run::body::Body;
use crate::sync::spin_loop;
use crate::sync::thrown::Thrown;
use crate::team::{CloseOnDrop, Course, Job, Next, Rest, RestOf, Role, Stay, Team, Ticket};
use crate::wake::Whom;
use dgraph_core::{AsDag, Countdown};
use std::any::Any;
use std::panic::resume_unwind;
use std::ptr;
use std::sync::Arc;

/// What any run has.
pub(crate) struct Common<'a, F> {
    pub(crate) shared: &'a Shared,
    pub(crate) countdown: Countdown<'a>,
    pub(crate) body: &'a F,
    pub(crate) thrown: Thrown,
}

/// In which order, and by whom, the ready nodes of a run are taken.
pub(crate) trait Discipline {
    type Body: Body;
    /// What a member with nothing but this run to do keeps from one step to the next.
    type Member<'t>;

    fn common(&self) -> &Common<'_, Self::Body>;

    /// How the run begins.
    fn course(&self) -> Course;

    /// To be called before the team is opened.
    fn prepare(&self, _: &Team) {}

    /// For how many nodes each member needs room.
    fn room(&self) -> usize;

    /// Whether some node is bound to a worker.
    fn binds_workers(&self) -> bool;

    /// The calling thread as member 0 of `team`. `for_all`: it also stands for all workers.
    ///
    /// # Safety
    ///
    /// The calling thread has taken the team, and uses one result at a time.
    unsafe fn caller<'t>(&self, team: &'t Team, for_all: bool) -> Self::Member<'t>;

    /// The caller's first steps in a team that was opened just now.
    fn begin(&self, team: &Team, caller: &mut Self::Member<'_>);

    /// Runs nodes until none can be had, or the stay is over.
    fn work(&self, team: &Team, member: &mut Self::Member<'_>, stay: &Stay<'_>);

    /// Waits a little for the end or for something to take. False if nothing came.
    fn look_around(&self, team: &Team, member: &mut Self::Member<'_>) -> bool;

    /// Whether the caller, about to park, has something to do after all.
    fn needs(&self, team: &Team, caller: &Self::Member<'_>) -> bool;

    /// The caller has parked.
    fn has_parked(&self) {}

    /// A helper's part.
    ///
    /// # Safety
    ///
    /// The calling thread has joined the team in this role.
    unsafe fn help(&self, team: &Team, role: Role, stay: &Stay<'_>);

    /// Calls the run off, as far as it can be. For a thread that has no place in it, or is between two steps.
    fn cancel(&self, team: &Team);

    /// What there is in a run that nobody works on, beside what lies in `rest`, to which it adds the workers
    /// that are wanted: whether there is something for anybody, and for the caller.
    fn left(&self, team: &Team, rest: &mut Rest) -> (bool, bool);

    /// The last member has left the team, whether or not the run is over.
    fn leaves_team(&self, _: &Team) {}
}

/// Each type of run has another one.
pub(super) fn address_of<D: Discipline>() -> usize {
    help::<D> as *const () as usize
}

/// Calls `run` with a team, and with counters for `dag`. Resumes what that gives: the first panic of a node.
/// `F` is the run's body.
pub(super) fn in_a_team<F: Body, D: AsDag + ?Sized>(
    shared: &Shared,
    dag: &D,
    run: impl FnOnce(&Team, Countdown<'_>) -> Option<Box<dyn Any + Send>>,
) {
    let team = shared.teams.take_for(dag.view().node_count());
    let lent = if F::RELIES_ON_ORDER { None } else { dag.lend_countdown() };
    let countdown = match &lent {
        Some(lent) => lent.countdown(),
        // SAFETY: this thread has just taken the team; the counters are not used after it is given back.
        None => unsafe { team.spare_countdown(dag.view()) },
    };
    let thrown = run(team, countdown);
    drop(lent);
    team.give_back();
    if let Some(payload) = thrown {
        resume_unwind(payload);
    }
}

/// The caller's part, from opening the team, which it has taken, to closing it.
pub(super) fn lead<D: Discipline>(run: &D, team: &Team) {
    let Common { shared, countdown, body, .. } = run.common();
    let nodes = countdown.dag().node_count();
    let job = Job { run: ptr::from_ref(run).cast(), help: help::<D>, rest: None };
    let level = context::level();
    context::within(shared.id(), team, |parent| {
        team.lead_by(context::worker(shared.id()), level, shared.bindings.number(run.binds_workers()));
        // SAFETY: this thread has taken the team, and not opened it.
        unsafe { team.reserve(run.room()) };
        run.prepare(team);
        // SAFETY: this thread has taken the team, and `job` is valid until `close` has closed the team and
        // waited for its members, which happens before `run` can go away.
        unsafe { team.open(job, nodes, run.course(), parent) };
        body.open(Whom::Team(team));
        let close = CloseOnDrop(team);
        // SAFETY: this thread has taken the team, and this is its only result.
        let mut caller = unsafe { run.caller(team, false) };
        let stay = Stay::to_the_end();
        // If the first look comes too early for a shutdown that has not found this team open, the next one
        // sees it: behind the fence of `wait_unless`, before the caller sleeps.
        let mut called_off = false;
        let mut look = || {
            if !called_off && shared.is_shut_down() {
                called_off = true;
                run.cancel(team);
            }
            called_off
        };
        look();
        run.begin(team, &mut caller);
        let mut watch = Watchdog::default();
        let mut idle_since = None;
        while !team.is_finished() {
            let called_off = look();
            run.work(team, &mut caller, &stay);
            if run.look_around(team, &mut caller) {
                idle_since = None;
            } else if !is_patient(&mut idle_since, shared.spin) {
                idle_since = None;
                let needs = || !called_off && shared.is_shut_down() || run.needs(team, &caller);
                if shared.wait_within(team, &mut watch, needs) {
                    run.has_parked();
                }
            }
        }
        drop(close);
    });
}

/// Lets the workers begin with a run without a caller. The owner waits for the end by [`Ticket::poll`], and
/// comes by for the caller's nodes by [`Shared::serve`].
///
/// # Safety
///
/// The run of the ticket is over, and the calling thread's; this one stays where it is until it is so again.
/// Nobody else uses the counters.
pub(crate) unsafe fn start<D: Discipline>(run: &D, ticket: &Arc<Ticket>) {
    let Common { shared, countdown, body, .. } = run.common();
    let rest = RestOf { depart: depart::<D>, any_woken: any_woken::<D> };
    let job = Job { run: ptr::from_ref(run).cast(), help: help::<D>, rest: Some(rest) };
    body.open(Whom::Ticket(ticket));
    let fill = |rest: &mut Rest| {
        rest.job = Some(job);
        rest.nodes = run.room();
        rest.unfinished = countdown.dag().node_count();
        rest.ready.clear();
        rest.wakes = D::Body::WAKES;
        rest.number = shared.bindings.number(run.binds_workers());
        rest.begin(run.course());
    };
    // SAFETY: by contract.
    let then = unsafe { ticket.begin(fill) };
    shared.see_to(ticket, then);
}

/// Goes through what is left of a run without a caller, until the last node is complete. To be called after
/// making sure that the body doesn't do anything any more but make nodes complete, and that all nodes come
/// back that were run.
///
/// # Safety
///
/// The run is over, and the calling thread's.
pub(crate) unsafe fn end<D: Discipline>(run: &D, ticket: &Ticket) {
    // SAFETY: by contract.
    let rest = unsafe { ticket.rest() };
    if rest.unfinished == 0 {
        return;
    }
    let shared = run.common().shared;
    let team = shared.teams.take();
    rest.quiet = None;
    team.set_up_for(rest);
    context::within(shared.id(), team, |_| {
        // SAFETY: this thread has taken the team, which is closed, and this is its only result.
        let mut caller = unsafe { run.caller(team, true) };
        while !team.is_finished() {
            if D::Body::WAKES {
                // Somebody may be in the middle of waking a node.
                team.has_been_woken();
            }
            run.work(team, &mut caller, &Stay::to_the_end());
            spin_loop();
        }
    });
    run.leaves_team(team);
    rest.unfinished = 0;
    team.give_back();
}

/// A helper's part.
///
/// # Safety
///
/// `run` points to a `D` whose team is `team`, and the calling thread has joined that in this role.
unsafe fn help<D: Discipline>(run: *const (), team: &Team, role: Role, stay: &Stay<'_>) {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<D>() };
    if matches!(role, Role::Canceller) {
        return run.cancel(team);
    }
    context::within(run.common().shared.id(), team, |_| {
        // SAFETY: by contract.
        unsafe { run.help(team, role, stay) };
    });
}

/// What is left when nobody works on a run without a caller.
///
/// # Safety
///
/// `run` points to a `D` whose team was `team`, and the calling thread was its last member.
unsafe fn depart<D: Discipline>(run: *const (), team: &Team, rest: &mut Rest) -> Next {
    // SAFETY: by contract.
    let run = unsafe { &*run.cast::<D>() };
    team.depart(rest);
    run.leaves_team(team);
    if rest.unfinished == 0 {
        return Next::Over;
    }
    // (A wake that comes later leaves a mark in the ticket.)
    let woken = D::Body::WAKES && team.has_woken() && run.common().body.any_woken();
    let (anybody, caller) = run.left(team, rest);
    if woken || anybody { Next::Again } else { Next::Waits { caller } }
}

/// Whether some future was woken.
///
/// # Safety
///
/// `run` points to a `D`.
unsafe fn any_woken<D: Discipline>(run: *const ()) -> bool {
    // SAFETY: by contract.
    unsafe { &*run.cast::<D>() }.common().body.any_woken()
}
