//! Runs by work stealing: in no order, each node by whoever has made it ready, or steals it. Some begin with
//! a *walk*, of the caller alone or of several members in step, through an order that is known beforehand.
//!
//! What a member does, node by node: [`work`](super::work); in a walk: [`walking`](super::walking). A run
//! whose nodes may come back can't be walked through; it may begin *quietly* instead: with one member, to
//! whom nobody comes until that takes too long.

use crate::pool::shared::Shared;
use crate::protocol::member::Own;
use crate::protocol::steps::{Steps, WAIT_TICKS};
use crate::protocol::walk::Walk;
use crate::run::beginning::{Find, begin, record, steps_of};
use crate::run::body::Body;
use crate::run::lead::{Common, Discipline, in_a_team, lead};
use crate::run::state::Stealing;
use crate::run::statistics::{RunStatistics, Tally, count};
use crate::run::walking::Walks;
use crate::run::work::Unreported;
use crate::sync::asymmetric_fence;
use crate::sync::{AtomicUsize, Ordering};
use crate::team::{Course, Rest, Role, Stay, Team};
use crate::tuner::{Plan, RunTimer};
use dgraph_core::{AsDag, Countdown, NodeId};
use std::any::Any;

/// Runs `body` for each node of `dag` on the calling thread and the workers of `shared`. Blocks until all are
/// done; resumes the first panic of a body.
pub(crate) fn run<D, F>(shared: &Shared, dag: &D, body: &F)
where
    D: AsDag + ?Sized,
    F: Body,
{
    run_as(shared, dag, body, None, None);
}

/// Runs `body` for each node of `dag`, and says what happened.
pub(crate) fn run_with_statistics<D, F>(shared: &Shared, dag: &D, body: &F) -> RunStatistics
where
    D: AsDag + ?Sized,
    F: Body,
{
    let tally = Tally::default();
    run_as(shared, dag, body, None, Some(&tally));
    tally.finish(dag.view().node_count())
}

/// Runs `body` for each node of `dag`, beginning as `forced` says or, if it is `None`, as earlier runs
/// suggest; counts what happens in `tally`.
pub(crate) fn run_as<D, F>(shared: &Shared, dag: &D, body: &F, forced: Option<Plan>, tally: Option<&Tally>)
where
    D: AsDag + ?Sized,
    F: Body,
{
    in_a_team::<F, D>(shared, dag, |team, countdown| {
        let timer = begin::<Stealing<'_, F>>(shared, countdown, forced, dag.wants_supersteps());
        let find: Find<'_> = &|dag, ticks| dag.supersteps(shared.threads(), WAIT_TICKS, ticks);
        let steps = match timer.plan {
            Plan::Alone { .. } | Plan::Probe if !F::WAKES => Some(Steps::alone(countdown.dag().order())),
            Plan::InStep { .. } => steps_of(dag, shared.threads(), forced, find),
            Plan::Share | Plan::Alone { .. } | Plan::Probe => None,
        };
        let run = Stealing::new(shared, countdown, body, timer, steps, tally);
        lead(&run, team);
        record(&run, (!F::WAKES).then_some((dag, find)), usize::MAX);
        run.common.thrown.into_inner()
    });
}

impl<'a, F: Body> Stealing<'a, F> {
    /// A run without a caller, whose nodes may come back: see [`start`](super::start). It begins as `forced`
    /// says or, if it is `None`, as earlier runs suggest.
    pub(crate) fn detached(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        body: &'a F,
        forced: Option<Plan>,
    ) -> Self {
        let timer = begin::<Self>(shared, countdown, forced, false);
        Self::new(shared, countdown, body, timer, None, None)
    }
}

impl<F: Body> Stealing<'_, F> {
    /// Works alone, as long as nothing has to be waited for and nobody breaks in; then others may come.
    #[inline(never)]
    fn begin_quietly(&self, team: &Team, own: &mut Own<'_>, stay: &Stay<'_>) {
        self.have_it_watched(team);
        // (In larger graphs than any before, which a team makes room for by itself.)
        own.with(|private| private.in_order.reserve_for(self.common.countdown.dag().node_count()));
        let done = self.run_nodes(team, own, stay);
        if done < self.common.countdown.dag().node_count() && team.is_quiet() {
            self.timer.says_nothing(); // it waits for others than those who could run it
        }
        team.end_quiet();
    }
}

