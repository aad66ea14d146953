//! A run on one thread of a graph whose nodes may give futures: goes on whenever it is polled, until nothing is ready.
//!
//! ```text
//!            begin                        nothing ready, nothing woken: asleep
//!   (lazy) ─────────▶ poll ─┬─▶ futures that were woken ─▶ ready nodes ─┬─▶ Pending
//!                       ▲   └───────────────────────────────────────────┘     │
//!                       └──────────── the graph's wakers tell ────────────────┘
//!   all done, stopped, panicked, or given up ─▶ close: drop the futures that are left
//! ```
//!
//! Woken futures and ready nodes take [turns](crate::turns); and after some nodes the run lets its thread do something else. Polled in vain,
//! it finds nothing and falls asleep again.

use super::course;
use super::errors::Payload;
use super::graph_data::{Body, Parts};
use super::options::RunOptions;
use super::run::Run;
use super::standing::Course;
use super::status::{Outcome, Status};
use super::store::Store;
use super::topology::Topology;
use crate::executor::Handle;
use crate::ready_queue::{ReadyQueue, Taker};
use crate::ready_set::ReadySet;
use crate::run_error::RunError;
use crate::thrown;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
use crate::timer::Alarm;
use crate::turns::{Next, Turns};
use crate::wake::{Pending, Wakes};
use dgraph_core::{DagView, NodeId};
use std::future::poll_fn;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

/// After how many nodes a run lets its thread do something else. Tokio's leaf futures say that they are not ready when a task has
/// polled 128 of them at once; with more nodes at a time than that, those would be polled in vain.
pub(super) const BUDGET: usize = 128;

/// What such a run keeps from poll to poll, in memory that is used again.
#[derive(Default)]
pub(super) struct Drive {
    /// Of each node: how many predecessors are still to come.
    remaining: Vec<u32>,
    /// If the graph has no priorities, limits or bound nodes: the places of ready nodes in the serial order.
    ready: ReadySet,
    /// Of each node: its place in the serial order, if that isn't its number.
    places: Vec<u32>,
    /// The nodes whose futures were woken, and are this thread's to be polled.
    woken: Turns,
    /// How many nodes are not complete.
    left: usize,
}

/// A run that was begun and is not over.
pub(super) struct AsyncRun {
    options: RunOptions,
    /// The executor on one of whose threads it is run: when that is shut down, the run is called off.
    executor: Option<Handle>,
    course: Course,
    /// Futures may be left.
    open: bool,
}

/// Runs the graph, and blocks while nothing is ready.
pub(super) fn block_on(
    body: &mut Body,
    executor: Option<&Handle>,
    options: &RunOptions,
) -> Result<(), RunError> {
    let mut run = AsyncRun::begin(body, executor.cloned(), options.clone())?;
    // If there is nothing to wait for, nobody has to be woken, and no waker made.
    if let Poll::Ready(outcome) = run.poll(body, usize::MAX, &Context::from_waker(Waker::noop())) {
        return outcome;
    }
    pollster::block_on(poll_fn(|context| run.poll(body, usize::MAX, context)))
}

impl AsyncRun {
    /// The beginning: nothing has run yet.
    pub(super) fn begin(
        body: &mut Body,
        executor: Option<Handle>,
        options: RunOptions,
    ) -> Result<Self, RunError> {
        let course = course::begin(body, None, &options)?;
        body.connect(&options, executor.as_ref());
        let (parts, queue, drive) = body.parts();
        drive.begin(parts.topology, queue);
        Ok(Self { options, executor, course, open: true })
    }

