//! One run of a typed graph: which nodes are started, and what is taken down when one gives no result.
//!
//! As long as all goes well, starting a node costs a look at one word, `signal`. Why that is enough: in a run of the
//! whole graph every node but the inputs, which are set, begins without a result. A node that gives none, or that isn't
//! started, raises a signal before it is complete; so a dependent that finds no signal has all that it is fed.

use super::cancel::CancelToken;
use super::drive::{self, Drive};
use super::failure::{Failure, Panicked};
use super::graph::{Body, Graph};
use super::options::{FailurePolicy, RunOptions};
use super::parallel;
use super::results::Results;
use super::schedule::Measured;
use super::status::{Outcome, State, Status};
use super::store::Store;
use super::topology::Topology;
use crate::executor::Handle;
use crate::ready_queue::ReadyQueue;
use crate::run_error::RunError;
use crate::sync::{AtomicUsize, Mutex, Ordering, PoisonError, lock};
use crate::wake::Wakes;
use dgraph_core::NodeId;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// Some node has no result: dependents have to look.
const TROUBLE: usize = 1;
/// No further node is started.
pub(super) const STOP: usize = 2;
/// There is a token or a deadline: every node looks.
const CHECK: usize = 4;
/// Not all nodes are to run: those that are have the status `NOT_RUN`.
const PARTIAL: usize = 8;
/// Why the run was stopped, if not by a failure.
pub(super) const CANCELLED: usize = 16;
const EXPIRED: usize = 32;
/// Durations are measured.
const MEASURE: usize = 64;

/// See the [module](self).
pub struct Run<'r> {
    pub(super) store: &'r Store,
    topology: &'r Topology,
    options: &'r RunOptions,
    /// `None`: on this thread.
    executor: Option<&'r Handle>,
    signal: AtomicUsize,
    measured: &'r Measured,
    failures: Mutex<Failures>,
    wakes: Option<&'r Wakes>,
    /// Several threads may have to do with one future.
    team: bool,
    /// When the run began, if durations are measured.
    began: Option<Instant>,
}

type Failures = Vec<(u32, Box<dyn Error + Send + Sync>)>;
pub(super) type Payload = Box<dyn Any + Send>;

/// How far a run has come, while it isn't going on.
#[derive(Default)]
pub(super) struct Course {
    signal: usize,
    failures: Failures,
    began: Option<Instant>,
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
            _ => drive::block_on(body, options),
        };
    }
    let course = begin(body, executor, options)?;
    let (parts, queue, _) = body.parts();
    let run = Run::new(parts, executor, options, course);
    // SAFETY: `body` is borrowed for this run alone, as `&mut`, so nobody has results of it; `begin` has set the
    // statuses.
    let ended = catch_unwind(AssertUnwindSafe(|| unsafe { run.all(queue) }));
    let course = run.into_course();
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
    Ok(Course { signal: check | partial | measure, failures: Vec::new(), began })
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
        return Err(panicked(body, payload, options));
    }
    let Body { store, names, .. } = body;
    let not_run = || names.all_named(store.statuses.nodes(Status::NOT_RUN));
    if !failures.is_empty() {
        failures.sort_by_key(|(node, _)| *node);
        let named = |(node, error)| Failure::new(names.named(node), error);
        Err(RunError::Failed(failures.into_iter().map(named).collect()))
    } else if signal & CANCELLED != 0 {
        Err(RunError::Cancelled { not_run: not_run() })
    } else if signal & EXPIRED != 0 {
        Err(RunError::DeadlineExceeded { not_run: not_run() })
    } else {
        Ok(())
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
    let nodes = body.names.all_named(body.store.statuses.nodes(Status::PANICKED));
    RunError::Panicked(Panicked::new(nodes, payload))
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("signal", &self.signal).finish_non_exhaustive()
    }
}

impl Course {
    /// Whether not all nodes have been started, or polled to their end.
    pub(super) fn is_stopped(&self) -> bool {
        self.signal & STOP != 0
    }
}

impl<'r> Run<'r> {
    pub(super) fn new(
        parts: Parts<'r>,
        executor: Option<&'r Handle>,
        options: &'r RunOptions,
        course: Course,
    ) -> Self {
        let Parts { store, topology, measured, wakes } = parts;
        let Course { signal, failures, began } = course;
        let (signal, failures) = (AtomicUsize::new(signal), Mutex::new(failures));
        Self { store, topology, options, executor, signal, measured, failures, wakes, team: false, began }
    }

