//! The future of a run, on the thread that polls it or on the workers of an executor.

use super::detached::Detached;
use super::drive::{AsyncRun, BUDGET};
use super::graph::{Body, Graph};
use super::local::Anywhere;
use super::options::RunOptions;
use super::results::Results;
use super::run;
use crate::crew::discard;
use crate::executor::{Executor, Handle};
use crate::run_error::RunError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a graph, on whatever thread polls it ([`Graph::run_async`]) or on the workers of an executor
/// ([`Graph::run_parallel_async`]).
///
/// Nothing happens before it is first polled. Dropping it ends the run: futures of nodes are dropped then and there, and the
/// graph can be used again at once. (If it is leaked, by [`std::mem::forget`] for example, so is what the graph holds, and
/// using the graph panics.)
#[must_use = "futures do nothing unless polled"]
pub struct RunAsync<'g, 'env, P = Anywhere> {
    /// `None` when the run is over.
    graph: Option<&'g mut Graph<'env, P>>,
    stage: Stage,
}

enum Stage {
    /// With an executor: on its workers.
    NotBegun(RunOptions, Option<Handle>),
    Here(AsyncRun, Box<Body>),
    OnWorkers(Detached),
    Over,
}

impl<'env, P> Graph<'env, P> {
    /// Runs every node once on the thread that polls the future: all that are ready, one after the other, those with futures
    /// side by side. Only futures that were woken are polled again. No runtime is needed, and any will do.
    ///
    /// Ordinary nodes run in between. After some hundred nodes the run yields to whatever else its task has to do, and a future that
    /// wakes itself for ever takes turns with the others. Limits and priorities hold; nodes that are bound to the caller or
    /// to a worker run like the others. A [deadline](RunOptions::deadline) is looked at whenever the run goes on; to end one
    /// that waits, drop its future (as a runtime's `timeout` does) or [cancel](crate::CancelToken::cancel) its token.
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// async fn fetch(page: &u32) -> String { format!("page {page}") }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.node("number", (), || 7_u32);
    /// let page = graph.async_node("page", (number,), fetch);
    /// let length = graph.node("length", (page,), |page: &String| page.len());
    /// let mut graph = graph.build()?;
    ///
    /// pollster::block_on(async {
    ///     let results = graph.run_async().await?;
    ///     assert_eq!((results[page].as_str(), results[length]), ("page 7", 6));
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// When it is polled: with the panic of a node; the graph can be used again at once.
    pub fn run_async(&mut self) -> RunAsync<'_, 'env, P> {
        self.run_async_with(RunOptions::new())
    }

    /// As [`run_async`](Self::run_async), with choices.
    ///
    /// # Errors
    ///
    /// See [`RunError`]. What results there are can be had from [`results`](Self::results).
    ///
    /// # Panics
    ///
    /// As [`run_async`](Self::run_async), unless the options [catch panics](RunOptions::catch_panics).
    pub fn run_async_with(&mut self, options: RunOptions) -> RunAsync<'_, 'env, P> {
        RunAsync { graph: Some(self), stage: Stage::NotBegun(options, None) }
    }
}

impl Graph<'static> {
    /// Runs every node once on the workers of `executor`, while the future that this gives waits. They begin when it is first polled.
    ///
    /// Nodes run as in [`run_parallel`](Self::run_parallel), but none on the thread that polls. When a future of a node is woken, whichever worker
    /// is free polls it, before it starts other nodes. Where to `await` it doesn't matter; [`run_parallel`](Self::run_parallel) blocks instead.
    ///
    /// The graph must own its data, since a future can be leaked. Dropping the future ends the run: it blocks until the nodes that
    /// workers are in the middle of have returned, and drops the futures that are left. If the executor is dropped, the run
    /// is [cancelled](RunError::Cancelled).
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// async fn fetch(page: &u32) -> String { format!("page {page}") }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.node("number", (), || 7_u32);
    /// let page = graph.async_node("page", (number,), fetch);
    /// let mut graph = graph.build()?;
    ///
    /// let executor = Executor::new()?;
    /// pollster::block_on(async {
    ///     assert_eq!(graph.run_parallel_async(&executor).await?[page], "page 7");
    ///     Ok::<(), Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run_parallel`](Self::run_parallel).
    ///
    /// # Panics
    ///
    /// When it is polled: with the first panic of a node; the graph can be used again at once.
    pub fn run_parallel_async(&mut self, executor: &Executor) -> RunAsync<'_, 'static> {
        self.run_parallel_async_with(executor, RunOptions::new())
    }

    /// As [`run_parallel_async`](Self::run_parallel_async), with choices.
    ///
    /// # Errors
    ///
    /// See [`RunError`]. What results there are can be had from [`results`](Self::results).
    ///
    /// # Panics
    ///
    /// As [`run_parallel_async`](Self::run_parallel_async), unless the options [catch panics](RunOptions::catch_panics).
    pub fn run_parallel_async_with(
        &mut self,
        executor: &Executor,
        options: RunOptions,
    ) -> RunAsync<'_, 'static> {
        let executor = Some(executor.handle().clone());
        RunAsync { graph: Some(self), stage: Stage::NotBegun(options, executor) }
    }
}

