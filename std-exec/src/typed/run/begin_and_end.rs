//! A run of a typed graph from its beginning to its end: what comes before its first node, and what is made
//! of what it has left behind.

use crate::executor::Handle;
use crate::observe::RunOutcome;
use crate::sync::{clock, next_number, thrown};
use crate::typed::data::graph_data::{GraphData, Rare};
use crate::typed::error::failure::{Failures, Stop};
use crate::typed::error::panicked::Panicked;
use crate::typed::error::run_error::RunError;
use crate::typed::memory::errors::{Errors, Kept, Payload};
use crate::typed::memory::standing::{
    CANCELLED, CHECK, CUTOFF, EARLY, EXPIRED, GUARDED, LIMITED, PARTIAL, Standing, TROUBLE, WATCHED, WITHIN,
};
use crate::typed::memory::status::{State, Status};
use crate::typed::memory::watch::{Watch, Watching};
use crate::typed::options::around::Around;
use crate::typed::options::run_options::RunOptions;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What comes before the first node.
pub(crate) fn begin(
    data: &mut GraphData,
    executor: Option<&Handle>,
    options: &RunOptions,
) -> Result<Standing, RunError> {
    if let Some(executor) = executor {
        check_workers(data, executor)?;
    }
    data.forget_failures();
    match catch_unwind(AssertUnwindSafe(|| data.prepare(options))) {
        Ok(prepared) => prepared?,
        Err(payload) => {
            return Err(prepare_panicked(data, options, payload));
        }
    }
    data.shuffled = None;
    if let Some(shuffle) = &options.shuffle {
        data.shuffle(shuffle);
    }
    let check = if options.token.is_some() || options.deadline.is_some() { CHECK } else { 0 };
    let partial = if options.is_partial() { PARTIAL } else { 0 };
    let watched = if options.is_watched() { WATCHED } else { 0 };
    let guarded = if options.guards() { GUARDED } else { 0 };
    let within = if options.drains_within() { WITHIN } else { 0 };
    let rare = data.rare.as_mut().map_or(0, |rare| begin_rare(rare, options));
    data.store.records.starts.iter().for_each(|starts| starts.begin(&data.store.tasks.described.inputs));
    data.store.records.around.iter_mut().for_each(|around| Around::begin(around, options.outer.clone()));
    let watching = options.is_watched().then(|| begin_watching(data, executor, options));
    Ok(Standing {
        signal: check | partial | watched | guarded | within | rare,
        failures: Errors::default(),
        watching,
    })
}

/// What a run signals from its beginning for the sake of what few graphs have.
#[cold]
fn begin_rare(rare: &mut Rare, options: &RunOptions) -> usize {
    let limited = if rare.limited.is_some() { LIMITED } else { 0 };
    let early = if rare.early.is_some() { EARLY } else { 0 };
    let cutoff = if options.update && rare.cutoffs.is_some() { CUTOFF } else { 0 };
    rare.early.iter_mut().for_each(|early| early.begin());
    limited | early | cutoff
}

/// Tells whoever watches that the run begins, and of which nodes it won't.
#[cold]
fn begin_watching(data: &mut GraphData, executor: Option<&Handle>, options: &RunOptions) -> Watching {
    if options.measure {
        let nodes = data.store.len();
        data.rare_mut().measured.reserve(nodes);
    }
    let to_run = (0..).take(data.store.len()).filter(|&node| data.may_run(node)).count();
    let threads = executor.map_or(1, Handle::threads);
    let watching = Watching { number: next_number(), began: clock::now(), to_run, threads };
    let watch = data.watch(options, watching);
    watch.run_begins();
    if options.is_partial() {
        let is_idle = |node: &u32| !data.may_run(*node);
        let is_input = |node: &u32| data.store.tasks.described.inputs.binary_search(node).is_ok();
        let idle = (0..).take(data.store.len()).filter(|node| is_idle(node) && !is_input(node));
        idle.for_each(|node| watch.idle(node));
    }
    watching
}

