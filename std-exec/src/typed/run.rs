//! One run of a typed graph: which nodes are started, and what is taken down when one gives no result.
//!
//! As long as all goes well, starting a node costs a look at one word, `signal`. Why that is enough: in a run of the
//! whole graph every node but the inputs, which are set, begins without a result. A node that gives none, or that isn't
//! started, raises a signal before it is complete; so a dependent that finds no signal has all that it is fed.
//!
//! In a row (see `rows.rs`) nodes need not even look. Those before are this thread's, and it comes to the next one only if
//! each gave a value. Another thread can raise a signal only after it has broken into the walk, and then the next claim fails.

use super::arena::{Base, Place};
use super::cancel::CancelToken;
use super::course::{Course, Failures, Parts, execute};
use super::graph::Graph;
use super::options::{FailurePolicy, RunOptions};
use super::results::Results;
use super::rows::Row;
use super::schedule::Measured;
use super::status::{Mark, Outcome, State, States, Status};
use super::store::Store;
use super::task::{Entry, Ran};
use super::topology::Topology;
use crate::executor::Handle;
use crate::run_error::RunError;
use crate::sync::{AtomicUsize, Mutex, Ordering, PoisonError, lock};
use crate::wake::{WakerRef, Wakes};
use std::error::Error;
use std::fmt;
use std::mem;
use std::ptr::NonNull;
use std::time::Instant;

/// Some node has no result: dependents have to look.
pub(super) const TROUBLE: usize = 1;
/// No further node is started.
pub(super) const STOP: usize = 2;
/// There is a token or a deadline: every node looks.
pub(super) const CHECK: usize = 4;
/// Not all nodes are to run: those that are have the status `NOT_RUN`.
pub(super) const PARTIAL: usize = 8;
/// Why the run was stopped, if not by a failure.
pub(super) const CANCELLED: usize = 16;
pub(super) const EXPIRED: usize = 32;
/// Durations are measured.
pub(super) const MEASURE: usize = 64;

/// See the [module](self).
pub struct Run<'r> {
    pub(super) store: &'r Store,
    /// What nodes ask the store for, at hand.
    slots: &'r [Place<u8>],
    values: Base,
    states: States<'r>,
    pub(super) topology: &'r Topology,
    options: &'r RunOptions,
    /// `None`: on this thread.
    pub(super) executor: Option<&'r Handle>,
    signal: AtomicUsize,
    measured: &'r Measured,
    failures: Mutex<Failures>,
    wakes: Option<&'r Wakes>,
    /// Several threads may have to do with one future.
    team: bool,
    /// When the run began, if durations are measured.
    began: Option<Instant>,
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("signal", &self.signal).finish_non_exhaustive()
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
        let (slots, values) = store.slots();
        let states = store.statuses.states();
        let team = false;
        Self {
            store,
            slots,
            values,
            states,
            topology,
            options,
            executor,
            signal,
            measured,
            failures,
            wakes,
            team,
            began,
        }
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
    /// Runs `node`, or takes down why not.
    ///
    /// # Safety
    ///
    /// The run has the graph to itself, and statuses are as `Body::prepare` leaves them. Once for each node, after its predecessors; on the run's caller if the node is bound to it.
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
        if !matches!(outcome, Outcome::Pending(_)) {
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
        // SAFETY: once for each node, after its predecessors, or again. All that feeds it has a value, by contract. The
        // builder has checked that what is moved feeds no other node.
        unsafe { self.store.call(node, self.store.entry(node), self, &Row::ALONE) }.outcome
    }

    /// Runs `node`, whose entry is this, and those that follow in `row`, until something is in the way.
    ///
    /// # Safety
    ///
    /// As for [`node`](Self::node), also for those that follow in the row. No signal was raised.
    #[inline]
    pub(super) unsafe fn start_row(&self, node: u32, entry: &Entry, row: &Row<'_>) -> Ran {
        // SAFETY: as in `start`. It goes on only after nodes that gave a value.
        unsafe { self.store.call(node, entry, self, row) }
    }

    /// Runs `node` by way of `call`, and takes down what has come of it, also if it panics.
    #[inline(always)]
    pub(super) fn attempt(&self, node: u32, mark: Mark<'_>, call: impl FnOnce() -> Outcome) -> Outcome {
        let panicking = Panicking { run: self, node };
        let outcome = call();
        mem::forget(panicking);
        match outcome {
            Outcome::Value => mark.value(),
            Outcome::Nothing => {}
            Outcome::Pending(_) => mark.pending(),
        }
        outcome
    }

    /// As [`attempt`](Self::attempt), for a node by itself.
    pub(super) fn attempt_alone(&self, node: u32, call: impl FnOnce() -> Outcome) -> Ran {
        let mark = self.marks(node, 0).next().expect("there is this node");
        Ran { outcome: self.attempt(node, mark, call), last: node, seized: false }
    }

    /// Where it is marked what `node` and so many more come to.
    #[inline(always)]
    pub(super) fn marks(&self, node: u32, more: u32) -> impl Iterator<Item = Mark<'_>> {
        self.states.marks(node, more)
    }

    /// The slot for what `node` gives, which is a `T`.
    #[inline(always)]
    pub(super) fn slot<T>(&self, node: u32) -> NonNull<T> {
        if size_of::<T>() == 0 {
            return NonNull::dangling(); // nothing is kept there, so there is no need to look where that is
        }
        // SAFETY: the places of slots are the graph's.
        unsafe { self.values.at(self.slots[node as usize].typed()) }
    }

    /// Where slots lie.
    #[inline]
    pub(super) fn values(&self) -> Base {
        self.values
    }

    /// Places of slots that are fed as lists. They stay where they are as long as the graph.
    #[inline]
    pub(super) fn lists(&self) -> NonNull<[u32]> {
        NonNull::from(self.store.lists())
    }

    /// Whether a node that is to be started has to look for anything.
    #[inline(always)]
    pub(super) fn any_signal(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// Whether no further node is to be started or polled.
    #[inline]
    pub(super) fn is_stopped(&self) -> bool {
        self.signal.load(Ordering::Relaxed) & STOP != 0
    }

    pub(super) fn wakes(&self) -> &'r Wakes {
        self.wakes.expect("a graph with futures has wakers")
    }

    /// The waker of the future with this number.
    #[inline]
    pub(super) fn waker(&self, future: u32) -> WakerRef<'_> {
        self.wakes().waker(future)
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

    /// `node` panics.
    #[cold]
    #[inline(never)]
    fn panicked(&self, node: u32) {
        self.store.statuses.set(node, Status::PANICKED);
        if self.began.is_some() {
            self.measured.forget(node);
        }
        self.raise(TROUBLE | STOP);
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
pub(super) fn is_fed(store: &Store, topology: &Topology, node: u32) -> bool {
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

/// Takes down that a node panics. Costs nothing if it doesn't.
struct Panicking<'r> {
    run: &'r Run<'r>,
    node: u32,
}

impl Drop for Panicking<'_> {
    /// Passes on what is in registers: a guard that is lent to a function has to lie in memory, two stores a node.
    #[inline(always)]
    fn drop(&mut self) {
        self.run.panicked(self.node);
    }
}
