//! A run on one thread of a graph whose nodes may give futures: goes on whenever it is polled, until nothing
//! is ready.
//!
//! ```text
//!            begin                        nothing ready, nothing woken: asleep
//!   (lazy) ─────────▶ poll ─┬─▶ futures that were woken ─▶ ready nodes ─┬─▶ Pending
//!                       ▲   └───────────────────────────────────────────┘     │
//!                       └──────────── the graph's wakers tell ────────────────┘
//!   all done, stopped, panicked, or given up ─▶ close: drop the futures that are left
//! ```
//!
//! Woken futures and ready nodes take [turns](crate::protocol::turns); and after some nodes the run lets
//! its thread do something else. Polled for nothing, it finds nothing and falls asleep again.

use super::begin_and_end;
use super::execution::Execution;
use crate::executor::Handle;
use crate::pool::context;
use crate::protocol::ready_queue::ReadyQueue;
use crate::sync::thrown;
use crate::typed::data::agenda::{Agenda, Next};
use crate::typed::data::graph_data::{GraphData, Parts};
use crate::typed::error::run_error::RunError;
use crate::typed::memory::errors::Payload;
use crate::typed::memory::standing::Standing;
use crate::typed::memory::status::Outcome;
use crate::typed::options::run_options::RunOptions;
use crate::wake::Pending;
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

/// After how many nodes a run lets its thread do something else. Tokio's leaf futures say that they are not
/// ready when a task has polled 128 of them at once; with more nodes at a time than that, those would be
/// polled for nothing.
pub(crate) const BUDGET: usize = 128;

/// A run that was begun and is not over.
pub(crate) struct AsyncRun {
    options: RunOptions,
    /// The executor on one of whose threads it is run: when that is shut down, the run is called off.
    executor: Option<Handle>,
    standing: Standing,
    /// Futures may be left.
    open: bool,
}

/// Runs the graph, and blocks while nothing is ready.
#[cfg(feature = "async")]
pub(crate) fn block_on(
    data: &mut GraphData,
    executor: Option<&Handle>,
    options: &RunOptions,
) -> Result<(), RunError> {
    let mut run = AsyncRun::begin(data, executor.cloned(), options.clone())?;
    // If there is nothing to wait for, nobody has to be woken, and no waker made.
    if let Poll::Ready(outcome) = run.poll(data, usize::MAX, &Context::from_waker(Waker::noop())) {
        return outcome;
    }
    pollster::block_on(poll_fn(|context| run.poll(data, usize::MAX, context)))
}

impl AsyncRun {
    /// The beginning: nothing has run yet.
    pub(crate) fn begin(
        data: &mut GraphData,
        executor: Option<Handle>,
        options: RunOptions,
    ) -> Result<Self, RunError> {
        let standing = begin_and_end::begin(data, None, &options)?;
        data.connect(&options, executor.as_ref());
        let (parts, queue, agenda) = data.parts();
        agenda.begin(parts.topology, queue);
        Ok(Self { options, executor, standing, open: true })
    }

    /// Runs at most `budget` nodes.
    ///
    /// # Panics
    ///
    /// With the panic of a node, unless the options catch it. If it has ended before, also by a panic: what
    /// it would begin now, nobody would close.
    #[track_caller]
    pub(crate) fn poll(
        &mut self,
        data: &mut GraphData,
        budget: usize,
        context: &Context<'_>,
    ) -> Poll<Result<(), RunError>> {
        let Self { options, executor, standing, open } = &mut *self;
        assert!(*open, "polled after its end");
        let (parts, queue, agenda) = data.parts();
        // Runs that nodes begin, and that this thread waits for, come first in the queues of limits.
        let _nested = parts.rare.and_then(|rare| rare.limited.as_ref()).map(|_| context::within_polled());
        let run = Execution::new(parts, None, options, mem::take(standing));
        let is_shut_down = || executor.as_ref().is_some_and(|executor| executor.shared.is_shut_down());
        // SAFETY: `data` is borrowed for this run alone, and was since `begin`, which has set the statuses.
        let polled = catch_unwind(AssertUnwindSafe(|| unsafe {
            go(agenda, &run, parts, queue, budget, is_shut_down, context)
        }));
        *standing = run.into_standing();
        let thrown = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => None,
            Err(payload) => Some(payload),
        };
        let dropped = self.close(data);
        Poll::Ready(begin_and_end::end(
            data,
            &self.options,
            mem::take(&mut self.standing),
            thrown::first(thrown, dropped),
        ))
    }

    /// Drops the futures that are left, and lets go of everything else. What the first destructor that panics
    /// has thrown.
    fn close(&mut self, data: &mut GraphData) -> Option<Payload> {
        self.open = false;
        let over = data.agenda.is_done() && !self.standing.is_stopped();
        data.let_go(&self.options, self.executor.as_ref(), &self.standing, over)
    }

    /// Ends the run before its time, unless it is over, as [`close`](Self::close) does: nobody wants to know
    /// what comes of it.
    pub(crate) fn give_up(&mut self, data: &mut GraphData) -> Option<Payload> {
        if !self.open {
            return None;
        }
        let dropped = self.close(data);
        begin_and_end::give_up(data, &self.options, &self.standing);
        dropped
    }
}

/// Runs what is ready, `budget` nodes at the most. `Ready` when all nodes are complete, or the run is
/// stopped.
///
/// # Safety
///
/// The run has the graph to itself, and statuses are as `GraphData::prepare` and earlier calls have left
/// them.
unsafe fn go(
    agenda: &mut Agenda,
    run: &Execution<'_>,
    parts: Parts<'_>,
    mut queue: Option<&mut ReadyQueue>,
    mut budget: usize,
    is_shut_down: impl Fn() -> bool,
    context: &Context<'_>,
) -> Poll<()> {
    let wakes = run.frame.wakes();
    // The task that polls may have been woken for something else.
    wakes.wake_up();
    loop {
        if is_shut_down() {
            run.frame.cancel();
        }
        if run.frame.is_stopped() || agenda.is_done() {
            return Poll::Ready(());
        }
        if budget == 0 {
            // More may be ready, and whoever polls the run may have something else to do.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if wakes.any() {
            agenda.take_woken(wakes);
        }
        let Some(next) = agenda.next((parts.store, parts.topology), wakes, queue.as_deref_mut()) else {
            if !wakes.any() && wakes.fall_asleep(context.waker()) {
                return Poll::Pending;
            }
            agenda.take_woken(wakes);
            continue;
        };
        let (node, outcome) = match next {
            // SAFETY: by contract; its predecessors are complete, and it comes up once, when limits permit
            // it.
            Next::Ready(node) => (node, unsafe { run.node(node.get()) }),
            // SAFETY: by contract; it has come to `Pending` or `Again`, and was woken.
            Next::Again(node) => (node, unsafe { run.go_on(node.get()) }),
        };
        match outcome {
            Outcome::Value | Outcome::Nothing(_) => {
                agenda.complete(parts.topology, node, queue.as_deref_mut());
            }
            Outcome::Again(future) => agenda.again(wakes, future),
            Outcome::Pending(future) => {
                if wakes.pend(future) == Pending::Again {
                    agenda.again(wakes, future);
                }
            }
        }
        budget -= 1;
    }
}