/// Tells whoever watches that the run is over, and which nodes have not begun and are behind no failure.
#[cold]
fn end_watching(data: &GraphData, options: &RunOptions, watching: Watching, outcome: RunOutcome) {
    let watch = data.watch(options, watching);
    watch.statuses.nodes(State::NotRun).for_each(|node| watch.skipped(node));
    watch.run_ends(outcome);
}

/// A destructor has thrown this while the run was prepared.
#[cold]
fn prepare_panicked(data: &mut GraphData, options: &RunOptions, payload: Payload) -> RunError {
    end_cutoffs(data, None).into_iter().for_each(thrown::discard);
    let panicked = panicked(data, Failures::default(), Vec::new(), payload, options);
    panicked.unwrap_or_else(|payload| resume_unwind(payload))
}

/// What comes after the last node of a run of which nobody wants to know the outcome.
pub(crate) fn give_up(data: &mut GraphData, options: &RunOptions, standing: &Standing) {
    data.store.records.around.iter_mut().for_each(Around::end);
    let watch = standing.watching.map(|watching| (options, watching));
    end_cutoffs(data, watch).into_iter().for_each(thrown::discard);
    if let Some(watching) = standing.watching {
        end_watching(data, options, watching, RunOutcome::Dropped);
    }
}

/// What comes after the last node: the run's outcome. Resumes a panic, unless that is to be an error.
pub(crate) fn end(
    data: &mut GraphData,
    options: &RunOptions,
    standing: Standing,
    thrown: Option<Payload>,
) -> Result<(), RunError> {
    if standing.signal == 0 && thrown.is_none() {
        debug_assert!(standing.failures.is_empty() && standing.watching.is_none());
        data.store.records.around.iter_mut().for_each(Around::end);
        return Ok(());
    }
    let Standing { signal, mut failures, watching } = standing;
    let thrown = thrown::first(failures.take_thrown(), thrown);
    data.store.records.around.iter_mut().for_each(Around::end);
    let thrown = thrown::first(thrown, end_cutoffs(data, watching.map(|watching| (options, watching))));
    if thrown.is_some() || signal & TROUBLE != 0 {
        let watch = watching.map(|watching| data.watch(options, watching));
        data.skip_dependents(watch.as_ref());
    }
    let ended = outcome(data, options, signal, failures, thrown);
    if let Some(watching) = watching {
        let told = match &ended {
            Ok(Ok(())) => RunOutcome::Completed,
            Ok(Err(RunError::Panicked(_))) | Err(_) => RunOutcome::Panicked,
            Ok(Err(RunError::Cancelled { .. })) => RunOutcome::Cancelled,
            Ok(Err(RunError::DeadlineExceeded { .. })) => RunOutcome::DeadlineExceeded,
            Ok(Err(_)) => RunOutcome::Failed,
        };
        end_watching(data, options, watching, told);
    }
    ended.unwrap_or_else(|payload| resume_unwind(payload))
}

/// What an update leaves undecided is decided. What the first destructor that panics then has thrown.
#[inline]
fn end_cutoffs(data: &mut GraphData, watched: Option<(&RunOptions, Watching)>) -> Option<Payload> {
    if data.cutoffs().is_some() { decide_cutoffs(data, watched) } else { None }
}

/// The same, if there is anything.
#[cold]
fn decide_cutoffs(data: &mut GraphData, watched: Option<(&RunOptions, Watching)>) -> Option<Payload> {
    let watch = watched.map(|(options, watching)| data.watch(options, watching));
    let thrown = data.end_cutoffs(watch.as_ref());
    data.rare_mut().cutoffs.iter_mut().for_each(|cutoffs| cutoffs.end());
    thrown
}

