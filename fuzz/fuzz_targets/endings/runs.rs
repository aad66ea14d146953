//! How graphs are run, by the main thread and within nodes, and what may come of it.

use crate::demand;
use crate::nodes::{Built, check_all};
use crate::plan::{Act, Delay, How, Owner, Run};
use crate::values::Home;
use crate::world::{self, Lent, World};
use dgraph_exec::{Executor, FailurePolicy, Graph, NoResult, RunAsync, RunError, RunOptions, Spawned};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How a run has ended. `None`: nobody has waited for it.
pub(crate) type Ended = Option<Result<(), RunError>>;

/// Runs a graph; if that says that all is well, it is.
pub(crate) fn checked(
    built: &mut Built,
    run: impl FnOnce(&mut Graph<'static>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let ended = run(&mut built.graph);
    if ended.is_ok() {
        check_all(&built.graph.results(), &built.nodes);
    }
    ended
}

/// There is a reason for such an error.
pub(crate) fn check_error(world: &World, error: &RunError) {
    match error {
        RunError::Failed(failures) => {
            demand!(world.any_failure.load(SeqCst), "nothing has failed: {error}");
            for failure in failures {
                match failure.error().downcast_ref::<RunError>() {
                    None | Some(RunError::UnsetInputs(_)) => {}
                    Some(inner) => check_error(world, inner),
                }
            }
        }
        RunError::Panicked(_) => demand!(world.any_panic.load(SeqCst), "nothing has panicked: {error}"),
        RunError::Cancelled { not_run, interrupted, .. } => {
            let any =
                world.any_shutdown.load(SeqCst) || world.cancelled.iter().any(|token| token.load(SeqCst));
            demand!(
                any && !(not_run.is_empty() && interrupted.is_empty()),
                "nobody has cancelled anything: {error}"
            );
        }
        RunError::DeadlineExceeded { .. } => {
            demand!(world.plan.runs.iter().any(|run| run.deadline.is_some()), "no deadline: {error}");
        }
        _ => demand!(false, "it can't end so: {error}"),
    }
}

/// After whatever end: the results that are there are those of nodes that have run, and the other way round.
pub(crate) fn check_nodes(world: &World, built: &mut Built) {
    let results = built.graph.results();
    for &(node, id, moved) in &*built.nodes {
        match results.get(node) {
            Ok(value) => value.check_is_of(id),
            Err(absent) => {
                let gave = world.stages[id].gave.load(SeqCst);
                match absent {
                    NoResult::Moved { .. } => demand!(gave && moved, "node {id} {absent}"),
                    // Something was dropped after it had given its value.
                    NoResult::Panicked => {}
                    _ => demand!(!gave, "node {id} has given a value, but {absent}"),
                }
            }
        }
    }
}

/// Wakes a thread, and does something, once.
struct Owned {
    thread: Thread,
    woken: AtomicBool,
    act: Act,
    acted: AtomicBool,
    world: Arc<World>,
}

impl Wake for Owned {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
        self.thread.unpark();
        if self.act != Act::Nothing
            && !self.acted.swap(true, SeqCst)
            && !matches!(self.act, Act::DropSpawned(_))
        {
            self.world.act(self.act);
        }
    }
}

/// Waits for its end.
fn block_on<F: Future>(world: &Arc<World>, act: Act, future: F) -> F::Output {
    let owned = Arc::new(Owned {
        thread: thread::current(),
        woken: AtomicBool::new(false),
        act,
        acted: AtomicBool::new(false),
        world: Arc::clone(world),
    });
    let waker = Waker::from(Arc::clone(&owned));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while !owned.woken.swap(false, SeqCst) {
            thread::park();
        }
    }
}

/// Polls it so many times, with some time in between, unless it ends before.
fn poll<F: Future>(world: &World, mut future: Pin<&mut F>, polls: u8) -> Option<F::Output> {
    // Not polled at all, a future of a run never begins.
    for _ in 0..polls.max(1) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(output);
        }
        world.wait(Delay::Spin(20));
    }
    None
}

/// Whether a run of this graph may be forgotten: see [`World::may_forget`].
pub(crate) fn may_forget(home: &Home) -> bool {
    home.world.plan.executors[home.place.executor].anew
}

fn begin<'g>(
    graph: &'g mut Graph<'static>,
    executor: Option<Lent>,
    options: RunOptions,
) -> RunAsync<'g, Graph<'static>> {
    match executor {
        Some(executor) => graph.with(&options).run_parallel_async(&executor),
        None => graph.with(&options).run_async(),
    }
}

