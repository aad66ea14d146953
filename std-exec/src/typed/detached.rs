//! A run on the workers of an executor that nobody waits for on a thread: its owner is a future.
//!
//! What the run needs lies in a block on the heap, with the graph, that the workers may use from `begin` until the team is
//! closed and empty. The owner sees to that before it takes the block away. If the owner is leaked, so is the block, and the
//! run goes on to its end: so only graphs run like this that borrow nothing.

use super::course::{self, Course, Payload};
use super::graph::Body;
use super::options::RunOptions;
use super::parallel::Nodes;
use super::run::Run;
use crate::context;
use crate::executor::Handle;
use crate::ordered::Ordered;
use crate::pace::{Budget, Plan, Timed};
use crate::run_error::RunError;
use crate::team::{End, Team};
use crate::thrown::{self, discard};
use dgraph_core::{AsDag, LentCountdown};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::{Context, Poll};

/// The owner's side. See the [module](self).
pub(super) struct Detached {
    /// `None` when the run is over.
    block: Option<NonNull<Block>>,
}

// SAFETY: a block holds a graph, which is `Send` if its nodes may run anywhere (`begin`), and things that are used by whoever
// has it.
unsafe impl Send for Detached {}

/// What the workers use. Its fields refer to those below them, and are made from below.
struct Block {
    run: Option<Engine>,
    lent: Option<LentCountdown<'static>>,
    nodes: Option<Nodes<'static>>,
    typed: Option<Run<'static>>,
    team: &'static Team,
    options: RunOptions,
    executor: Handle,
    body: Box<Body>,
}

/// The run itself: in no order, or in one.
#[allow(clippy::large_enum_variant, reason = "one a run, in its block")]
enum Engine {
    Plain(crate::run::Run<'static, Nodes<'static>>),
    Ordered(Ordered<'static, Nodes<'static>>),
}

impl Engine {
    /// # Safety
    ///
    /// As for [`crate::run::Run::start`].
    unsafe fn start(&self, team: &Team) {
        match self {
            // SAFETY: by contract.
            Self::Plain(run) => unsafe { run.start(team) },
            // SAFETY: by contract.
            Self::Ordered(run) => unsafe { run.start(team) },
        }
    }

    /// Runs what is bound to the caller.
    fn serve(&self, team: &Team) {
        if let Self::Ordered(run) = self {
            run.serve(team);
        }
    }

    fn end(&self, team: &Team) {
        match self {
            Self::Plain(run) => run.end(team),
            Self::Ordered(run) => run.end(team),
        }
    }

    /// Takes note of how long it has taken to its end.
    fn record(&self, executor: &Handle) {
        if let Self::Plain(run) = self {
            run.begun.record(&executor.shared);
        }
    }

    fn take_thrown(&self) -> Option<Payload> {
        match self {
            Self::Plain(run) => run.take_thrown(),
            Self::Ordered(run) => run.take_thrown(),
        }
    }
}

/// Memory for a block, kept by a graph that had one: a repeated run allocates none.
pub(super) struct Memory(Box<MaybeUninit<Block>>);