impl<'r, F: Body> Walks<'r> for Stealing<'r, F> {
    fn walk(&self) -> &Walk<'r> {
        &self.walk
    }

    fn timer(&self) -> &RunTimer {
        &self.timer
    }

    fn count(&self, what: impl FnOnce(&Tally) -> (&AtomicUsize, usize)) {
        if let Some(tally) = self.tally {
            let (counter, more) = what(tally);
            count(counter, more);
        }
    }

    fn stop(&self, payload: Box<dyn Any + Send>) {
        self.stopped.store(true, Ordering::Relaxed);
        self.common.thrown.keep(payload);
    }

    fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Unless the run is quiet.
    fn post(&self, team: &Team) {
        if F::WAKES {
            // Ordering: pairs with the heavy fence in `Shared::try_help`: either that thread sees what is
            // offered here, or the run isn't quiet any more.
            asymmetric_fence::light(asymmetric_fence::light_is_free());
        }
        if team.is_quiet() {
            return;
        }
        let woken = team.post(|| self.common.shared.invite(team));
        self.count(|tally| (&tally.wakes, usize::from(woken)));
    }

    fn take_over(
        &self,
        team: &Team,
        member: Option<&mut Own<'_>>,
        find: impl FnOnce(&mut dyn FnMut(NodeId)) -> usize,
        _: impl Iterator<Item = NodeId>,
    ) -> usize {
        let left = match member {
            Some(own) => find(&mut |node| own.with(|private| private.ready.push(node))),
            None => {
                let mut ready = Vec::new();
                let left = find(&mut |node| ready.push(node));
                team.pot.add(ready);
                left
            }
        };
        if left > 0 {
            team.finish(self.walk.steps().nodes().len() - left);
        }
        left
    }

    fn completed(&self, team: &Team, own: &mut Own<'_>, node: NodeId) {
        let mut progress = Unreported::default();
        self.complete(own, node, false, &mut progress);
        team.finish(progress.done);
    }

    fn give_back(&self, _: &Team, own: &mut Own<'_>, node: NodeId) {
        own.with(|private| private.ready.push(node));
    }
}

impl<F: Body> Discipline for Stealing<'_, F> {
    type Body = F;
    type Member<'t> = Own<'t>;

    fn common(&self) -> &Common<'_, F> {
        &self.common
    }

    fn course(&self) -> Course {
        let (roots, budget) = (self.roots, self.timer.budget);
        match self.walk.is_going_on() {
            true if self.is_to_be_joined() => Course::InStep,
            true => Course::Walk { budget },
            false if self.begins_quietly() => Course::Quiet { roots, budget },
            false => Course::Shared { roots },
        }
    }

    fn prepare(&self, team: &Team) {
        self.walk.lay_out(self.walk.of(team.lanes()));
    }

    fn room(&self) -> usize {
        self.common.countdown.dag().node_count()
    }

    fn binds_workers(&self) -> bool {
        false
    }

    unsafe fn caller<'t>(&self, team: &'t Team, _: bool) -> Own<'t> {
        // SAFETY: member 0 is whoever has taken the team.
        unsafe { team.own(0) }
    }

    fn begin(&self, team: &Team, caller: &mut Own<'_>) {
        if self.walk.is_going_on() {
            let walked = self.begin_walk(team, caller);
            if walked && !self.walk.steps().are_divided() {
                self.count(|tally| (&tally.sequential_nodes, self.common.countdown.dag().node_count()));
            }
        } else if team.is_quiet() {
            self.begin_quietly(team, caller, &Stay::to_the_end());
        } else if self.roots > 1 {
            self.post(team);
        }
    }

    fn work(&self, team: &Team, member: &mut Own<'_>, stay: &Stay<'_>) {
        let _ = self.run_nodes(team, member, stay);
    }

    fn look_around(&self, team: &Team, member: &mut Own<'_>) -> bool {
        self.find_work(team, member)
    }

    fn needs(&self, team: &Team, _: &Own<'_>) -> bool {
        team.needs_caller()
    }

    fn has_parked(&self) {
        self.count(|tally| (&tally.parks, 1));
    }

    unsafe fn help(&self, team: &Team, role: Role, stay: &Stay<'_>) {
        let Role::Member(place) = role else { return }; // no node of such a run is bound to a thread
        // SAFETY: the calling thread has joined as this member.
        let mut own = unsafe { team.own(place) };
        self.count(|tally| (&tally.joins, 1));
        let wanted_elsewhere = || stay.is_wanted_elsewhere(false) || stay.is_over(false);
        if self.join_walk(team, &mut own, wanted_elsewhere) {
            return;
        }
        if F::WAKES && team.is_quiet() {
            // The first member of a run without a caller.
            self.begin_quietly(team, &mut own, stay);
        }
        loop {
            self.work(team, &mut own, stay);
            if wanted_elsewhere() || !self.look_around(team, &mut own) || team.is_finished() {
                break;
            }
        }
        self.hand_in(team, &mut own);
    }

    fn cancel(&self, team: &Team) {
        self.call_off(team);
    }

    fn left(&self, _: &Team, rest: &mut Rest) -> (bool, bool) {
        self.timer.says_nothing(); // it waits for others than those who could run it
        (rest.roots > 0 || !rest.ready.is_empty(), false)
    }
}
