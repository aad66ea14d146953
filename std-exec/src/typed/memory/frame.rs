//! What a run is to the calls of its nodes: where slots lie, what is recorded of each node, and who wakes
//! futures. What stops a run: `stopping.rs`. It knows of no closures and no order; these are of the
//! [run](crate::typed::run::execution), which has a frame.

use super::errors::{Errors, Payload};
use super::lasting::Lasting;
use super::records::{Described, Records};
use super::row::Ran;
use super::slots::Slots;
use super::standing::{CANCELLED, EXPIRED, FAILED, GUARDED, PANICKED, STOP, Standing, TROUBLE};
use super::status::{NoValue, Outcome, States, Status, Statuses};
use super::watch::Watch;
use crate::executor::Handle;
use crate::sync::thrown::discard;
use crate::sync::{AtomicUsize, Mutex, Ordering, PoisonError, lock};
use crate::typed::error::end_branch::EndBranch;
use crate::typed::error::failure::Failures;
use crate::typed::error::no_result::NoResult;
use crate::typed::error::panicked::Panicked;
use crate::typed::error::run_error::RunError;
use crate::typed::error::stop_reason::StopReason;
use crate::typed::error::stopped::Stopped;
use crate::typed::handle::names::{Label, NamedNode, Names};
use crate::typed::options::around::Outer;
use crate::typed::options::run_options::{FailurePolicy, RunOptions};
use crate::wake::Wakes;
use std::error::Error;
use std::fmt;
use std::mem;

/// What a run is to the calls of its nodes: slots, statuses, signals and wakers.
pub struct Frame<'r> {
    pub(crate) slots: Slots<'r>,
    pub(crate) records: &'r Records,
    /// What is asked for most of these, at hand.
    states: States<'r>,
    described: &'r Described,
    pub(crate) options: &'r RunOptions,
    /// `None`: on this thread.
    pub(crate) executor: Option<&'r Handle>,
    pub(super) signal: AtomicUsize,
    failures: Mutex<Errors>,
    /// Several threads may have to do with one future.
    pub(super) team: bool,
    /// Who wants to know, if anybody: then a signal says so.
    pub(crate) watch: Option<Watch<'r>>,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("signal", &self.signal).finish_non_exhaustive()
    }
}

impl<'r> Frame<'r> {
    pub(crate) fn new(
        slots: Slots<'r>,
        records: &'r Records,
        described: &'r Described,
        watch: Option<Watch<'r>>,
        executor: Option<&'r Handle>,
        options: &'r RunOptions,
        standing: Standing,
    ) -> Self {
        let Standing { signal, failures, .. } = standing;
        let states = records.statuses.states();
        let (signal, failures) = (AtomicUsize::new(signal), Mutex::new(failures));
        Self { slots, records, states, described, options, executor, signal, failures, team: false, watch }
    }

    /// Says that the run is on the threads of an executor.
    pub(crate) fn is_of_a_team(&mut self) {
        self.team = true;
    }

    pub(crate) fn into_standing(self) -> Standing {
        let signal = self.signal.load(Ordering::Relaxed);
        let failures = self.failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        Standing { signal, failures, watching: self.watch.map(|watch| watch.watching) }
    }

    #[inline]
    pub(crate) fn statuses(&self) -> &'r Statuses {
        &self.records.statuses
    }

    pub(super) fn lasting(&self) -> &'r Lasting {
        &self.described.lasting
    }

    fn names(&self) -> &'r Names {
        &self.described.names
    }

    /// What was signalled.
    #[inline(always)]
    pub(crate) fn signal(&self) -> usize {
        // Relaxed: what a predecessor has raised is visible, like everything that it did.
        self.signal.load(Ordering::Relaxed)
    }

    pub(crate) fn wakes(&self) -> &'r Wakes {
        self.records.wakes.as_deref().expect("a graph with futures has wakers")
    }
}

