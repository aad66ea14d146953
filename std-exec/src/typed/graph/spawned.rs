//! A graph that was handed to an executor.

use super::built::Graph;
use super::runnable::Runnable;
use super::runnable::sealed::OURS;
use super::running::Running;
use super::with_options::WithOptions;
use crate::executor::Executor;
use crate::sync::thrown::discard;
use crate::typed::error::run_error::RunError;
use crate::typed::options::run_options::RunOptions;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A graph that runs on the workers of an executor, made by [`Graph::spawn`]. A future, and something to
/// [`join`](Self::join): both give the graph back, with its results, and say how the run has ended.
///
/// Dropping it ends the run: it blocks until the nodes that workers are in the middle of have returned, and
/// drops the graph. In a node of its own run that would wait for itself: there it returns at once, and the
/// last thread that leaves the run ends it. To wait for a run in one of its own nodes is a panic.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, Spawned};
///
/// let executor = Executor::new()?;
/// let mut nodes = Vec::new();
/// let mut runs: Vec<Spawned> = Vec::new();
/// for number in 0..3_u32 {
///     let mut graph = GraphBuilder::new();
///     nodes.push(graph.node("square", (), move || number * number));
///     runs.push(graph.build()?.spawn(&executor)); // side by side
/// }
/// for ((run, node), square) in runs.into_iter().zip(nodes).zip([0, 1, 4]) {
///     let (graph, outcome) = pollster::block_on(run); // in a task: `run.await`
///     outcome?;
///     assert_eq!(graph.results()[node], square);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it ends the run"]
pub struct Spawned<G: Runnable = Graph<'static>> {
    /// `None` when the run is over and the graph has been given back.
    graph: Option<G>,
    run: Running,
    /// Why it did not begin.
    refused: Option<RunError>,
}

#[cfg(feature = "async")]
impl Graph<'static> {
    /// Hands the graph to the workers of `executor`, which begin at once.
    ///
    /// If more runs are open than there are workers, they take turns: a worker that has worked on one for
    /// about 100 µs goes on with the next, between two nodes, also where nodes are bound to it or are to run
    /// in some order. A woken future's turn comes when the next node ends. A node that doesn't return isn't
    /// interrupted, though; and one that runs a graph itself, or a loop over [`Threads`](crate::Threads),
    /// returns when that is over. On an executor of one thread all other runs wait for that long.
    ///
    /// Futures that need a runtime's context, such as Tokio's timers and sockets, have to find it on the
    /// workers, also if this is called within one. One line enters it:
    /// [`ExecutorBuilder::around`](crate::ExecutorBuilder::around). Without it they panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// let executor = Executor::new()?;
    /// let mut graph = GraphBuilder::new();
    /// let answer = graph.node("answer", (), || 42);
    /// let spawned = graph.build()?.spawn(&executor);
    /// // ... something else, and at last:
    /// let (graph, outcome) = spawned.join();
    /// outcome?;
    /// assert_eq!(graph.results()[answer], 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn(self, executor: &Executor) -> Spawned {
        self.into_with(&RunOptions::new()).spawn(executor)
    }
}

#[cfg(feature = "async")]
impl<G: Runnable + Send + 'static> WithOptions<'_, G> {
    /// Hands the graph to the workers of `executor`, as [`Graph::spawn`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, Executor, GraphBuilder, RunError, RunOptions};
    ///
    /// let executor = Executor::new()?;
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// graph.async_node("for ever", (), async || std::future::pending::<()>().await);
    /// let options = RunOptions::new().cancel_token(&token);
    /// let spawned = graph.build()?.into_with(&options).spawn(&executor);
    /// token.cancel();
    /// let (_graph, outcome) = spawned.join();
    /// assert!(matches!(outcome, Err(RunError::Cancelled { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn spawn(self, executor: &Executor) -> Spawned<G> {
        executor.handle().check_process();
        let Self { mut graph, options } = self;
        let mut run = Running::on_workers(executor, options.clone());
        match catch_unwind(AssertUnwindSafe(|| run.begin(graph.held(OURS)).err())) {
            Ok(refused) => Spawned { graph: Some(graph), run, refused },
            Err(payload) => unwind_without(graph, payload),
        }
    }
}