/// Runs the graph as a future, with which its owner does this.
pub(crate) fn run_as_future(
    home: &Home,
    built: &mut Option<Built>,
    owner: Owner,
    executor: Option<Lent>,
    options: RunOptions,
    token: Option<usize>,
    wake: Act,
) -> Ended {
    let world = &home.world;
    if let (Owner::Forgets(polls), true) = (owner, may_forget(home)) {
        world.scopes[home.scope].forgotten.store(true, SeqCst);
        let graph = Box::leak(Box::new(built.take().expect("a graph").graph));
        // So that it can be reached, also when the run is over: LeakSanitizer looks.
        world::forget(std::ptr::from_ref(graph).addr());
        let mut run = begin(graph, executor, options);
        let _ = poll(world, Pin::new(&mut run), polls);
        world::forget(run);
        return None;
    }
    let graph = &mut built.as_mut().expect("a graph").graph;
    let mut run = begin(graph, executor, options);
    match owner {
        Owner::Awaits => Some(block_on(world, wake, run).map(drop)),
        Owner::Drops(polls) | Owner::Forgets(polls) => {
            poll(world, Pin::new(&mut run), polls).map(|ended| ended.map(drop))
        }
        Owner::Cancels(polls) => {
            if let Some(ended) = poll(world, Pin::new(&mut run), polls) {
                return Some(ended.map(drop));
            }
            token.into_iter().for_each(|token| world.act(Act::Cancel(token)));
            Some(block_on(world, wake, run).map(drop))
        }
    }
}

/// Runs a graph as a future within a node, with no token of its own.
pub(crate) fn run_within(
    home: &Home,
    built: &mut Option<Built>,
    owner: Owner,
    executor: Option<Lent>,
    options: RunOptions,
) -> Ended {
    run_as_future(home, built, owner, executor, options, None, Act::Nothing)
}

/// What the main thread does with what it was given by `spawn`, if nobody has taken it. The graph, if it has
/// come back.
pub(crate) fn end_spawned(
    world: &Arc<World>,
    index: usize,
    mut spawned: Spawned,
) -> Option<(Graph<'static>, Result<(), RunError>)> {
    let Run { how, token, wake, .. } = world.plan.runs[index];
    let How::Spawn(owner) = how else { unreachable!("it was spawned") };
    match owner {
        Owner::Awaits => Some(block_on(world, wake, spawned)),
        Owner::Forgets(polls) if world.may_forget(index) => {
            if let Some(ended) = poll(world, Pin::new(&mut spawned), polls) {
                return Some(ended);
            }
            world.scopes[index].forgotten.store(true, SeqCst);
            world::forget(spawned);
            None
        }
        Owner::Drops(polls) | Owner::Forgets(polls) => poll(world, Pin::new(&mut spawned), polls),
        Owner::Cancels(polls) => {
            let ended = poll(world, Pin::new(&mut spawned), polls);
            ended.or_else(|| {
                token.into_iter().for_each(|token| world.act(Act::Cancel(token)));
                Some(block_on(world, wake, spawned))
            })
        }
    }
}

/// Runs the graph to its end in the way of `run`, with nothing in the way.
pub(crate) fn run_well(built: &mut Option<Built>, how: How, executor: &Executor) {
    let mut graph = built.take().expect("a graph");
    let ended = match how {
        How::Serial => checked(&mut graph, |graph| graph.run().map(drop)),
        How::Parallel => checked(&mut graph, |graph| graph.run_parallel(executor).map(drop)),
        How::Async(_) => checked(&mut graph, |graph| pollster::block_on(graph.run_async()).map(drop)),
        How::ParallelAsync(_) => {
            checked(&mut graph, |graph| pollster::block_on(graph.run_parallel_async(executor)).map(drop))
        }
        How::Spawn(_) => {
            let Built { graph: spawned, input, nodes } = graph;
            let (spawned, ended) = spawned.spawn(executor).join();
            graph = Built { graph: spawned, input, nodes };
            checked(&mut graph, |_| ended)
        }
    };
    demand!(ended.is_ok(), "nothing was in the way, but {}", ended.unwrap_err());
    *built = Some(graph);
}

pub(crate) fn options(world: &World, run: &Run) -> RunOptions {
    let mut options = RunOptions::new();
    if run.keep_going {
        options = options.policy(FailurePolicy::KeepGoing);
    }
    if let Some(token) = run.token {
        options = options.cancel_token(&world.tokens[token]);
    }
    if let Some(micros) = run.deadline {
        options = options.deadline(Instant::now() + Duration::from_micros(micros.into()));
    }
    if run.catch_panics {
        options = options.catch_panics();
    }
    if run.measure {
        options = options.measure();
    }
    options
}
