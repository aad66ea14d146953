//! The verbs that run a graph over ranks; and options, which combine with each verb.

use super::DistributedGraph;
use super::results::DistributedResults;
use super::run::{begin, drive, finish, settle};
use crate::errors::DistributedRunError;
use crate::exec::Executor;
use crate::link::{Link, block_on};
use crate::options::RankOptions;
use std::fmt;

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
    /// [`LinkError`](crate::LinkError).
    pub fn run(&mut self, link: &mut Link) -> Result<DistributedResults<'_>, DistributedRunError> {
        self.with(&RankOptions::new()).run(link)
    }

    /// Runs every node once, each on its owner, for a thread that has something else to do meanwhile. The
    /// future looks for messages whenever it is polled, and wakes itself. If it is dropped before its end,
    /// the runs of all ranks end with a [`LinkError`](crate::LinkError).
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
        link.set_has_time(true);
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
        link.set_has_time(false);
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
        link.set_has_time(true);
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

impl fmt::Debug for WithRankOptions<'_, '_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graph, options } = self;
        f.debug_struct("WithRankOptions").field("graph", graph).field("options", options).finish()
    }
}