/// The panic goes on, and takes the graph with it. Not while it unwinds: destructors of results may panic.
fn unwind_without<G>(graph: G, payload: Box<dyn Any + Send>) -> ! {
    discard(graph);
    resume_unwind(payload);
}

#[cfg(feature = "async")]
impl<G: Runnable> Spawned<G> {
    /// Blocks until the run is over. Gives back the graph, with its results, and how the run has ended.
    ///
    /// Not for nodes that run on the same executor: a worker that blocks here does nothing else, and if all
    /// do, they wait for each other. There, `await` it, or use [`run_parallel`](Graph::run_parallel), in
    /// which the caller works too.
    ///
    /// # Errors
    ///
    /// Beside the graph: see [`RunError`]. What did run has its results all the same.
    ///
    /// # Panics
    ///
    /// With the first panic of a node, unless the options [catch panics](RunOptions::catch_panics). The graph
    /// is dropped then, with what else went wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// let executor = Executor::new()?;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.try_node("number", (), || "x".parse::<i32>());
    /// let (graph, outcome) = graph.build()?.spawn(&executor).join();
    /// assert_eq!(outcome.unwrap_err().to_string(), "1 node failed: number");
    /// assert!(graph.results().get(number).is_err()); // the graph is back all the same
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(self) -> (G, Result<(), RunError>) {
        pollster::block_on(self)
    }

    /// Whether all nodes are complete, so that [`join`](Self::join) wouldn't wait long. Never blocks: for a
    /// loop that does something else meanwhile, such as a game's.
    ///
    /// Nodes that are [bound to the caller](crate::GraphBuilder::on_caller) are run by the thread that asks,
    /// since nobody else runs them: those that are ready, each to its end. What they panic with is for
    /// `join`.
    ///
    /// Also true if there is nothing to wait for because the executor has no threads: they have ended, which
    /// ends the run, or the system has refused any, and then `join` runs the nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::sync::mpsc;
    /// use std::thread;
    ///
    /// let executor = Executor::builder().threads(2).build()?;
    /// let (send, receive) = mpsc::channel();
    /// let mut graph = GraphBuilder::new();
    /// let wait = graph.try_node("wait", (), move || receive.recv());
    /// let show = graph.node("show", (wait,), |(): &()| println!("on the thread that asks"));
    /// graph.on_caller(show);
    /// let spawned = graph.build()?.spawn(&executor);
    /// assert!(!spawned.is_finished()); // it waits for us
    /// send.send(())?;
    /// while !spawned.is_finished() {
    ///     thread::yield_now(); // or draw the next frame
    /// }
    /// spawned.join().1?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.refused.is_some() || self.run.is_finished()
    }
}

/// No pointers into the graph are made of its own place.
impl<G: Runnable> Unpin for Spawned<G> {}

impl<G: Runnable> Future for Spawned<G> {
    type Output = (G, Result<(), RunError>);

    /// # Panics
    ///
    /// As [`join`](Self::join); and if it has been [`Ready`](Poll::Ready) before.
    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let graph = this.graph.as_mut().expect("polled after its end");
        let outcome = match this.refused.take() {
            Some(error) => Err(error),
            None => match catch_unwind(AssertUnwindSafe(|| this.run.poll(graph.held(OURS), context))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(outcome)) => outcome,
                Err(payload) => {
                    let mut graph = this.graph.take().expect("it was there");
                    this.run.end(graph.held(OURS)); // if it was no node that panicked
                    unwind_without(graph, payload);
                }
            },
        };
        let graph = this.graph.take().expect("it was there");
        Poll::Ready((graph, outcome))
    }
}

impl<G: Runnable> Drop for Spawned<G> {
    fn drop(&mut self) {
        if let Some(graph) = &mut self.graph {
            self.run.end(graph.held(OURS));
        }
    }
}

impl<G: Runnable> fmt::Debug for Spawned<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawned").field("run", &self.run).finish_non_exhaustive()
    }
}