    /// The same on the threads of an executor.
    pub(super) fn by_a_team(self) -> Self {
        Self { team: true, ..self }
    }

    pub(super) fn into_course(self) -> Course {
        let signal = self.signal.load(Ordering::Relaxed);
        let failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        Course { signal, failures, began: self.began }
    }
}

impl<'r> Run<'r> {
    /// Runs all nodes that are to run.
    ///
    /// # Safety
    ///
    /// The run has the graph to itself, and statuses are as `Body::prepare` leaves them. To be called once.
    unsafe fn all(&self, queue: Option<&mut ReadyQueue>) {
        let body = |node: NodeId| {
            // SAFETY: whoever calls this does so once for each node, after the node's predecessors, whose effects it makes
            // visible; for nodes that are bound to the caller, on this thread. An executor's plain runs don't know of such
            // nodes, but a graph that has some has a queue too.
            let _ = unsafe { self.node(node.get()) };
        };
        match (self.executor, queue) {
            (None, _) => self.serially(body),
            (Some(executor), None) => executor.run(&self.topology.dag, body),
            (Some(executor), Some(queue)) => {
                executor.run_ordered(&self.topology.dag, queue, body, |body| self.serially(body));
            }
        }
    }

    /// Calls `body` for each node, in an order that is topological.
    fn serially(&self, body: impl Fn(NodeId)) {
        match self.topology.order() {
            None => (0..self.topology.nodes()).map(NodeId::new).for_each(body),
            Some(order) => order.iter().copied().map(NodeId::new).for_each(body),
        }
    }

    /// Runs `node`, or takes down why not.
    ///
    /// # Safety
    ///
    /// As for [`all`](Self::all); once for each node, after its predecessors; on the run's caller if the node is bound to it.
    #[inline]
    pub(super) unsafe fn node(&self, node: u32) -> Outcome {
        // Relaxed: what a predecessor has raised is visible, like everything that it did.
        let signal = self.signal.load(Ordering::Relaxed);
        if signal != 0 {
            if !self.may_start(node, signal) {
                return Outcome::Nothing;
            }
            if let Some(began) = self.began {
                self.measured.begin(node, began.elapsed());
                // SAFETY: by contract; `may_start` has looked.
                return unsafe { self.start_measured(node, began) };
            }
        }
        // SAFETY: by contract; there is no signal, or `may_start` has looked.
        unsafe { self.start(node) }
    }

    /// Polls `node` again, unless the run is stopped; then there is nothing more to do with it.
    ///
    /// # Safety
    ///
    /// As for [`node`](Self::node), which, or this, has come to `Pending`.
    #[inline]
    pub(super) unsafe fn again(&self, node: u32) -> Outcome {
        let signal = self.signal.load(Ordering::Relaxed);
        if signal & (CHECK | STOP) != 0 && !self.may_go_on(signal) {
            return Outcome::Nothing;
        }
        match self.began {
            // SAFETY: by contract.
            Some(began) => unsafe { self.start_measured(node, began) },
            // SAFETY: by contract.
            None => unsafe { self.start(node) },
        }
    }

    /// As [`start`](Self::start), and says how long the node has taken, if this is its end.
    ///
    /// # Safety
    ///
    /// As for `start`.
    #[cold]
    unsafe fn start_measured(&self, node: u32, began: Instant) -> Outcome {
        // SAFETY: by contract.
        let outcome = unsafe { self.start(node) };
        if matches!(outcome, Outcome::Value | Outcome::Nothing) {
            self.measured.end(node, began.elapsed());
        }
        outcome
    }

    /// Runs `node`, or polls it.
    ///
    /// # Safety
    ///
    /// As for [`node`](Self::node), or [`again`](Self::again). All that feeds it has a value.
    #[inline]
    unsafe fn start(&self, node: u32) -> Outcome {
        let panicking = Panicking { run: self, node };
        // SAFETY: once for each node, after its predecessors, or again. All that feeds it has a value, by contract. The
        // builder has checked that what is moved feeds no other node.
        let outcome = unsafe { self.store.call(node, self) };
        mem::forget(panicking);
        match outcome {
            Outcome::Value => self.store.statuses.set(node, Status::VALUE),
            Outcome::Nothing => {}
            Outcome::Pending(_) | Outcome::Again => self.store.statuses.set(node, Status::PENDING),
        }
        outcome
    }

    /// Whether no further node is to be started or polled.
    #[inline]
    pub(super) fn is_stopped(&self) -> bool {
        self.signal.load(Ordering::Relaxed) & STOP != 0
    }