    /// Runs at most `budget` nodes.
    ///
    /// # Panics
    ///
    /// With the panic of a node, unless the options catch it. If it has ended before, also by a panic: what it would begin
    /// now, nobody would close.
    #[track_caller]
    pub(super) fn poll(
        &mut self,
        body: &mut Body,
        budget: usize,
        context: &Context<'_>,
    ) -> Poll<Result<(), RunError>> {
        let Self { options, executor, course, open } = &mut *self;
        assert!(*open, "polled after its end");
        let (parts, queue, drive) = body.parts();
        let run = Run::new(parts, None, options, mem::take(course));
        let is_shut_down = || executor.as_ref().is_some_and(|executor| executor.shared.is_shut_down());
        // SAFETY: `body` is borrowed for this run alone, and was since `begin`, which has set the statuses.
        let polled = catch_unwind(AssertUnwindSafe(|| unsafe {
            drive.go(&run, parts, queue, budget, is_shut_down, context)
        }));
        *course = run.into_course();
        let thrown = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => None,
            Err(payload) => Some(payload),
        };
        let dropped = self.close(body);
        Poll::Ready(course::end(
            body,
            &self.options,
            mem::take(&mut self.course),
            thrown::first(thrown, dropped),
        ))
    }

    /// Drops the futures that are left, and lets go of everything else. What the first destructor that panics has thrown.
    pub(super) fn close(&mut self, body: &mut Body) -> Option<Payload> {
        if !mem::take(&mut self.open) {
            return None;
        }
        let over = body.drive.left == 0 && !self.course.is_stopped();
        body.let_go(&self.options, self.executor.as_ref(), over)
    }
}

impl Body {
    /// Sees to it that the run's wakers and token reach nobody any more and, unless all nodes are complete, drops the futures
    /// that are left. What the first destructor that panics has thrown.
    pub(super) fn let_go(
        &mut self,
        options: &RunOptions,
        executor: Option<&Handle>,
        all_complete: bool,
    ) -> Option<Payload> {
        let wakes = self.wakes.as_ref()?;
        #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
        drop(self.alarm.take());
        if let Some(token) = &options.token {
            token.detach(wakes);
        }
        if let Some(executor) = executor {
            executor.shared.detached.detach(wakes);
        }
        wakes.detach();
        let mut thrown = None;
        if !all_complete {
            for future in 0..wakes.run() {
                wakes.end(future);
                // SAFETY: the run is over, so nobody polls it until the next one calls its node.
                let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { self.store.drop_future(future) }));
                let node = self.store.node_of_future(future);
                if matches!(self.store.statuses.get(node), Status::PENDING | Status::INTERRUPTED) {
                    let status = if dropped.is_ok() { Status::INTERRUPTED } else { Status::PANICKED };
                    self.store.statuses.set(node, status);
                    if options.measure {
                        self.measured.forget(node);
                    }
                }
                thrown = thrown::first(thrown, dropped.err());
            }
        }
        thrown
    }

    /// Connects the graph's wakers with the run's token, and with the executor, for the case that this is shut down.
    pub(super) fn connect(&mut self, options: &RunOptions, executor: Option<&Handle>) {
        let futures = self.store.futures();
        let wakes = self.wakes.get_or_insert_with(|| Wakes::new(futures));
        if let Some(token) = &options.token {
            token.attach(wakes);
        }
        if let Some(executor) = executor {
            executor.shared.detached.attach(wakes);
        }
        #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
        if let Some(deadline) = options.deadline {
            self.alarm = Alarm::set(deadline, wakes);
        }
    }
}

impl Drive {
    fn begin(&mut self, topology: &Topology, queue: Option<&mut ReadyQueue>) {
        let dag = topology.dag.view();
        self.remaining.clear();
        self.remaining.extend_from_slice(dag.in_degrees());
        self.woken.reset(dag.nodes());
        self.left = dag.nodes();
        match queue {
            None => {
                self.ready.reset(dag.nodes());
                if let (Some(order), true) = (topology.order(), self.places.is_empty()) {
                    self.places.resize(order.len(), 0);
                    (0..).zip(order).for_each(|(place, &node)| self.places[node as usize] = place);
                }
                dag.roots().iter().for_each(|root| self.ready.push(self.place(root.get())));
            }
            Some(queue) => {
                queue.reset();
                dag.roots().iter().for_each(|&root| queue.push(root));
            }
        }
    }

