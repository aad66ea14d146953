//! One run of a typed graph: which nodes are started. What is taken down of each: `record.rs`; what comes before and after the
//! nodes: `course.rs`.
//!
//! As long as all goes well, starting a node costs a look at one word, `signal`. Why that is enough: in a run of the
//! whole graph every node but the inputs, which are set, begins without a result. A node that gives none, or that isn't
//! started, raises a signal before it is complete; so a dependent that finds no signal has all that it is fed.
//!
//! In a row (see `rows.rs`) nodes need not even look. Those before are this thread's, and it comes to the next one only if
//! each gave a value. Another thread can raise a signal only after it has broken into the walk, and then the next claim fails.

use super::arena::{Base, Place};
use super::cancel::CancelToken;
use super::course::Parts;
use super::errors::Errors;
use super::measured::Measured;
use super::options::RunOptions;
use super::rows::Row;
use super::standing::{CANCELLED, CHECK, Course, EXPIRED, PARTIAL, STOP, TROUBLE};
use super::status::{Outcome, States, Status};
use super::store::Store;
use super::task::{Entry, Ran};
use super::topology::Topology;
use crate::executor::Handle;
use crate::sync::{AtomicUsize, Mutex, Ordering, PoisonError};
use crate::wake::Wakes;
use std::fmt;
use std::ptr::NonNull;
use std::time::Instant;

/// See the [module](self).
pub struct Run<'r> {
    pub(super) store: &'r Store,
    /// What nodes ask the store for, at hand.
    slots: &'r [Place<u8>],
    values: Base,
    pub(super) states: States<'r>,
    pub(super) leaves_unmarked: bool,
    pub(super) topology: &'r Topology,
    pub(super) options: &'r RunOptions,
    /// `None`: on this thread.
    pub(super) executor: Option<&'r Handle>,
    pub(super) signal: AtomicUsize,
    pub(super) measured: &'r Measured,
    pub(super) failures: Mutex<Errors>,
    wakes: Option<&'r Wakes>,
    /// Several threads may have to do with one future.
    team: bool,
    /// When the run began, if durations are measured.
    pub(super) began: Option<Instant>,
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
        let leaves_unmarked = signal == 0 && !topology.moves;
        let (signal, failures) = (AtomicUsize::new(signal), Mutex::new(failures));
        let (slots, values) = store.slots();
        let states = store.statuses.states();
        let team = false;
        Self {
            store,
            slots,
            values,
            states,
            leaves_unmarked,
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
            if let Some(settled) = self.settled(node, signal) {
                return settled;
            }
            if let Some(began) = self.began {
                self.measured.begin(node, began.elapsed());
                // SAFETY: by contract; `settled` has looked.
                return unsafe { self.start_measured(node, began) };
            }
        }
        // SAFETY: by contract; there is no signal, or `settled` has looked.
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
            return Outcome::Nothing(self.store.statuses.without_value(node, Status::INTERRUPTED));
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
        if matches!(outcome, Outcome::Value | Outcome::Nothing(_)) {
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
        unsafe { self.store.call(node, self.store.entry(node), self, &Row::alone()) }.outcome
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

    /// What has come of `node` without starting it, now that there is some signal. `None` if it is to be started.
    #[cold]
    #[inline(never)]
    fn settled(&self, node: u32, signal: usize) -> Option<Outcome> {
        let statuses = &self.store.statuses;
        if statuses.get(node) != Status::NOT_RUN {
            return Some(statuses.settled(node)); // an input, or not to run at all
        }
        let mut why = None;
        if signal & (TROUBLE | STOP | PARTIAL) != 0 {
            why = self.topology.why_not_fed(statuses, node);
        }
        if why.is_none() && !self.may_go_on(signal) {
            why = Some(Status::NOT_STARTED);
        }
        why.map(|why| Outcome::Nothing(statuses.without_value(node, why)))
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

    /// Whether the run is stopped, also by a cancel, a deadline, or the end of the executor, that nobody has seen yet.
    pub(super) fn is_called_off(&self, shut_down: bool) -> bool {
        if shut_down {
            self.cancel();
        }
        !self.may_go_on(self.signal.load(Ordering::Relaxed))
    }

    /// No further node is started: somebody, or the end of the executor, has called the run off.
    pub(super) fn cancel(&self) {
        self.raise(STOP | CANCELLED);
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
}