impl Frame<'_> {
    /// Runs `node` by way of `call`, and records what has come of it, also if it panics.
    #[inline(always)]
    pub(crate) fn attempt(&self, node: u32, call: impl FnOnce() -> Outcome) -> Outcome {
        let panicking = self.watch_out(node);
        let outcome = call();
        mem::forget(panicking);
        match outcome {
            Outcome::Value => self.has_value(node),
            Outcome::Nothing(why) => debug_assert_eq!(why.node(), node, "the status of another node"),
            Outcome::Pending(_) | Outcome::Again(_) => self.statuses().set(node, Status::PENDING),
        }
        outcome
    }

    /// Records a panic of `node`, as long as it isn't forgotten.
    #[inline(always)]
    pub(crate) fn watch_out(&self, node: u32) -> Panicking<'_> {
        Panicking { frame: self, node }
    }

    /// `node` has given a value.
    #[inline(always)]
    pub(crate) fn has_value(&self, node: u32) {
        self.states.set_value(node);
    }

    /// Calls what may panic for `node` before that begins, and then records it.
    pub(crate) fn prepare<R>(&self, node: u32, call: impl FnOnce() -> R) -> R {
        let panicking = self.watch_out(node);
        let prepared = call();
        mem::forget(panicking);
        prepared
    }

    /// [Runs](Self::attempt) a node by itself.
    pub(crate) fn attempt_alone(&self, node: u32, call: impl FnOnce() -> Outcome) -> Ran {
        Ran::alone(node, self.attempt(node, call))
    }

    /// The result of `node` now belongs to `taker`.
    #[inline]
    pub(crate) fn moved(&self, node: u32, taker: u32) {
        self.statuses().set(node, Status::moved(taker));
    }

    /// `node` has given an error.
    #[cold]
    pub(crate) fn failed(&self, node: u32, error: Box<dyn Error + Send + Sync>) -> NoValue {
        if error.is::<EndBranch>() {
            let ended = self.statuses().without_value(node, Status::ENDED_BRANCH);
            self.raise(TROUBLE);
            return ended;
        }
        if self.is_interruption(node, &*error) {
            return self.statuses().without_value(node, Status::INTERRUPTED);
        }
        self.failed_inside(node, None, error)
    }

    /// Whether `node`, which gives `error`, says by it that it was cut off, since the run was called off.
    fn is_interruption(&self, node: u32, error: &(dyn Error + Send + Sync + 'static)) -> bool {
        let called_off = match error.downcast_ref() {
            Some(RunError::Cancelled { .. } | RunError::DeadlineExceeded { .. }) => true,
            _ => error.is::<Stopped>(),
        };
        called_off && self.is_told_to_stop(node)
    }

    /// `node`, or a node of the graph that it is, has given an error.
    #[cold]
    fn failed_inside(
        &self,
        node: u32,
        inside: Option<NamedNode>,
        error: Box<dyn Error + Send + Sync>,
    ) -> NoValue {
        let failed = self.statuses().without_value(node, Status::FAILED);
        self.note_failure(node, inside, error);
        failed
    }

    /// Notes an error of `node`, or of a node of the graph that it is, and stops the run if that is due.
    fn note_failure(&self, node: u32, inside: Option<NamedNode>, error: Box<dyn Error + Send + Sync>) {
        let for_all = self.lasting().is_empty() && !self.options.draining.on(StopReason::Failure);
        let stop = match self.options.policy {
            FailurePolicy::FailFast if for_all => STOP | FAILED,
            FailurePolicy::FailFast => FAILED,
            FailurePolicy::KeepGoing => 0,
        };
        self.raise(TROUBLE | stop);
        lock(&self.failures).push(node, inside, error);
    }

    /// The choices for the graph that is `node`.
    pub(crate) fn inherited(&self, node: u32) -> RunOptions {
        let around = self.records.around.as_ref().expect("its builder has said so");
        let outer = Outer::new(around, if self.lasting().has(node) { FAILED } else { 0 });
        self.options.inherited(node, outer, self.watch.as_ref().and_then(|watch| watch.parent_of(node)))
    }

    /// `node` panics.
    #[cold]
    #[inline(never)]
    fn panicked(&self, node: u32) {
        self.statuses().set(node, Status::PANICKED);
        if self.signal() & GUARDED == 0 {
            self.raise(TROUBLE | STOP | PANICKED);
        }
    }

    /// `node` has panicked with `payload`, in a run that catches that where it happens.
    #[cold]
    pub(crate) fn caught(&self, node: u32, payload: Payload) -> NoValue {
        if self.options.panics_fail {
            return self.failed_inside(node, None, self.panic_as_error(node, payload));
        }
        let panicked = self.statuses().without_value(node, Status::PANICKED);
        self.keep_thrown(payload);
        panicked
    }

    fn panic_as_error(&self, node: u32, payload: Payload) -> Box<dyn Error + Send + Sync> {
        let mut itself = Failures::default();
        itself.add_panicked(self.names().named(node));
        Box::new(Panicked::new(itself, payload))
    }

    /// This is to go on when the run is over.
    fn keep_thrown(&self, payload: Payload) {
        let another = lock(&self.failures).throw(payload);
        another.into_iter().for_each(discard);
        self.raise(TROUBLE | PANICKED | self.stop_for(StopReason::Panic));
    }

    /// What `node` gave has panicked with `payload` as it was dropped. The node is complete, and stays so:
    /// the panic is the run's, which names it. Gives what is to go on at once.
    #[cold]
    pub(crate) fn dropped_badly(&self, node: u32, payload: Payload) -> Option<Payload> {
        if self.options.panics_fail {
            self.note_failure(node, None, self.panic_as_error(node, payload));
            return None;
        }
        lock(&self.failures).push_dropped_badly(node);
        if self.signal() & GUARDED == 0 {
            self.raise(TROUBLE | STOP | PANICKED);
            return Some(payload);
        }
        self.keep_thrown(payload);
        None
    }

    /// The graph that is `node` ended with `error`.
    #[cold]
    pub(crate) fn nested_failed(&self, node: u32, error: RunError) -> NoValue {
        let stop = error.stop();
        // Then this run knows why that one was called off. Otherwise it learns it now.
        let told = self.is_told_to_stop(node);
        // Before the signal, and before the node is complete: whoever breaks in may look at it at any moment
        // after that.
        let status = match error {
            RunError::Failed(failures) => {
                for failure in failures {
                    let (inside, error) = failure.into_parts();
                    let _ = self.failed_inside(node, Some(inside), error);
                }
                Status::FAILED
            }
            RunError::Cancelled { .. } | RunError::DeadlineExceeded { .. } => Status::INTERRUPTED,
            error => {
                let _ = self.failed(node, error.into());
                Status::FAILED
            }
        };
        let ended = self.statuses().without_value(node, status);
        if stop.cancelled && !told {
            self.raise(STOP | CANCELLED);
        }
        if stop.late && !told {
            self.raise(STOP | EXPIRED);
        }
        ended
    }
}

impl Frame<'_> {
    /// How messages name `node`.
    pub(crate) fn label(&self, node: u32) -> Label<'_> {
        self.names().label(node)
    }

    /// Why `node`, which is complete, has no result. `None` if it has one.
    pub(crate) fn absent(&self, node: u32) -> Option<NoResult> {
        let status = self.statuses().get(node);
        if status == Status::VALUE { None } else { status.state().absent(self.names()) }
    }

    /// The number of the future of `node`, in a run that a failure has stopped for some nodes. `None` if it stops
    /// all of them, as no node [lasts](super::lasting).
    pub(crate) fn future_of(&self, node: u32) -> Option<u32> {
        self.lasting().future_of(node)
    }
}

/// Takes down that a node panics. Costs nothing if it doesn't.
pub(crate) struct Panicking<'r> {
    frame: &'r Frame<'r>,
    node: u32,
}

impl Drop for Panicking<'_> {
    /// Passes on what is in registers: a guard that is lent to a function has to lie in memory, two stores
    /// per node.
    #[inline(always)]
    fn drop(&mut self) {
        self.frame.panicked(self.node);
    }
}