/// The outcome of a run that was signalled this; or the panic that goes on.
fn outcome(
    data: &mut GraphData,
    options: &RunOptions,
    signal: usize,
    mut failures: Errors,
    thrown: Option<Payload>,
) -> Result<Result<(), RunError>, Payload> {
    let stopped = signal & (CANCELLED | EXPIRED) != 0;
    if thrown.is_none() && failures.is_empty() && !stopped {
        return Ok(Ok(()));
    }
    // A node may have failed because of what nobody has looked at since.
    let now = options.stop();
    let stop =
        Stop { cancelled: now.cancelled || signal & CANCELLED != 0, late: now.late || signal & EXPIRED != 0 };
    let dropped_badly = failures.take_dropped_badly();
    let failures = Failures::new(failures.named(data.store.names()), stop);
    if let Some(payload) = thrown {
        return panicked(data, failures, dropped_badly, payload, options).map(Err);
    }
    if !failures.is_empty() {
        return Ok(Err(RunError::Failed(failures)));
    }
    let declared = |node: &u32| *node < data.topology.declared();
    let named =
        |state| data.store.names().all_named(data.store.records.statuses.nodes(state).filter(declared));
    Ok(match (named(State::NotRun), named(State::Interrupted)) {
        // Called off when its last nodes were under way.
        (not_run, interrupted) if not_run.is_empty() && interrupted.is_empty() => Ok(()),
        (not_run, interrupted) if stop.cancelled => {
            Err(RunError::Cancelled { not_run, interrupted, late: stop.late })
        }
        (not_run, interrupted) => Err(RunError::DeadlineExceeded { not_run, interrupted }),
    })
}

/// Whether the executor has all the workers that nodes are bound to.
fn check_workers(data: &GraphData, executor: &Handle) -> Result<(), RunError> {
    let workers = executor.workers;
    match data.schedule.as_ref().and_then(|schedule| schedule.worker_beyond(workers)) {
        Some((node, worker)) => {
            Err(RunError::NoSuchWorker { node: data.store.names().named(node), worker, workers })
        }
        None => Ok(()),
    }
}

/// The error that stands for a panic, if it is to be one. It names the nodes that have panicked, and those
/// whose results were `dropped_badly`. Otherwise the panic is to go on, and what else went wrong stays in the
/// graph.
fn panicked(
    data: &mut GraphData,
    mut failures: Failures,
    dropped_badly: Vec<u32>,
    payload: Payload,
    options: &RunOptions,
) -> Result<RunError, Payload> {
    let mut panicked = dropped_badly;
    panicked.extend(data.store.records.statuses.nodes(State::Panicked));
    panicked.sort_unstable();
    let inside: Vec<_> = data.inner_data().map(|(node, inner)| (node, inner.take_failures())).collect();
    let names = data.store.names();
    for (node, inside) in inside {
        // If none has, it was what sets the inputs, or reads the results, of that graph.
        if !inside.panicked().is_empty() {
            panicked.retain(|&other| other != node);
            failures.add(inside, |inner| names.inside(node, inner));
        }
    }
    panicked.into_iter().for_each(|node| failures.add_panicked(names.named(node)));
    if options.catch_panics {
        return Ok(RunError::Panicked(Panicked::new(failures, payload)));
    }
    data.rare_mut().failures = Kept::new(failures);
    Err(payload)
}

impl GraphData {
    /// After a panic, or when it is stopped, a run starts no node at all. Those behind the culprit are marked
    /// here.
    fn skip_dependents(&self, watch: Option<&Watch<'_>>) {
        for node in self.topology.forward() {
            // A start that has been there isn't behind what has become of its node since.
            let statuses = &self.store.records.statuses;
            let is_there =
                self.store.records.starts.as_ref().is_some_and(|starts| starts.is_there(node, statuses));
            let has_begun = !matches!(statuses.get(node), Status::NOT_RUN | Status::NOT_STARTED);
            if !(has_begun || is_there) {
                if let Some(why) = self.topology.why_not_fed(statuses, node) {
                    statuses.set(node, why);
                    if let (Some(watch), State::Skipped { .. } | State::NotChosen { .. }) =
                        (watch, why.state())
                    {
                        watch.skipped(node);
                    }
                }
            }
        }
    }
}