    /// Runs what is ready, `budget` nodes at the most. `Ready` when all nodes are complete, or the run is stopped.
    ///
    /// # Safety
    ///
    /// The run has the graph to itself, and statuses are as `Body::prepare` and earlier calls have left them.
    unsafe fn go(
        &mut self,
        run: &Run<'_>,
        parts: Parts<'_>,
        mut queue: Option<&mut ReadyQueue>,
        mut budget: usize,
        is_shut_down: impl Fn() -> bool,
        context: &Context<'_>,
    ) -> Poll<()> {
        let dag = parts.topology.dag.view();
        let wakes = run.frame.wakes();
        // Whoever polls may have been woken for something else.
        wakes.wake_up();
        loop {
            if is_shut_down() {
                run.frame.cancel();
            }
            if run.frame.is_stopped() || self.left == 0 {
                return Poll::Ready(());
            }
            if budget == 0 {
                // More may be ready, and whoever polls the run may have something else to do.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if wakes.any() {
                self.take_woken(parts.store, wakes);
            }
            let Some(next) = self.next(parts.topology, queue.as_deref_mut()) else {
                if !wakes.any() && wakes.fall_asleep(context.waker()) {
                    return Poll::Pending;
                }
                self.take_woken(parts.store, wakes);
                continue;
            };
            let (node, outcome) = match next {
                // SAFETY: by contract; its predecessors are complete, and it comes up once.
                Next::Ready(node) => (node, unsafe { run.node(node.get()) }),
                // SAFETY: by contract; it has come to `Pending` or `Again`, and was woken.
                Next::Again(node) => (node, unsafe { run.again(node.get()) }),
            };
            match outcome {
                Outcome::Value | Outcome::Nothing(_) => self.complete(dag, node, queue.as_deref_mut()),
                Outcome::Again => self.woken.push(node),
                Outcome::Pending(future) => {
                    if wakes.pend(future) == Pending::Again {
                        self.woken.push(node);
                    }
                }
            }
            budget -= 1;
        }
    }

    /// Takes the futures that were woken from the list.
    #[cold]
    fn take_woken(&mut self, store: &Store, wakes: &Wakes) {
        let mut all = false;
        // They come last woken first.
        self.woken.push_reversed(|push| {
            all = wakes.take(|future| push(NodeId::new(store.node_of_future(future))));
        });
        if all {
            wakes.wake_all(); // those who wait look whether the run is to be stopped
        }
    }

    /// The place of `node` in the serial order.
    #[inline]
    fn place(&self, node: u32) -> u32 {
        if self.places.is_empty() { node } else { self.places[node as usize] }
    }

    /// The node whose turn it is.
    #[inline]
    fn next(&mut self, topology: &Topology, queue: Option<&mut ReadyQueue>) -> Option<Next> {
        let Self { ready, woken, .. } = self;
        woken.next(|| match queue {
            None => {
                let place = ready.pop()?;
                Some(NodeId::new(topology.order().map_or(place, |order| order[place as usize])))
            }
            Some(queue) => queue.take(Taker::EVERYTHING),
        })
    }

    /// `node` is complete.
    #[inline]
    fn complete(&mut self, dag: DagView<'_>, node: NodeId, mut queue: Option<&mut ReadyQueue>) {
        self.left -= 1;
        if let Some(queue) = queue.as_deref_mut() {
            queue.release(node);
        }
        for edge in dag.successors(node) {
            let target = edge.target();
            let remaining = &mut self.remaining[target.index()];
            *remaining -= 1;
            if *remaining == 0 {
                match queue.as_deref_mut() {
                    None => self.ready.push(self.place(target.get())),
                    Some(queue) => queue.push(target),
                }
            }
        }
    }
}
