//! A graph over ranks, and what ranks do with it.

mod gather;
mod results;
mod run;
mod with_options;

pub use results::DistributedResults;
pub use run::RankStatistics;
pub use with_options::WithRankOptions;

use crate::errors::{DistributedRunError, Unavailable};
use crate::handle::{DistributedInput, DistributedNode};
use crate::link::{Link, block_on};
use crate::local::Part;
use crate::options::RankOptions;
use crate::port::Port;
use crate::wire::Wire;
use gather::gather;
use run::begin;
use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

/// A graph over the ranks of a job: this rank's part of it. Made by
/// [`DistributedBuilder`](crate::DistributedBuilder).
///
/// It runs any number of times, and what ranks do with it they do together, in the same order. When a run has
/// ended, all ranks know how: none has the result of one while another has an error, unless the ranks have
/// lost each other.
pub struct DistributedGraph<'env> {
    builder: u64,
    port: Arc<Port>,
    part: Part<'env>,
    types: Vec<TypeId>,
    link: u64,
    statistics: RankStatistics,
}

impl<'env> DistributedGraph<'env> {
    pub(crate) fn new(
        builder: u64,
        port: Arc<Port>,
        part: Part<'env>,
        types: Vec<TypeId>,
        link: u64,
    ) -> Self {
        Self { builder, port, part, types, link, statistics: RankStatistics::default() }
    }

    /// The results of this rank's part, however the last run has ended.
    #[must_use]
    pub fn results(&self) -> DistributedResults<'_> {
        DistributedResults::new(self.part.results(), &self.port, self.builder)
    }

    /// Moves out what `node` gave in the last run.
    ///
    /// # Errors
    ///
    /// Why this rank has no value of it.
    pub fn take<T: Wire>(&mut self, node: DistributedNode<T>) -> Result<T, Unavailable> {
        if node.builder() != self.builder {
            return Err(Unavailable::ForeignHandle);
        }
        match self.part.take(node.index()) {
            Some(got) => got.map_err(Unavailable::NoResult),
            None => Err(Unavailable::Elsewhere { owner: self.port.plan().owner(node.index()) }),
        }
    }

    /// What the last run was like on this rank.
    #[must_use]
    pub fn statistics(&self) -> RankStatistics {
        self.statistics
    }

    /// Sets an input, for all runs until it is set again, if this rank owns it; otherwise the value is
    /// dropped. Whether this rank owns it.
    ///
    /// # Panics
    ///
    /// If the input is another graph's.
    pub fn set<T: Wire>(&mut self, input: DistributedInput<T>, value: T) -> bool {
        assert!(input.node().builder() == self.builder, "the handle of an input of another graph");
        self.part.set(input, value).is_ok()
    }

    /// The rank that owns a node.
    ///
    /// # Panics
    ///
    /// If the node is another graph's.
    #[must_use]
    pub fn owner<T>(&self, node: DistributedNode<T>) -> usize {
        assert!(node.builder() == self.builder, "the handle of a node of another graph");
        self.port.plan().owner(node.index())
    }

    /// How many dependencies lead from one rank to another, and how many messages these take in a run, over
    /// all ranks. A value goes to a rank once, however many nodes need it there; where nodes only come
    /// [after](crate::DistributedBuilder::after) another, that it has ended.
    #[must_use]
    pub fn cut(&self) -> (usize, usize) {
        self.port.plan().cut()
    }

    /// How many nodes there are, on all ranks.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.port.plan().nodes()
    }

    /// The nodes of this name that give a `T`, in the order of their declaration.
    #[must_use]
    pub fn named<T: 'static>(&self, name: &str) -> Vec<DistributedNode<T>> {
        let plan = self.port.plan();
        let fits = |&node: &usize| plan.name(node) == name && self.types[node] == TypeId::of::<T>();
        let handle =
            |node| DistributedNode::new(self.builder, u32::try_from(node).expect("fewer than 2^32 nodes"));
        (0..plan.nodes()).filter(fits).map(handle).collect()
    }

    /// Collects what nodes gave in the last run on rank `to`. All ranks do it together, with the same nodes.
    /// `None` on the others.
    ///
    /// # Errors
    ///
    /// If a node has no value, on all ranks; if the ranks have lost each other.
    ///
    /// # Panics
    ///
    /// If a node is another graph's, or there is no such rank.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::{DistributedBuilder, InProcess, Link, Owners};
    /// std::thread::scope(|scope| {
    ///     for end in InProcess::network(3) {
    ///         scope.spawn(move || {
    ///             let mut link = Link::new(end);
    ///             let mut graph = DistributedBuilder::new();
    ///             for tile in 0..6_u32 {
    ///                 graph.node("tile", (), move || tile * tile);
    ///             }
    ///             let mut graph = graph.build(&mut link, &Owners::Blocks).unwrap();
    ///             graph.run(&mut link).unwrap();
    ///             let tiles = graph.named::<u32>("tile");
    ///             match graph.gather(&mut link, 1, &tiles).unwrap() {
    ///                 Some(squares) => assert_eq!((link.rank(), &squares[..]), (1, &[0, 1, 4, 9, 16, 25][..])),
    ///                 None => assert_ne!(link.rank(), 1),
    ///             }
    ///         });
    ///     }
    /// });
    /// ```
    pub fn gather<T: Wire>(
        &mut self,
        link: &mut Link,
        to: usize,
        nodes: &[DistributedNode<T>],
    ) -> Result<Option<Vec<T>>, DistributedRunError> {
        link.set_has_time(true);
        block_on(self.gather_async(link, to, nodes))
    }

    /// Collects what nodes gave as [`gather`](Self::gather) does, for a thread that has something else to do
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// If a node has no value, on all ranks; if the ranks have lost each other.
    ///
    /// # Panics
    ///
    /// If a node is another graph's, or there is no such rank.
    pub async fn gather_async<T: Wire>(
        &mut self,
        link: &mut Link,
        to: usize,
        nodes: &[DistributedNode<T>],
    ) -> Result<Option<Vec<T>>, DistributedRunError> {
        assert!(to < link.size(), "there is no rank {to}");
        assert!(nodes.iter().all(|node| node.builder() == self.builder), "the handle of another graph");
        let operation = begin(link, self.link, &self.port, &RankOptions::new())?;
        let plan = self.port.plan();
        gather(operation, plan, &self.part.results(), to, nodes).await
    }
}

impl fmt::Debug for DistributedGraph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.port.plan();
        f.debug_struct("DistributedGraph")
            .field("nodes", &plan.nodes())
            .field("rank", &plan.rank())
            .field("ranks", &plan.ranks())
            .finish_non_exhaustive()
    }
}
