//! One run of a typed graph: which nodes are started. What is recorded of each: `memory/frame.rs`; what comes
//! before and after the nodes: `begin_and_end.rs`.
//!
//! As long as all goes well, starting a node costs a look at one word, `signal`. Why that is enough: in a run
//! of the whole graph every node but the inputs, which are set, begins without a result. A node that gives
//! none, or that isn't started, raises a signal before it is complete; so a dependent that finds no signal
//! has all that it is fed.
//!
//! In a row (see `rows.rs`) nodes need not even look. Those before are this thread's, and it comes to the
//! next one only if each gave a value; or they were complete before the row began. (When a thread goes alone,
//! another one can raise a signal only after it has broken into the walk, and then the next claim fails. In
//! step it can at any time: what it stops ends with the row.)

use crate::executor::Handle;
use crate::sync::thrown::discard;
use crate::typed::data::graph_data::Parts;
use crate::typed::memory::frame::Frame;
use crate::typed::memory::row::{Ran, Row};
use crate::typed::memory::standing::{
    CHECK, CUTOFF, DRAIN, FAILED, GUARDED, LIMITED, PARTIAL, STOP, Standing, TROUBLE, WATCHED, WITHIN,
};
use crate::typed::memory::status::{Outcome, State, Status};
use crate::typed::memory::store::Store;
use crate::typed::memory::tasks::Tasks;
use crate::typed::memory::watch::Watch;
use crate::typed::options::run_options::RunOptions;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One run of a typed graph, which decides about each node whether it is started.
pub(crate) struct Execution<'r> {
    /// What the calls of nodes are given of it.
    pub(crate) frame: Frame<'r>,
    pub(crate) parts: Parts<'r>,
    /// Those of its store, at hand.
    pub(crate) tasks: &'r Tasks,
    leaves_unmarked: bool,
}

impl<'r> Execution<'r> {
    pub(crate) fn new(
        parts: Parts<'r>,
        executor: Option<&'r Handle>,
        options: &'r RunOptions,
        standing: Standing,
    ) -> Self {
        let leaves_unmarked = standing.signal == 0 && !parts.topology.asks();
        let watch = standing.watching.map(|watching| parts.watch(options, watching));
        let Store { tasks, records, .. } = parts.store;
        let slots = parts.store.slots();
        let frame = Frame::new(slots, records, &tasks.described, watch, executor, options, standing);
        Self { frame, parts, tasks, leaves_unmarked }
    }

    /// Says that the run is on the threads of an executor.
    pub(crate) fn by_a_team(mut self) -> Self {
        self.frame.is_of_a_team();
        self
    }

    pub(crate) fn into_standing(self) -> Standing {
        self.frame.into_standing()
    }

    /// Whether nodes of rows are left unmarked. Not if results may go before the run is over, nor if some
    /// nodes aren't to run.
    #[inline]
    pub(crate) fn leaves_unmarked(&self) -> bool {
        self.leaves_unmarked
    }
}

