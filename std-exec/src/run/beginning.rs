//! How a run begins: as earlier runs of its graph suggest, and the samples of the first one.

use crate::pool::shared::Shared;
use crate::protocol::steps::{Steps, WAIT_TICKS};
use crate::run::body::Body;
use crate::run::lead::{Common, Discipline, address_of};
use crate::run::walking::Walks;
use crate::sync::MODEL;
use crate::tuner::{Plan, RunTimer};
use dgraph_core::{AsDag, Countdown, DagView, NodeId, Supersteps};

/// Of larger graphs it isn't noted what each single body takes, and they aren't divided into supersteps:
/// these take memory, and tens to hundreds of nanoseconds per node to find.
const MOST_WITH_PROFILE: usize = 1 << 14;
const MOST_IN_SUPERSTEPS: usize = 1 << 20;

/// Finds supersteps for a graph whose bodies take so many ticks.
pub(super) type Find<'f> = &'f dyn Fn(DagView<'_>, &dyn Fn(NodeId) -> u32) -> Supersteps;

/// A run begins as `forced` says or, if it is `None`, as earlier runs suggest. If its graph
/// `wants_supersteps`, it is noted for these what each body takes. (Once, since that takes memory, and later
/// runs allocate nothing.)
#[inline]
pub(super) fn begin<D: Discipline>(
    shared: &Shared,
    countdown: Countdown<'_>,
    forced: Option<Plan>,
    wants_supersteps: bool,
) -> RunTimer {
    let order = countdown.dag().order();
    // Rotated, because a sum of two addresses is the same for other pairs of them.
    let function = address_of::<D>().rotate_left(usize::BITS / 2);
    let graph = (order.as_ptr() as usize).wrapping_add(order.len());
    // Models and fuzz targets take all graphs of a size for each other: that must cost nothing but time.
    let key = if MODEL || cfg!(fuzzing) { order.len() } else { graph.wrapping_add(function) };
    let comes_back = D::Body::WAKES;
    let tuner = shared.tuner(comes_back);
    let plan = || match tuner.plan(key, comes_back) {
        // Another graph's that was in the same place: this one has none, and would be shared, whatever that
        // takes.
        (Plan::InStep { .. }, _) if wants_supersteps && !MODEL && !cfg!(fuzzing) => {
            tuner.forget(key);
            tuner.plan(key, comes_back)
        }
        plan => plan,
    };
    let plan = match forced.map_or_else(plan, |forced| (forced, false)) {
        // That was another graph's: in step nobody would come back to a node. The type knows, the table may
        // be wrong.
        (Plan::InStep { .. }, samples) if comes_back => (Plan::Share, samples),
        plan => plan,
    };
    let timer = RunTimer::now(key, plan);
    let profiles = timer.samples && !comes_back && wants_supersteps && order.len() <= MOST_WITH_PROFILE;
    if profiles { timer.with_profile(order.len()) } else { timer }
}

/// The steps of a walk in step through `dag`, if it keeps any for so many `threads`.
pub(super) fn steps_of<'d, D: AsDag + ?Sized>(
    dag: &'d D,
    threads: usize,
    forced: Option<Plan>,
    find: Find<'_>,
) -> Option<Steps<'d>> {
    // Models and fuzz targets don't wait for a run whose samples promise something.
    let supersteps = if forced.is_some() || MODEL || cfg!(fuzzing) {
        dag.supersteps_by(Some(&mut |dag| Some(find(dag, &|_| WAIT_TICKS))))
    } else {
        dag.supersteps_by(None)
    };
    supersteps.map(Steps::through).filter(|steps| steps.lanes() == threads)
}

/// The run is over: tells the tuner how long it has taken, and what its samples promise for other ways to run
/// it. Nothing, if it was cut short. `dag` is its graph, if it may keep supersteps, and what finds them. If
/// its bodies take more than `longest` ticks on average, it doesn't go in step; supersteps are found all the
/// same, since its bodies may become shorter, and no run but the first one allocates.
pub(crate) fn record<'r, R: Walks<'r>, D: AsDag + ?Sized>(
    run: &R,
    dag: Option<(&D, Find<'_>)>,
    longest: usize,
) {
    let Common { shared, countdown, body, .. } = run.common();
    if run.timer().has_nothing_to_say() || body.was_cut_short() || run.has_stopped() {
        return;
    }
    let (timer, nodes) = (run.timer(), countdown.dag().node_count());
    let tuner = shared.tuner(R::Body::WAKES);
    timer.record(tuner, nodes);
    timer.promise(tuner, nodes, shared.threads(), |work, others| {
        // Nothing can be faster than all threads at work all the time.
        let ideal = work / shared.threads().max(1);
        let body = work / nodes.max(1);
        let promises = ideal.saturating_add(ideal / 50) < others;
        let worthwhile = promises && nodes <= MOST_IN_SUPERSTEPS;
        let Some((dag, find)) = dag else { return usize::MAX };
        let usual = u32::try_from(body).unwrap_or(u32::MAX).max(1);
        let mut make = |dag: DagView<'_>| worthwhile.then(|| find(dag, &timer.weights(usual)));
        match dag.supersteps_by(Some(&mut make)).map(Steps::through) {
            Some(steps) if body <= longest && steps.lanes() == shared.threads() => steps.ticks_of(work),
            _ => usize::MAX,
        }
    });
}