// SAFETY: there is nothing in it.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Detached {
    /// Lets the workers of `executor` begin; `course` is what `course::begin` gave.
    ///
    /// # Safety
    ///
    /// The graph borrows nothing, and its nodes may run on any thread. `course` is what [`course::begin`] has given for it, this
    /// executor and these options.
    pub(super) unsafe fn begin(
        mut body: Box<Body>,
        executor: Handle,
        options: RunOptions,
        course: Course,
    ) -> Self {
        body.connect(&options);
        let team: *const Team = executor.shared.teams.take();
        // SAFETY: teams are freed with the executor's shared state, which the block holds on to.
        let team = unsafe { &*team };
        let mut memory = body.block.take().unwrap_or_else(|| Memory(Box::new_uninit()));
        let block = Block { run: None, lent: None, nodes: None, typed: None, team, options, executor, body };
        memory.0.write(block);
        let block = NonNull::from(Box::leak(memory.0)).cast::<Block>();
        let at = block.as_ptr();
        // SAFETY: here and below, the block stays where it is until `end`, which drops its fields from above. Nobody changes
        // what the others refer to.
        let body = unsafe { &mut (*at).body };
        // SAFETY: as above.
        let (executor, options) = (unsafe { &(*at).executor }, unsafe { &(*at).options });
        let (parts, queue, _) = body.parts();
        let dag = &parts.topology.dag;
        let typed = Run::new(parts, Some(executor), options, course).by_a_team();
        // SAFETY: as above.
        let typed = unsafe { (*at).typed.insert(typed) };
        // SAFETY: the graph is this run's alone; `course::begin` has set the statuses.
        let nodes = unsafe { Nodes::new(typed, executor) };
        // SAFETY: as above.
        let nodes = unsafe { (*at).nodes.insert(nodes) };
        // SAFETY: as above.
        let lent = unsafe { &mut (*at).lent };
        *lent = dag.lend_countdown();
        let countdown = match lent {
            Some(lent) => lent.countdown(),
            // SAFETY: this thread has just taken the team; the counters are not used after it is given back.
            None => unsafe { team.spare_countdown(dag.view()) },
        };
        // Who could break in where there is one worker?
        let plan = (executor.workers == 1).then_some(Plan::Walk { budget: Budget::NONE, timed: Timed::No });
        let run = match queue {
            None => Engine::Plain(crate::run::Run::detached(&executor.shared, countdown, nodes, plan)),
            Some(queue) => Engine::Ordered(Ordered::new(&executor.shared, countdown, queue, nodes)),
        };
        // SAFETY: as above.
        let run = unsafe { (*at).run.insert(run) };
        // SAFETY: this thread has taken the team; `end` waits for its members before it takes the run away.
        unsafe { run.start(team) };
        Self { block: Some(block) }
    }

    /// Whether the run is over; then how it went, and the graph.
    ///
    /// # Panics
    ///
    /// Not with the panic of a node: that is in what it gives.
    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<(Box<Body>, Ended)> {
        let block = self.block.expect("the run isn't over");
        // SAFETY: the block is there until `end`.
        let Block { run, team, executor, .. } = unsafe { block.as_ref() };
        let shut_down = || executor.shared.is_shut_down();
        loop {
            if let Some(run) = run {
                run.serve(team);
            }
            let end = team.poll_end(context.waker(), || shut_down() || team.wanted.caller());
            if end == End::Here {
                run.iter().for_each(|run| run.record(executor));
            }
            match end {
                End::Awaited => return Poll::Pending,
                // By now somebody else may have the permit for what the caller was wanted for: then it is wanted again later.
                End::GivenUp if !shut_down() => {}
                End::Here | End::GivenUp => return Poll::Ready(self.end().expect("the run isn't over")),
            }
        }
    }

    /// Whether all nodes are complete, or nobody will go on with them but the owner. What is bound to the
    /// caller is run first, unless it is a node of this run that asks.
    pub(super) fn is_finished(&self) -> bool {
        self.block.is_none_or(|block| {
            // SAFETY: the block is there until `end`.
            let Block { run, team, executor, .. } = unsafe { block.as_ref() };
            run.iter().filter(|_| !context::is_in(team)).for_each(|run| run.serve(team));
            team.is_finished() || executor.shared.is_shut_down() && team.membership.is_empty()
        })
    }

    /// Ends the run, before its time if it isn't over, and gives the graph back. `None` if this was done before.
    pub(super) fn end(&mut self) -> Option<(Box<Body>, Ended)> {
        let block = self.block.take()?.as_ptr();
        // SAFETY: the block is there until it is taken away below; here for all three. Shared, as the workers' references are
        // who use it until the team is empty.
        let (run, typed) = (unsafe { &(*block).run }, unsafe { &(*block).typed });
        // SAFETY: as above.
        let team = unsafe { (*block).team };
        if let (Some(run), Some(typed)) = (run, typed) {
            if !team.is_finished() {
                typed.cancel();
            }
            run.end(team);
        }
        // Nobody else uses the block any more: the team is closed and empty. Its fields go from above.
        // SAFETY: as above; and from here on nothing else refers to these fields.
        let (run, typed) = (unsafe { &mut (*block).run }, unsafe { &mut (*block).typed });
        let thrown = run.take().and_then(|run| run.take_thrown());
        // SAFETY: as above, for both.
        drop(unsafe { (*block).lent.take() });
        // SAFETY: as above.
        unsafe { (*block).nodes = None };
        let course = typed.take().map(Run::into_course).unwrap_or_default();
        // SAFETY: nothing refers to the block; it isn't used as one after this.
        let Block { options, executor, mut body, .. } = unsafe { block.read() };
        // SAFETY: `block` came from such a `Box`.
        body.block = Some(Memory(unsafe { Box::from_raw(block.cast()) }));
        team.give_back();
        drop(executor);
        let dropped = body.let_go(&options, thrown.is_none() && !course.is_stopped());
        Some((body, Ended { options, course, thrown: thrown::first(thrown, dropped) }))
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        if let Some((body, ended)) = self.end() {
            ended.forget();
            drop(body);
        }
    }
}

/// How a run has ended.
pub(super) struct Ended {
    options: RunOptions,
    course: Course,
    thrown: Option<Payload>,
}

impl Ended {
    /// What the run gives; takes down in the graph what did not run, and why.
    ///
    /// # Panics
    ///
    /// With the panic of a node, unless the options catch it.
    pub(super) fn outcome(self, body: &mut Body) -> Result<(), RunError> {
        course::end(body, &self.options, self.course, self.thrown)
    }

    /// Nobody wants to know.
    pub(super) fn forget(self) {
        // What was thrown may panic again when it is dropped.
        self.thrown.into_iter().for_each(discard);
    }
}
