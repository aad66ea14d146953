//! The ways to run a typed graph.

use crate::plan::How;
use dgraph_exec::{
    CancelToken, Executor, Graph, Instance, RunAsync, RunError, RunOptions, Runnable, Spawned,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

/// How a run has ended, for whoever lives to see it. `None` if its future was dropped before.
pub(super) type Ended = Option<Result<(), RunError>>;

/// A graph, or an instance.
pub(super) trait Run: Runnable + Sized + 'static {
    fn graph(&mut self) -> &mut Graph<'static>;
    fn spawn(self, options: &RunOptions, executor: &Executor) -> Spawned<Self>;
}

impl Run for Graph<'static> {
    fn graph(&mut self) -> &mut Self {
        self
    }

    fn spawn(self, options: &RunOptions, executor: &Executor) -> Spawned<Self> {
        self.into_with(options).spawn(executor)
    }
}

impl Run for Instance<'static> {
    fn graph(&mut self) -> &mut Graph<'static> {
        self
    }

    fn spawn(self, options: &RunOptions, executor: &Executor) -> Spawned<Self> {
        self.into_with(options).spawn(executor)
    }
}

/// Runs the graph. It is gone if it was handed over and not given back: whoever drops what [`Graph::spawn`]
/// gives drops the graph, and so does a panic of a node.
pub(super) fn run<G: Run>(
    graph: &mut Option<G>,
    how: How,
    executor: Option<&Executor>,
    options: &RunOptions,
    token: &CancelToken,
) -> thread::Result<Ended> {
    catch_unwind(AssertUnwindSafe(|| run_so(graph, how, executor, options, token)))
}

fn run_so<G: Run>(
    all: &mut Option<G>,
    how: How,
    executor: Option<&Executor>,
    options: &RunOptions,
    token: &CancelToken,
) -> Ended {
    const THERE: &str = "a graph";
    let graph = all.as_mut().expect(THERE).graph();
    match (how, executor) {
        (How::Blocks, None) => Some(graph.with(options).run().map(drop)),
        (How::Blocks, Some(executor)) => Some(graph.with(options).run_parallel(executor).map(drop)),
        (How::Drops(polls), _) => poll(begin(graph, executor, options), polls),
        (How::Cancels(polls), _) => {
            let mut run = pin!(begin(graph, executor, options));
            let ended = poll(run.as_mut(), polls);
            token.cancel();
            ended.or_else(|| Some(pollster::block_on(run).map(drop)))
        }
        (How::Joins, Some(executor)) => {
            let (graph, ended) = all.take().expect(THERE).spawn(options, executor).join();
            *all = Some(graph);
            Some(ended)
        }
        (How::Abandons, Some(executor)) => {
            drop(all.take().expect(THERE).spawn(options, executor));
            None
        }
        (How::Awaits | How::Joins | How::Abandons, _) => {
            Some(pollster::block_on(begin(graph, executor, options)).map(drop))
        }
    }
}

fn begin<'g>(
    graph: &'g mut Graph<'static>,
    executor: Option<&Executor>,
    options: &RunOptions,
) -> RunAsync<'g, Graph<'static>> {
    match executor {
        Some(executor) => graph.with(&options).run_parallel_async(executor),
        None => graph.with(&options).run_async(),
    }
}

/// Polls the run so many times, unless it ends before.
fn poll<'g>(run: impl Future<Output = Result<dgraph_exec::Results<'g>, RunError>>, polls: u8) -> Ended {
    let mut run = pin!(run);
    for _ in 0..polls {
        if let Poll::Ready(ended) = run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(ended.map(drop));
        }
        thread::yield_now();
    }
    None
}
