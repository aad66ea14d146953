//! A run on the workers of an executor that nobody waits for on a thread: its owner is a future.
//!
//! What the run needs lies in a block on the heap, with the graph, that the workers may use from `begin`
//! until the team is closed and empty. The owner sees to that before it takes the block away. If the owner is
//! leaked, so is the block, and the run goes on to its end: so only graphs run like this that borrow nothing.
//!
//! | what | the owner | the workers |
//! |---|---|---|
//! | the block | makes it in `begin`; shared references only, until the team is closed and empty; then takes it apart in `end` | shared references, from `start` until they leave |
//! | the graph's data | by its pointer: in `begin`, and again in `end`, when the team is closed and empty | what `begin` has derived from it |
//!
//! Every reference into the block is shared and derived from its one pointer, so none disables another: a
//! reference that comes from an exclusive one (`Option::insert`) would be invalid as soon as the owner
//! reaches the same field in another way.

use super::begin_and_end;
use super::execution::Execution;
use super::parallel::AsyncNodes;
use crate::executor::Handle;
use crate::pool::context;
use crate::run::ordered::Ordered;
use crate::run::{Discipline, Stealing, end, record, start};
use crate::sync::thrown::{self, discard};
use crate::team::{Asked, Ticket};
use crate::tuner::{Budget, Plan, Timed};
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::run_error::RunError;
use crate::typed::memory::errors::Payload;
use crate::typed::memory::standing::Standing;
use crate::typed::options::run_options::RunOptions;
use dgraph_core::{AsDag, Dag, LentCountdown};
use std::cell::OnceCell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The owner's side of a run on workers; the table in the module's docs says who may touch what.
pub(crate) struct Detached {
    /// `None` when the run is over.
    block: Option<NonNull<Block>>,
}

// SAFETY: a block holds a graph, which is `Send` if its nodes may run anywhere (`begin`), and things that are
// used by whoever has it.
unsafe impl Send for Detached {}

/// What the workers use. Its fields refer to those below them, and are made from below.
struct Block {
    run: OnceCell<Engine>,
    nodes: OnceCell<AsyncNodes<'static>>,
    typed: OnceCell<Execution<'static>>,
    lent: LentCountdown<'static>,
    ticket: Arc<Ticket>,
    options: RunOptions,
    executor: Handle,
    /// A `Box` that was leaked. (A box would claim for itself what the fields above refer to, each time that
    /// the block is touched.)
    data: NonNull<GraphData>,
}

/// The run itself: in no order, or in one.
#[allow(clippy::large_enum_variant, reason = "one a run, in its block")]
enum Engine {
    Plain(Stealing<'static, AsyncNodes<'static>>),
    Ordered(Ordered<'static, AsyncNodes<'static>>),
}

impl Engine {
    /// # Safety
    ///
    /// As for [`crate::run::start`].
    unsafe fn start(&self, ticket: &Arc<Ticket>) {
        match self {
            // SAFETY: by contract.
            Self::Plain(run) => unsafe { start(run, ticket) },
            // SAFETY: by contract.
            Self::Ordered(run) => unsafe { start(run, ticket) },
        }
    }

    /// # Safety
    ///
    /// As for [`crate::run::end`].
    unsafe fn end(&self, ticket: &Ticket) {
        match self {
            // SAFETY: by contract.
            Self::Plain(run) => unsafe { end(run, ticket) },
            // SAFETY: by contract.
            Self::Ordered(run) => unsafe { end(run, ticket) },
        }
    }

    /// Takes note of how long it has taken to its end.
    fn record(&self) {
        if let Self::Plain(run) = self {
            record::<_, Dag>(run, None, usize::MAX);
        }
    }

    fn take_thrown(&self) -> Option<Payload> {
        match self {
            Self::Plain(run) => run.common().thrown.take(),
            Self::Ordered(run) => run.common().thrown.take(),
        }
    }
}

/// Memory for a block, and its ticket, kept by a graph that had one: a repeated run allocates none.
pub(crate) struct Memory {
    block: Box<MaybeUninit<Block>>,
    ticket: Arc<Ticket>,
}

