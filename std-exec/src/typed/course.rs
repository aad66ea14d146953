//! A run of a typed graph from its beginning to its end: what comes before its first node, and what is made of what it has
//! left behind.

use super::drive::{self, Drive};
use super::failure::{Failure, Panicked};
use super::graph::Body;
use super::options::RunOptions;
use super::parallel;
use super::record::why_not_fed;
use super::rows;
use super::run::{CANCELLED, CHECK, EXPIRED, MEASURE, PARTIAL, Run, STOP, TROUBLE};
use super::schedule::Measured;
use super::status::{State, Status};
use super::store::Store;
use super::topology::Topology;
use crate::executor::Handle;
use crate::ready_queue::ReadyQueue;
use crate::run_error::RunError;
use crate::thrown::discard;
use crate::wake::Wakes;
use std::any::Any;
use std::error::Error;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// Which nodes have failed, and with what. If nobody wants to know, each error is dropped by itself: destructors may panic.
#[derive(Default)]
pub(super) struct Failures(Vec<(u32, Box<dyn Error + Send + Sync>)>);

impl Failures {
    pub(super) fn push(&mut self, node: u32, error: Box<dyn Error + Send + Sync>) {
        self.0.push((node, error));
    }
}

impl Drop for Failures {
    fn drop(&mut self) {
        self.0.drain(..).for_each(discard);
    }
}

pub(super) type Payload = Box<dyn Any + Send>;

/// How far a run has come, while it isn't going on.
#[derive(Default)]
pub(super) struct Course {
    pub(super) signal: usize,
    pub(super) failures: Failures,
    pub(super) began: Option<Instant>,
}

/// Runs the graph to whatever end.
pub(super) fn execute(
    body: &mut Body,
    executor: Option<&Handle>,
    options: &RunOptions,
) -> Result<(), RunError> {
    if body.store.futures() > 0 {
        return match executor {
            Some(executor) if !body.is_serial_on(executor) => parallel::block_on(body, executor, options),
            _ => drive::block_on(body, executor, options),
        };
    }
    let course = begin(body, executor, options)?;
    let (parts, queue, _) = body.parts();
    let run = Run::new(parts, executor, options, course);
    // SAFETY: `body` is borrowed for this run alone, as `&mut`, so nobody has results of it; `begin` has set the
    // statuses.
    let ended = catch_unwind(AssertUnwindSafe(|| unsafe { rows::run_all(&run, queue) }));
    let unmarked = run.leaves_unmarked();
    let course = run.into_course();
    // Nothing went wrong, so every node has given a value.
    if unmarked && ended.is_ok() && course.signal == 0 {
        body.store.statuses.mark_all();
    }
    end(body, options, course, ended.err())
}

/// What comes before the first node.
pub(super) fn begin(
    body: &mut Body,
    executor: Option<&Handle>,
    options: &RunOptions,
) -> Result<Course, RunError> {
    if let Some(executor) = executor {
        check_workers(body, executor)?;
    }
    if options.measure {
        body.measured.reserve(body.store.len());
    }
    match catch_unwind(AssertUnwindSafe(|| body.prepare(options))) {
        Ok(prepared) => prepared?,
        Err(payload) => return Err(panicked(body, payload, options)),
    }
    let check = if options.token.is_some() || options.deadline.is_some() { CHECK } else { 0 };
    let partial = if options.is_partial() { PARTIAL } else { 0 };
    let measure = if options.measure { MEASURE } else { 0 };
    let began = options.measure.then(Instant::now);
    Ok(Course { signal: check | partial | measure, failures: Failures::default(), began })
}

/// What comes after the last node: the run's outcome. Resumes a panic, unless that is to be an error.
pub(super) fn end(
    body: &mut Body,
    options: &RunOptions,
    course: Course,
    thrown: Option<Payload>,
) -> Result<(), RunError> {
    let Course { signal, mut failures, .. } = course;
    if thrown.is_some() || signal & TROUBLE != 0 {
        body.skip_dependents();
    }
    if let Some(payload) = thrown {
        drop(failures); // before anything unwinds
        return Err(panicked(body, payload, options));
    }
    let Body { store, names, .. } = body;
    let mut failures = mem::take(&mut failures.0);
    if !failures.is_empty() {
        failures.sort_by_key(|(node, _)| *node);
        let named = |(node, error)| Failure::new(names.named(node), error);
        return Err(RunError::Failed(failures.into_iter().map(named).collect()));
    }
    if signal & (CANCELLED | EXPIRED) == 0 {
        return Ok(());
    }
    match names.all_named(store.statuses.nodes(State::NotRun)) {
        // Called off when its last nodes were under way.
        not_run if not_run.is_empty() => Ok(()),
        not_run if signal & CANCELLED != 0 => Err(RunError::Cancelled { not_run }),
        not_run => Err(RunError::DeadlineExceeded { not_run }),
    }
}

/// Whether the executor has all the workers that nodes are bound to.
fn check_workers(body: &Body, executor: &Handle) -> Result<(), RunError> {
    let workers = executor.workers;
    match body.schedule.as_ref().and_then(|schedule| schedule.worker_beyond(workers)) {
        Some((node, worker)) => Err(RunError::NoSuchWorker { node: body.names.named(node), worker, workers }),
        None => Ok(()),
    }
}

/// The error that stands for a panic, if it is to be one; otherwise the panic goes on.
fn panicked(body: &Body, payload: Box<dyn Any + Send>, options: &RunOptions) -> RunError {
    if !options.catch_panics {
        resume_unwind(payload);
    }
    let nodes = body.names.all_named(body.store.statuses.nodes(State::Panicked));
    RunError::Panicked(Panicked::new(nodes, payload))
}

impl Course {
    /// Whether not all nodes have been started, or polled to their end.
    pub(super) fn is_stopped(&self) -> bool {
        self.signal & STOP != 0
    }
}

/// What of a graph a run goes through.
#[derive(Clone, Copy)]
pub(super) struct Parts<'r> {
    pub(super) store: &'r Store,
    pub(super) topology: &'r Topology,
    pub(super) measured: &'r Measured,
    pub(super) wakes: Option<&'r Wakes>,
}

impl Body {
    /// What a run goes through; the queue, if order matters; what a run on one thread keeps of its own.
    pub(super) fn parts(&mut self) -> (Parts<'_>, Option<&mut ReadyQueue>, &mut Drive) {
        let Self { store, topology, schedule, measured, wakes, drive, .. } = self;
        let queue = schedule.as_mut().map(|schedule| &mut schedule.queue);
        (Parts { store, topology, measured, wakes: wakes.as_deref() }, queue, drive)
    }

    /// Whether an executor would leave all nodes to the run's caller.
    fn is_serial_on(&self, executor: &Handle) -> bool {
        let demanded = self.schedule.as_ref().and_then(|schedule| schedule.queue.last_worker());
        executor.threads() == 1 && demanded.is_none()
    }

    /// After a panic, or when it is stopped, a run starts no node at all. Those behind the culprit are marked here.
    fn skip_dependents(&self) {
        for node in self.topology.forward() {
            if matches!(self.store.statuses.get(node), Status::NOT_RUN | Status::NOT_STARTED) {
                if let Some(why) = why_not_fed(&self.store, &self.topology, node) {
                    self.store.statuses.set(node, why);
                }
            }
        }
    }
}
