//! Nodes that are futures.

use super::{DistributedBuilder, DistributedName};
use crate::gate::Settle;
use crate::handle::DistributedNode;
use crate::local::{RankAsyncFn, Sources};
use crate::wire::Wire;

impl<'env> DistributedBuilder<'env> {
    /// Adds a node that runs an async closure or function on its owner, after `sources`, and is fed their
    /// results. Other nodes of the rank, and messages, go on while its future waits.
    ///
    /// The thread that runs the graph goes on looking for messages meanwhile. It polls the future when that
    /// was woken; what wakes it (a runtime's reactor, a thread) is the program's. If the link has a
    /// [timeout](crate::Link::set_timeout), a future that waits for longer, on a rank that has nothing else
    /// to do, ends the run of all ranks, as a value that doesn't come does.
    ///
    /// The future lies in a box of its own, for as long as it lives.
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes; if `name` is a node that another graph has declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::{DistributedBuilder, InProcess, Link, Owners};
    ///
    /// async fn fetch(page: &u32) -> String { format!("page {page}") }
    ///
    /// let mut link = Link::new(InProcess::network(1).remove(0));
    /// let mut graph = DistributedBuilder::new();
    /// let number = graph.node("number", (), || 7_u32);
    /// let page = graph.async_node("page", (number,), fetch);
    /// let length = graph.async_node("length", (page,), async |page: &String| page.len());
    /// let mut graph = graph.build(&mut link, &Owners::Blocks)?;
    /// assert_eq!(graph.run(&mut link)?[length], 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn async_node<S, F, T>(
        &mut self,
        name: impl DistributedName<T>,
        sources: S,
        function: F,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: for<'a> RankAsyncFn<'a, S, Output = T> + 'env,
        T: Wire,
    {
        self.add_async(name, sources, function, Ok)
    }

    /// Adds an [async node](Self::async_node) that may fail. What depends on it is then skipped, on all
    /// ranks.
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes; if `name` is a node that another graph has declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    ///
    /// async fn parse(text: &String) -> Result<u32, std::num::ParseIntError> { text.parse() }
    ///
    /// let mut graph = DistributedBuilder::new();
    /// let text = graph.node("text", (), || String::from("4x"));
    /// graph.try_async_node("number", (text,), parse);
    /// ```
    pub fn try_async_node<S, F, T, E>(
        &mut self,
        name: impl DistributedName<T>,
        sources: S,
        function: F,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: for<'a> RankAsyncFn<'a, S, Output = Result<T, E>> + 'env,
        T: Wire,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        self.add_async(name, sources, function, |outcome| outcome.map_err(Into::into))
    }

    fn add_async<S, F, O, T>(
        &mut self,
        name: impl DistributedName<T>,
        sources: S,
        function: F,
        settle: Settle<O, T>,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: for<'a> RankAsyncFn<'a, S, Output = O> + 'env,
        O: 'static,
        T: Wire,
    {
        let node = name.enter(self);
        self.feed(node, &sources);
        self.define(node, Box::new(move |part, node| part.async_node(node, &sources, function, settle)));
        node
    }
}