// SAFETY: there is nothing in the block; the ticket is `Send` and `Sync`.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Detached {
    /// Lets the workers of `executor` begin; `standing` is what `begin_and_end::begin` gave.
    ///
    /// # Safety
    ///
    /// The graph borrows nothing, and its nodes may run on any thread. `standing` is what
    /// [`begin_and_end::begin`] has given for it, this executor and these options. `memory` may be what an
    /// earlier run has left.
    pub(crate) unsafe fn begin(
        mut data: Box<GraphData>,
        memory: Option<Memory>,
        executor: Handle,
        options: RunOptions,
        standing: Standing,
    ) -> Self {
        data.connect(&options, Some(&executor));
        let (mut memory, ticket) = match memory {
            Some(Memory { block, ticket }) => (block, Some(ticket)),
            None => (Box::new_uninit(), None),
        };
        let ticket = ticket.filter(|ticket| ticket.is_for(executor.shared.id()));
        let ticket = ticket.unwrap_or_else(|| Ticket::new(executor.shared.id()));
        let mut data = NonNull::from(Box::leak(data));
        // SAFETY: the data stays where it is until `end`, and nobody uses it but by what comes of this.
        let (parts, queue, _) = unsafe { data.as_mut() }.parts();
        let dag = &parts.topology.dag;
        let lent = dag.lend_countdown().expect("nobody else runs the graph");
        let (run, nodes, typed) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        memory.write(Block { run, nodes, typed, lent, ticket, options, executor, data });
        let block = NonNull::from(Box::leak(memory)).cast::<Block>();
        // SAFETY: the block was written just now, and stays where it is until `end`; until then it is only
        // shared.
        let Block { run, nodes, typed, lent, ticket, options, executor, .. } = unsafe { block.as_ref() };
        let typed =
            typed.get_or_init(|| Execution::new(parts, Some(executor), options, standing).by_a_team());
        // SAFETY: the graph is this run's alone; `begin_and_end::begin` has set the statuses.
        let nodes = nodes.get_or_init(|| unsafe { AsyncNodes::new(typed, executor) });
        let countdown = lent.countdown();
        // Where there is one worker, it goes quietly to the end: nobody else could help, and there is nothing
        // to learn.
        let quietly = Plan::Alone { budget: Budget::NONE, timed: Timed::No };
        let plan = (executor.workers == 1).then_some(quietly);
        let run = run.get_or_init(|| match queue {
            None => Engine::Plain(Stealing::detached(&executor.shared, countdown, nodes, plan)),
            Some(queue) => Engine::Ordered(Ordered::new(&executor.shared, countdown, queue, nodes)),
        });
        // SAFETY: the ticket is this run's, and was over; `end` closes it before it takes the run away.
        unsafe { run.start(ticket) };
        // The thread that shuts the executor down has found the run attached to it, or this thread finds that
        // it was shut down.
        if executor.shared.is_shut_down() {
            ticket.ask_owner();
        }
        Self { block: Some(block) }
    }

    /// Whether the run is over; then how it went, and the graph.
    ///
    /// # Panics
    ///
    /// Not with the panic of a node: that is in what it gives.
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<(Box<GraphData>, Memory, Ended)> {
        let block = self.block.expect("the run isn't over");
        // SAFETY: the block is there until `end`.
        let Block { run, typed, ticket, executor, .. } = unsafe { block.as_ref() };
        loop {
            match ticket.poll(context.waker()) {
                Asked::Over => {
                    run.get().into_iter().for_each(|run| run.record());
                    return Poll::Ready(self.end().expect("the run isn't over"));
                }
                // It would have to be over for this thread to go on to its end.
                _ if context::is_within(ticket) => {
                    panic!("a node waits for the run that it is a part of")
                }
                Asked::Nothing => return Poll::Pending,
                Asked::ToLook => {}
            }
            if let Some(Engine::Ordered(_)) = run.get() {
                executor.shared.serve(ticket);
            }
            let shut_down = executor.shared.is_shut_down();
            let stopped = typed.get().is_some_and(|run| run.frame.is_called_off(shut_down));
            // Called off, it needs no worker any more: the owner settles what is left.
            if stopped && ticket.close_unless_active() || shut_down {
                return Poll::Ready(self.end().expect("the run isn't over"));
            }
        }
    }

    /// Whether all nodes are complete, or nobody will go on with them but the owner. What is bound to the
    /// caller is run first, unless it is a node of this run that asks.
    pub(crate) fn is_finished(&self) -> bool {
        self.block.is_none_or(|block| {
            // SAFETY: the block is there until `end`.
            let Block { run, ticket, executor, .. } = unsafe { block.as_ref() };
            if let (Some(Engine::Ordered(_)), false) = (run.get(), context::is_within(ticket)) {
                executor.shared.serve(ticket);
            }
            ticket.is_over() || executor.shared.is_shut_down() && !ticket.is_active()
        })
    }

    /// Ends the run, before its time if it isn't over, and gives the graph back. `None` if this was done
    /// before; or in a node of the run itself, where nobody can wait for its end: then its last member ends
    /// it, and drops the graph.
    pub(crate) fn end(&mut self) -> Option<(Box<GraphData>, Memory, Ended)> {
        let block = self.block.take()?;
        // SAFETY: the block is there until it is taken apart below.
        let Block { run, typed, ticket, .. } = unsafe { block.as_ref() };
        if context::is_within(ticket) {
            typed.get().into_iter().for_each(|run| run.frame.cancel());
            let orphan = Self { block: Some(block) };
            ticket.orphan(Box::new(move || drop(orphan)));
            return None;
        }
        if let (Some(run), Some(typed)) = (run.get(), typed.get()) {
            if !ticket.is_over() {
                typed.frame.cancel();
            }
            ticket.close();
            // SAFETY: it is closed.
            unsafe { run.end(ticket) };
        }
        // Nobody else uses the block any more. Its fields go from above.
        let block = block.as_ptr();
        // SAFETY: as above, here and in the next three; nothing refers to a field when those above are gone.
        let run = unsafe { &mut (*block).run }.take();
        let thrown = run.and_then(|run| run.take_thrown());
        // SAFETY: as above.
        let _nodes = unsafe { &mut (*block).nodes }.take();
        // SAFETY: as above.
        let standing =
            unsafe { &mut (*block).typed }.take().map(Execution::into_standing).unwrap_or_default();
        // SAFETY: as above. It isn't used as a block after this.
        let Block { lent, ticket, options, executor, data, .. } = unsafe { block.read() };
        drop(lent);
        // SAFETY: `begin` has leaked the box, and nothing refers to what is in it any more.
        let mut data = unsafe { Box::from_raw(data.as_ptr()) };
        // SAFETY: `block` came from such a `Box`.
        let memory = unsafe { Box::from_raw(block.cast()) };
        let memory = Memory { block: memory, ticket };
        let all_complete = thrown.is_none() && !standing.is_stopped();
        let dropped = data.let_go(&options, Some(&executor), &standing, all_complete);
        drop(executor);
        Some((data, memory, Ended { options, standing, thrown: thrown::first(thrown, dropped) }))
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        if let Some((mut data, memory, ended)) = self.end() {
            ended.forget(&mut data);
            drop((data, memory));
        }
    }
}

/// How a run has ended.
pub(crate) struct Ended {
    options: RunOptions,
    standing: Standing,
    thrown: Option<Payload>,
}

impl Ended {
    /// What the run gives; records in the graph what did not run, and why.
    ///
    /// # Panics
    ///
    /// With the panic of a node, unless the options catch it.
    pub(crate) fn outcome(self, data: &mut GraphData) -> Result<(), RunError> {
        begin_and_end::end(data, &self.options, self.standing, self.thrown)
    }

    /// Nobody wants to know.
    pub(crate) fn forget(self, data: &mut GraphData) {
        begin_and_end::give_up(data, &self.options, &self.standing);
        // What was thrown may panic again when it is dropped.
        self.thrown.into_iter().for_each(discard);
    }
}