impl<'g, 'env, P> Future for RunAsync<'g, 'env, P> {
    type Output = Result<Results<'g, P>, RunError>;

    /// # Panics
    ///
    /// If it has been [`Ready`](Poll::Ready), or has panicked, before.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let graph = this.graph.as_mut().expect("polled after its end");
        if matches!(this.stage, Stage::NotBegun(..)) {
            // If beginning panics, it is over.
            let stage = std::mem::replace(&mut this.stage, Stage::Over);
            if let Stage::NotBegun(options, executor) = stage {
                match begin(graph, options, executor) {
                    Ok(stage) => this.stage = stage,
                    Err(error) => {
                        this.end();
                        return Poll::Ready(Err(error));
                    }
                }
            }
        }
        let outcome = match &mut this.stage {
            Stage::Here(run, body) => match run.poll(body, BUDGET, context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(outcome) => outcome,
            },
            Stage::OnWorkers(run) => match run.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready((body, ended)) => {
                    this.stage = Stage::Over;
                    graph.give_back(body);
                    ended.outcome(graph.body_mut())
                }
            },
            Stage::NotBegun(..) | Stage::Over => panic!("polled after its end"),
        };
        let graph = this.end().expect("not over before");
        Poll::Ready(outcome.map(|()| graph.results()))
    }
}

/// Takes the body of the graph for a run.
fn begin<P>(
    graph: &mut Graph<'_, P>,
    options: RunOptions,
    executor: Option<Handle>,
) -> Result<Stage, RunError> {
    match executor {
        Some(executor) if executor.workers > 0 && graph.body().schedule.is_none() => {
            executor.check_process();
            // Before the body is lent: if it panics, the graph still has it.
            let course = run::begin(graph.body_mut(), Some(&executor), &options)?;
            // SAFETY: only `Graph<'static>` names an executor: it borrows nothing, and its nodes may run anywhere.
            Ok(Stage::OnWorkers(unsafe { Detached::begin(graph.lend(), executor, options, course) }))
        }
        _ => AsyncRun::begin(graph.body_mut(), options).map(|run| Stage::Here(run, graph.lend())),
    }
}

impl<'g, 'env, P> RunAsync<'g, 'env, P> {
    /// Drops the futures that are left and gives the graph back.
    fn end(&mut self) -> Option<&'g mut Graph<'env, P>> {
        let graph = self.graph.take()?;
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Here(mut run, mut body) => {
                // A destructor that panics while a future is dropped: there is nobody to tell. What was thrown may panic again
                // when it is dropped.
                run.close(&mut body).into_iter().for_each(discard);
                graph.give_back(body);
            }
            Stage::OnWorkers(mut run) => {
                if let Some((body, ended)) = run.end() {
                    ended.forget();
                    graph.give_back(body);
                }
            }
            Stage::NotBegun(..) | Stage::Over => {}
        }
        Some(graph)
    }
}

impl<P> Drop for RunAsync<'_, '_, P> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<P> fmt::Debug for RunAsync<'_, '_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::NotBegun(..) => "not begun",
            Stage::Here(..) | Stage::OnWorkers(_) => "under way",
            Stage::Over => "over",
        };
        f.debug_struct("RunAsync").field("stage", &stage).finish_non_exhaustive()
    }
}
