//! The verbs that run a graph over ranks; and options, which combine with each verb.

use crate::errors::DistributedRunError;
use crate::fault::{Fault, FaultKind, Faults};
use crate::graph::{DistributedGraph, DistributedResults, RankStatistics, begin, settle};
use crate::link::{Link, Operation, block_on, next_turn};
use crate::link_error::LinkError;
use crate::local::{Ended, Executor, PartRun};
use crate::options::RankOptions;
use crate::port::Port;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;

/// A graph over ranks, and the [options](RankOptions) of the run that is asked of it next. Made by
/// [`DistributedGraph::with`]; its verbs are those of the graph.
#[must_use = "nothing has run yet"]
pub struct WithRankOptions<'g, 'o, 'env> {
    graph: &'g mut DistributedGraph<'env>,
    options: &'o RankOptions,
}

impl<'env> DistributedGraph<'env> {
    /// Runs every node once, each on its owner. All ranks do it together; each on the thread that calls this,
    /// which carries messages in between.
    ///
    /// # Errors
    ///
    /// What went wrong, the same on all ranks: nodes that failed or panicked, a cancel. Nodes that did run
    /// have their results all the same, see [`results`](Self::results). If the ranks have lost each other, a
    /// [`LinkError`].
    pub fn run(&mut self, link: &mut Link) -> Result<DistributedResults<'_>, DistributedRunError> {
        self.with(&RankOptions::new()).run(link)
    }

    /// Runs every node once, each on its owner, for a thread that has something else to do meanwhile. The
    /// future looks for messages whenever it is polled, and wakes itself. If it is dropped before its end,
    /// the runs of all ranks end with a [`LinkError`].
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_async(
        &mut self,
        link: &mut Link,
    ) -> Result<DistributedResults<'_>, DistributedRunError> {
        self.with(&RankOptions::new()).run_async(link).await
    }

    /// The graph with [options](RankOptions) for its next run. On it, call the verb that says where to run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::{CancelToken, DistributedBuilder, InProcess, Link, Owners, RankOptions};
    ///
    /// let mut link = Link::new(InProcess::network(1).pop().unwrap());
    /// let mut graph = DistributedBuilder::new();
    /// let a = graph.node("a", (), || 5);
    /// let mut graph = graph.build(&mut link, &Owners::Blocks)?;
    /// let token = CancelToken::new();
    /// let options = RankOptions::new().cancel_token(&token);
    /// assert_eq!(graph.with(&options).run(&mut link)?[a], 5);
    /// token.cancel();
    /// assert_eq!(graph.with(&options).run(&mut link).unwrap_err().to_string(), "cancelled by rank 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with<'g, 'o>(&'g mut self, options: &'o RankOptions) -> WithRankOptions<'g, 'o, 'env> {
        WithRankOptions { graph: self, options }
    }
}

impl DistributedGraph<'static> {
    /// Runs every node once, each on its owner, on the workers of `executor` there, while the calling thread
    /// carries messages and waits.
    ///
    /// Only the calling thread uses the transport. It looks for messages all the time, so it needs a core of
    /// its own: give the executor one thread less than the rank has cores. What a node sends goes out when
    /// this thread comes by.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_parallel(
        &mut self,
        link: &mut Link,
        executor: &Executor,
    ) -> Result<DistributedResults<'_>, DistributedRunError> {
        self.with(&RankOptions::new()).run_parallel(link, executor)
    }
}

impl<'g, 'env> WithRankOptions<'g, '_, 'env> {
    /// Runs every node once, as [`DistributedGraph::run`] does.
    ///
    /// # Errors
    ///
    /// As [`DistributedGraph::run`].
    pub fn run(self, link: &mut Link) -> Result<DistributedResults<'g>, DistributedRunError> {
        let Self { graph, options } = self;
        link.core_mut().patient = true;
        block_on(go(graph, link, options))?;
        Ok(graph.results())
    }

    /// Runs every node once, as [`DistributedGraph::run_async`] does.
    ///
    /// # Errors
    ///
    /// As [`DistributedGraph::run`].
    pub async fn run_async(self, link: &mut Link) -> Result<DistributedResults<'g>, DistributedRunError> {
        let Self { graph, options } = self;
        link.core_mut().patient = false;
        go(graph, link, options).await?;
        Ok(graph.results())
    }
}

impl<'g> WithRankOptions<'g, '_, 'static> {
    /// Runs every node once, as [`DistributedGraph::run_parallel`] does.
    ///
    /// # Errors
    ///
    /// As [`DistributedGraph::run`].
    pub fn run_parallel(
        self,
        link: &mut Link,
        executor: &Executor,
    ) -> Result<DistributedResults<'g>, DistributedRunError> {
        let Self { graph, options } = self;
        link.core_mut().patient = true;
        let DistributedGraph { port, part, statistics, link: built_over, .. } = graph;
        let mut run = begin(link, *built_over, port, options)?;
        let token = port.set_policy(options.policy);
        let faults = block_on(drive(&mut run, port, part.run_parallel(&token, executor)))?;
        *statistics = finish(run, port);
        settle(faults)?;
        Ok(graph.results())
    }
}

/// A run on the thread that polls.
async fn go(
    graph: &mut DistributedGraph<'_>,
    link: &mut Link,
    options: &RankOptions,
) -> Result<(), DistributedRunError> {
    let DistributedGraph { port, part, statistics, link: built_over, .. } = graph;
    let mut run = begin(link, *built_over, port, options)?;
    let token = port.set_policy(options.policy);
    let faults = drive(&mut run, port, part.run(&token)).await?;
    *statistics = finish(run, port);
    settle(faults)
}

/// A run of this rank's part, and then what all ranks have come to.
async fn drive(
    operation: &mut Operation<'_>,
    port: &Port,
    mut run: PartRun<'_, '_>,
) -> Result<Faults, LinkError> {
    loop {
        let mut busy = operation.core().look()?;
        let step = {
            let _entered = operation.link().enter();
            run.go_on()
        };
        match step {
            None => {}
            Some(Poll::Pending) => busy = true,
            Some(Poll::Ready(ended)) => {
                if let Ended::Broken(error) = ended {
                    let fault = Fault::new(FaultKind::NotRun, port.plan().rank(), None);
                    port.record(fault.with_error(Arc::from(error)));
                }
                break;
            }
        }
        let core = operation.core();
        if port.elsewhere() > 0 {
            core.stay();
        }
        core.rest(busy, &mut |_| port.waiting())?;
        next_turn().await;
    }
    drop(run);
    let own = port.faults();
    let mut verdict = operation.agree(own.clone()).await?;
    verdict.adopt(&own);
    Ok(verdict)
}

/// All ranks have come to the end of a run.
fn finish(mut run: Operation<'_>, port: &Port) -> RankStatistics {
    let core = run.core();
    if let (0, Some(progress)) = (core.rank(), &core.watch.progress) {
        progress.set(port.plan().nodes() as u64);
    }
    let took = core.elapsed() - core.began;
    let statistics = RankStatistics { nodes: port.done(), took, waited: core.waited };
    run.end();
    statistics
}

impl fmt::Debug for WithRankOptions<'_, '_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graph, options } = self;
        f.debug_struct("WithRankOptions").field("graph", graph).field("options", options).finish()
    }
}