    pub(super) fn wakes(&self) -> &'r Wakes {
        self.wakes.expect("a graph with futures has wakers")
    }

    /// Whether `node` is to be started, now that there is some signal.
    #[cold]
    #[inline(never)]
    fn may_start(&self, node: u32, signal: usize) -> bool {
        if self.store.statuses.get(node) != Status::NOT_RUN {
            return false; // an input, or not to run at all
        }
        if signal & (TROUBLE | STOP | PARTIAL) != 0 && !is_fed(self.store, self.topology, node) {
            return false;
        }
        self.may_go_on(signal)
    }

    /// Whether nothing has stopped the run, as far as `signal` says, and nothing stops it now.
    fn may_go_on(&self, signal: usize) -> bool {
        if signal & CHECK != 0 && signal & STOP == 0 {
            if self.options.token.as_ref().is_some_and(CancelToken::is_cancelled) {
                self.raise(STOP | CANCELLED);
                return false;
            }
            if self.options.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                self.raise(STOP | EXPIRED);
                return false;
            }
        }
        signal & STOP == 0
    }

    pub(super) fn raise(&self, signal: usize) {
        // Relaxed: dependents see it like everything that was done before them, for others it is only a hint.
        let before = self.signal.fetch_or(signal, Ordering::Relaxed);
        if signal & !before & STOP != 0 {
            if let (Some(wakes), true) = (self.wakes, self.team) {
                // Nothing else would make those who wait come to an end.
                wakes.wake_all();
            }
        }
    }

    /// The result of `node` now belongs to `taker`.
    #[inline]
    pub(super) fn moved(&self, node: u32, taker: u32) {
        self.store.statuses.set(node, Status::moved(taker));
    }

    /// `node` has given an error.
    #[cold]
    pub(super) fn failed(&self, node: u32, error: Box<dyn Error + Send + Sync>) {
        self.store.statuses.set(node, Status::FAILED);
        let stop = if self.options.policy == FailurePolicy::FailFast { STOP } else { 0 };
        self.raise(TROUBLE | stop);
        lock(&self.failures).push((node, error));
    }

    /// The choices for a graph that is a node of this one.
    pub(super) fn inherited(&self) -> RunOptions {
        self.options.inherited()
    }

    /// Runs `graph`, which is a node of this one, in the same way.
    pub(super) fn nested<'g>(&self, graph: &'g mut Graph<'_>) -> Result<Results<'g>, RunError> {
        execute(graph.body_mut(), self.executor, &self.inherited())?;
        Ok(graph.results())
    }

    /// The graph that is `node` ended with `error`.
    #[cold]
    pub(super) fn nested_failed(&self, node: u32, error: RunError) {
        match error {
            RunError::Cancelled { .. } => self.raise(STOP | CANCELLED),
            RunError::DeadlineExceeded { .. } => self.raise(STOP | EXPIRED),
            error => self.failed(node, error.into()),
        }
    }
}

/// Whether all that `node` waits for has been done. If not, and a failure is to blame, that is taken down.
fn is_fed(store: &Store, topology: &Topology, node: u32) -> bool {
    let mut fed = true;
    for predecessor in topology.predecessors(node) {
        match store.statuses.get(predecessor.node()).state() {
            State::Value => {}
            State::Failed | State::Panicked => {
                store.statuses.set(node, Status::skipped(predecessor.node()));
                return false;
            }
            State::Skipped { culprit } => {
                store.statuses.set(node, Status::skipped(culprit));
                return false;
            }
            State::NotRun => fed = false,
            State::Taken | State::NotNeeded | State::Unset | State::Moved { .. } => {
                fed &= !predecessor.feeds();
            }
        }
    }
    fed
}

/// What of a graph a run goes through.
#[derive(Clone, Copy)]
pub(super) struct Parts<'r> {
    pub(super) store: &'r Store,
    pub(super) topology: &'r Topology,
    measured: &'r Measured,
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
            if self.store.statuses.get(node) == Status::NOT_RUN {
                is_fed(&self.store, &self.topology, node);
            }
        }
    }
}

/// Takes down that a node panics. Costs nothing if it doesn't.
struct Panicking<'r> {
    run: &'r Run<'r>,
    node: u32,
}

impl Drop for Panicking<'_> {
    #[cold]
    fn drop(&mut self) {
        self.run.store.statuses.set(self.node, Status::PANICKED);
        if self.run.began.is_some() {
            self.run.measured.forget(self.node);
        }
        self.run.raise(TROUBLE | STOP);
    }
}
