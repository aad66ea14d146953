//! The future of a run on the thread that polls it.

use super::drive::{AsyncRun, BUDGET};
use super::graph::{Body, Graph};
use super::local::Anywhere;
use super::options::RunOptions;
use super::results::Results;
use crate::run_error::RunError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs a graph on whatever thread polls it, made by [`Graph::run_async`].
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
    NotBegun(RunOptions),
    /// The run goes first: `Drop` closes it while the body is there.
    UnderWay(AsyncRun, Box<Body>),
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
        RunAsync { graph: Some(self), stage: Stage::NotBegun(options) }
    }
}

impl<'g, P> Future for RunAsync<'g, '_, P> {
    type Output = Result<Results<'g, P>, RunError>;

    /// # Panics
    ///
    /// If it has been [`Ready`](Poll::Ready), or has panicked, before.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let graph = this.graph.as_mut().expect("polled after its end");
        if let Stage::NotBegun(options) = &mut this.stage {
            let options = std::mem::take(options);
            match AsyncRun::begin(graph.body_mut(), options) {
                Ok(run) => this.stage = Stage::UnderWay(run, graph.lend()),
                Err(error) => {
                    this.end();
                    return Poll::Ready(Err(error));
                }
            }
        }
        let Stage::UnderWay(run, body) = &mut this.stage else { unreachable!("it has begun and isn't over") };
        let ended = match run.poll(body, BUDGET, context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(ended) => ended,
        };
        let graph = this.end().expect("not over before");
        Poll::Ready(ended.map(|()| graph.results()))
    }
}

impl<'g, 'env, P> RunAsync<'g, 'env, P> {
    /// Drops the futures that are left and gives the graph back.
    fn end(&mut self) -> Option<&'g mut Graph<'env, P>> {
        let mut graph = self.graph.take();
        if let (Stage::UnderWay(mut run, mut body), Some(graph)) =
            (std::mem::replace(&mut self.stage, Stage::Over), &mut graph)
        {
            let thrown = run.close(&mut body);
            graph.give_back(body);
            // A destructor that panics while a future is dropped: there is nobody to tell. What was thrown may panic again
            // when it is dropped.
            std::mem::forget(thrown);
        }
        graph
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
            Stage::NotBegun(_) => "not begun",
            Stage::UnderWay(..) => "under way",
            Stage::Over => "over",
        };
        f.debug_struct("RunAsync").field("stage", &stage).finish_non_exhaustive()
    }
}
