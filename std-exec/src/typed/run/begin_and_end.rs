//! A run of a typed graph from its beginning to its end: what comes before its first node, and what is made
//! of what it has left behind.

use crate::executor::Handle;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::failure::{Failures, Stop};
use crate::typed::error::panicked::Panicked;
use crate::typed::error::run_error::RunError;
use crate::typed::memory::errors::{Errors, Kept, Payload};
use crate::typed::memory::standing::{CANCELLED, CHECK, EXPIRED, MEASURE, PARTIAL, Standing, TROUBLE};
use crate::typed::memory::status::{State, Status};
use crate::typed::options::run_options::RunOptions;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

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
    if options.measure {
        data.measured.reserve(data.store.len());
    }
    match catch_unwind(AssertUnwindSafe(|| data.prepare(options))) {
        Ok(prepared) => prepared?,
        Err(payload) => return Err(panicked(data, Failures::default(), payload, options)),
    }
    let check = if options.token.is_some() || options.deadline.is_some() { CHECK } else { 0 };
    let partial = if options.is_partial() { PARTIAL } else { 0 };
    let measure = if options.measure { MEASURE } else { 0 };
    let began = options.measure.then(Instant::now);
    Ok(Standing { signal: check | partial | measure, failures: Errors::default(), began })
}

/// What comes after the last node: the run's outcome. Resumes a panic, unless that is to be an error.
pub(crate) fn end(
    data: &mut GraphData,
    options: &RunOptions,
    standing: Standing,
    thrown: Option<Payload>,
) -> Result<(), RunError> {
    let Standing { signal, failures, .. } = standing;
    if thrown.is_some() || signal & TROUBLE != 0 {
        data.skip_dependents();
    }
    let stopped = signal & (CANCELLED | EXPIRED) != 0;
    if thrown.is_none() && failures.is_empty() && !stopped {
        return Ok(());
    }
    // A node may have failed because of what nobody has looked at since.
    let now = options.stop();
    let stop =
        Stop { cancelled: now.cancelled || signal & CANCELLED != 0, late: now.late || signal & EXPIRED != 0 };
    let failures = Failures::new(failures.named(&data.names), stop);
    if let Some(payload) = thrown {
        return Err(panicked(data, failures, payload, options));
    }
    if !failures.is_empty() {
        return Err(RunError::Failed(failures));
    }
    let declared = |node: &u32| *node < data.topology.declared();
    let named = |state| data.names.all_named(data.store.statuses.nodes(state).filter(declared));
    match (named(State::NotRun), named(State::Interrupted)) {
        // Called off when its last nodes were under way.
        (not_run, interrupted) if not_run.is_empty() && interrupted.is_empty() => Ok(()),
        (not_run, interrupted) if stop.cancelled => {
            Err(RunError::Cancelled { not_run, interrupted, late: stop.late })
        }
        (not_run, interrupted) => Err(RunError::DeadlineExceeded { not_run, interrupted }),
    }
}

/// Whether the executor has all the workers that nodes are bound to.
fn check_workers(data: &GraphData, executor: &Handle) -> Result<(), RunError> {
    let workers = executor.workers;
    match data.schedule.as_ref().and_then(|schedule| schedule.worker_beyond(workers)) {
        Some((node, worker)) => Err(RunError::NoSuchWorker { node: data.names.named(node), worker, workers }),
        None => Ok(()),
    }
}

/// The error that stands for a panic, if it is to be one. Otherwise the panic goes on, and what else went
/// wrong stays in the graph.
fn panicked(
    data: &mut GraphData,
    mut failures: Failures,
    payload: Payload,
    options: &RunOptions,
) -> RunError {
    let mut panicked: Vec<u32> = data.store.statuses.nodes(State::Panicked).collect();
    let inside: Vec<_> = data.inner_data().map(|(node, inner)| (node, inner.failures.take())).collect();
    let names = &data.names;
    for (node, inside) in inside {
        // If none has, it was what sets the inputs, or reads the results, of that graph.
        if !inside.panicked().is_empty() {
            panicked.retain(|&other| other != node);
            failures.add(inside, |inner| names.inside(node, inner));
        }
    }
    panicked.into_iter().for_each(|node| failures.add_panicked(names.named(node)));
    if options.catch_panics {
        return RunError::Panicked(Panicked::new(failures, payload));
    }
    data.failures = Kept::new(failures);
    resume_unwind(payload);
}

impl GraphData {
    /// After a panic, or when it is stopped, a run starts no node at all. Those behind the culprit are marked
    /// here.
    fn skip_dependents(&self) {
        for node in self.topology.forward() {
            if matches!(self.store.statuses.get(node), Status::NOT_RUN | Status::NOT_STARTED) {
                let statuses = &self.store.statuses;
                if let Some(why) = self.topology.why_not_fed(statuses, node) {
                    statuses.set(node, why);
                }
            }
        }
    }
}