impl Execution<'_> {
    /// Runs `node`, or records why not.
    ///
    /// # Safety
    ///
    /// The run has the graph to itself, and statuses are as `GraphData::prepare` leaves them. Once for each
    /// node, after its predecessors, and when its limits permit it; on the run's caller if the node is bound
    /// to it.
    #[inline]
    pub(crate) unsafe fn node(&self, node: u32) -> Outcome {
        let signal = self.frame.signal();
        if signal != 0 && !self.frame.has_no_news(signal) {
            // SAFETY: by contract.
            let outcome = unsafe { self.node_with(node, signal) };
            // SAFETY: by contract, and that is what has come of it.
            return unsafe { self.released(node, signal, outcome) };
        }
        // SAFETY: by contract; nothing was signalled that has to be looked at.
        unsafe { self.start(node) }
    }

    /// [Runs](Self::node) a node of a run in which something was signalled.
    ///
    /// # Safety
    ///
    /// As for `node`.
    #[inline]
    unsafe fn node_with(&self, node: u32, signal: usize) -> Outcome {
        let waits = if signal & LIMITED == 0 { None } else { self.wait_for_start(node, signal) };
        if let Some(Err(pending)) = waits {
            return pending;
        }
        if signal & CUTOFF != 0 {
            // SAFETY: by contract.
            if let Some(stays) = unsafe { self.stays(node, signal, waits.is_some()) } {
                return self.within_limits(node, signal, || stays);
            }
        }
        // What it has waited for is under way, and has no result yet.
        let may_start = waits.is_some() && self.frame.statuses().get(node) == Status::NOT_RUN;
        if let (false, Some(settled)) = (may_start, self.settled(node, signal)) {
            return self.within_limits(node, signal, || settled);
        }
        if signal & (WATCHED | GUARDED | LIMITED) != 0 {
            // SAFETY: by contract; `settled` has looked.
            let start = || unsafe { self.start_watched(node, signal, false) };
            let start = || {
                self.begins(node);
                start()
            };
            let call = || self.wait_for_permits(node, signal).unwrap_or_else(start);
            // SAFETY: by contract, the node is this thread's.
            let call = || unsafe { self.guarded(node, signal, call) };
            return self.within_limits(node, signal, call);
        }
        // SAFETY: by contract; `settled` has looked.
        unsafe { self.start_with(node, signal) }
    }

    /// Runs `node`, which is ready, or is to go on.
    ///
    /// # Safety
    ///
    /// As for [`node`](Self::node), or, if it has come to `Pending` there, [`again`](Self::again).
    #[inline]
    pub(crate) unsafe fn go_on(&self, node: u32) -> Outcome {
        // Who waits for permits has not begun.
        match self.frame.statuses().get(node) == Status::PENDING {
            // SAFETY: by contract.
            true => unsafe { self.again(node) },
            // SAFETY: by contract.
            false => unsafe { self.node(node) },
        }
    }

    /// Polls `node` again, unless the run is stopped; then there is nothing more to do with it.
    ///
    /// # Safety
    ///
    /// As for [`node`](Self::node), which, or this, has come to `Pending`.
    #[inline]
    pub(crate) unsafe fn again(&self, node: u32) -> Outcome {
        let signal = self.frame.signal();
        if signal == 0 || self.frame.has_no_news(signal) {
            // SAFETY: by contract.
            return unsafe { self.start(node) };
        }
        // SAFETY: by contract.
        let outcome = unsafe { self.again_with(node, signal) };
        // SAFETY: by contract, and that is what has come of it.
        unsafe { self.released(node, signal, outcome) }
    }

    /// [Polls](Self::again) a node again.
    ///
    /// # Safety
    ///
    /// As for `again`.
    #[inline]
    unsafe fn again_with(&self, node: u32, signal: usize) -> Outcome {
        if signal & (CHECK | WITHIN | STOP | FAILED) != 0 && !self.frame.may_go_on(node, signal) {
            // SAFETY: by contract.
            let call = || unsafe { self.interrupt(node, signal) };
            // SAFETY: by contract, the node is this thread's.
            let call = || unsafe { self.guarded(node, signal, call) };
            // If the future is still there, it may use what was limited; the end of the run drops both.
            let limited = if self.to_drop(node, signal).is_some() { signal } else { 0 };
            return self.within_limits(node, limited, call);
        }
        if signal & (WATCHED | GUARDED | LIMITED) != 0 {
            // SAFETY: by contract.
            let call = || unsafe { self.start_watched(node, signal, true) };
            // SAFETY: by contract, the node is this thread's.
            let call = || unsafe { self.guarded(node, signal, call) };
            return self.within_limits(node, signal, call);
        }
        // SAFETY: by contract.
        unsafe { self.start_with(node, signal) }
    }

    /// The number of the future of `node`, which is cut off, if it is to be dropped before the end of the run.
    fn to_drop(&self, node: u32, signal: usize) -> Option<u32> {
        if signal & FAILED != 0 { self.frame.future_of(node) } else { None }
    }

    /// Cuts `node` off, whose future waits. If others still run, who may use what that does, it is dropped here;
    /// otherwise at the end of the run.
    ///
    /// # Safety
    ///
    /// As for [`again`](Self::again).
    #[cold]
    unsafe fn interrupt(&self, node: u32, signal: usize) -> Outcome {
        let end = || {
            if let Some(future) = self.to_drop(node, signal) {
                // SAFETY: the future is this thread's, by contract, and as its node completes now, nobody
                // polls it any more in this run.
                unsafe { self.parts.store.drop_future(future) };
            }
            Outcome::Nothing(self.frame.statuses().without_value(node, Status::INTERRUPTED))
        };
        let told = Told { watch: self.frame.watch.as_ref(), node };
        let interrupted = self.frame.attempt(node, end);
        drop(told);
        interrupted
    }

    /// What has come of `node`, which `call` calls, polls or cuts off. If `signal` says so, a panic of it
    /// ends here.
    ///
    /// # Safety
    ///
    /// The node is the calling thread's.
    #[cold]
    pub(super) unsafe fn guarded(&self, node: u32, signal: usize, call: impl FnOnce() -> Outcome) -> Outcome {
        if signal & GUARDED == 0 {
            return call();
        }
        catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
            if let Some(future) = self.tasks.future_of(node) {
                // SAFETY: the future is this thread's, by contract, and as its node completes now, nobody
                // polls it any more in this run.
                let dropped =
                    catch_unwind(AssertUnwindSafe(|| unsafe { self.parts.store.drop_future(future) }));
                dropped.map_err(discard).unwrap_or_default();
            }
            Outcome::Nothing(self.frame.caught(node, payload))
        })
    }

    /// [Starts](Self::start) a node in a run that is watched or guarded, and says so to whoever watches. It
    /// `resumes` if it waited.
    ///
    /// # Safety
    ///
    /// As for `start`.
    #[cold]
    unsafe fn start_watched(&self, node: u32, signal: usize, resumes: bool) -> Outcome {
        let watched = self.frame.watch.as_ref().map(|watch| watch.begin(node, resumes));
        // SAFETY: by contract.
        let outcome = unsafe { self.start_with(node, signal) };
        watched.into_iter().for_each(|watched| watched.end(outcome));
        outcome
    }

    /// [Starts](Self::start) a node in a run in which something was signalled: in an update, the node isn't
    /// over before what it gives is compared with what it gave before.
    ///
    /// # Safety
    ///
    /// As for `start`.
    unsafe fn start_with(&self, node: u32, signal: usize) -> Outcome {
        // SAFETY: by contract.
        let outcome = unsafe { self.start(node) };
        if signal & CUTOFF != 0 && outcome == Outcome::Value {
            // SAFETY: by contract; it has given a value, and isn't complete.
            unsafe { self.compared(node) };
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
        // SAFETY: once for each node, after its predecessors, within its limits, or again. All that feeds it
        // has a value, by contract. The builder has checked that what is moved feeds no other node. If one
        // that was before it was interrupted, that has seen the run stopped, so `settled` and `again` see it.
        unsafe { self.tasks.call(node, &self.frame, &Row::alone()) }.outcome
    }

    /// Runs `node`, and those that follow in `row`, until something is in the way.
    ///
    /// # Safety
    ///
    /// As for [`node`](Self::node), also for those that follow in the row. No signal was raised.
    #[inline]
    pub(crate) unsafe fn start_row(&self, node: u32, row: &Row<'_>) -> Ran {
        // SAFETY: as in `start`. It goes on only after nodes that gave a value.
        unsafe { self.tasks.call(node, &self.frame, row) }
    }

    /// What has come of `node` without starting it, now that there is some signal. `None` if it is to be
    /// started.
    #[cold]
    #[inline(never)]
    fn settled(&self, node: u32, signal: usize) -> Option<Outcome> {
        let statuses = self.frame.statuses();
        if statuses.get(node) != Status::NOT_RUN {
            return Some(statuses.settled(node)); // an input, or not to run at all
        }
        let mut why = None;
        if signal & (TROUBLE | STOP | DRAIN | FAILED | PARTIAL) != 0 {
            why = self.parts.topology.why_not_fed(statuses, node);
        }
        if why.is_none() && !self.frame.may_start(node, signal) {
            why = Some(Status::NOT_STARTED);
        }
        let nothing = statuses.without_value(node, why?);
        // A node that isn't started because the run is stopped may turn out to be behind a failure: what is
        // told of it is told at the end.
        let is_final = matches!(statuses.get(node).state(), State::Skipped { .. } | State::NotChosen { .. });
        if let (Some(watch), true) = (&self.frame.watch, is_final) {
            watch.skipped(node);
        }
        Some(Outcome::Nothing(nothing))
    }
}

/// Tells whoever watches how a node has ended that waited, also if the destructor of its future panics.
struct Told<'w> {
    watch: Option<&'w Watch<'w>>,
    node: u32,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if let Some(watch) = self.watch {
            watch.ends_waiting(self.node);
        }
    }
}
