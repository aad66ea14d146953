//! A graph over ranks, and what ranks do with it.

use crate::errors::{DistributedRunError, Unavailable};
use crate::fault::{Fault, FaultKind, Faults};
use crate::handle::{DistributedInput, DistributedNode};
use crate::link::{Link, Operation, block_on};
use crate::link_error::{LinkError, Waiting};
use crate::local::{Part, PartResults};
use crate::message::Kind;
use crate::options::RankOptions;
use crate::port::Port;
use crate::wire::Wire;
use std::any::TypeId;
use std::fmt;
use std::ops::Index;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A graph over the ranks of a job: this rank's part of it. Made by
/// [`DistributedBuilder`](crate::DistributedBuilder).
///
/// It runs any number of times, and what ranks do with it they do together, in the same order. When a run has
/// ended, all ranks know how: none has the result of one while another has an error, unless the ranks have
/// lost each other.
pub struct DistributedGraph<'env> {
    builder: u64,
    pub(crate) port: Arc<Port>,
    pub(crate) part: Part<'env>,
    types: Vec<TypeId>,
    pub(crate) link: u64,
    pub(crate) statistics: RankStatistics,
}

/// What a run was like on one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RankStatistics {
    /// How many nodes have ended on this rank.
    pub nodes: u64,
    /// How long the run took.
    pub took: Duration,
    /// How long this rank has waited for others, with nothing to do.
    pub waited: Duration,
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
        DistributedResults { results: self.part.results(), port: &self.port, builder: self.builder }
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

    /// How many dependencies lead from one rank to another, and how many values travel in a run, over all
    /// ranks. A value goes to a rank once, however many nodes need it there.
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
        link.core_mut().patient = true;
        block_on(self.gather_async(link, to, nodes))
    }

    /// Collects what nodes gave as [`gather`](Self::gather) does, for a thread that has something else to do
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// As [`gather`](Self::gather).
    ///
    /// # Panics
    ///
    /// As [`gather`](Self::gather).
    pub async fn gather_async<T: Wire>(
        &mut self,
        link: &mut Link,
        to: usize,
        nodes: &[DistributedNode<T>],
    ) -> Result<Option<Vec<T>>, DistributedRunError> {
        assert!(to < link.size(), "there is no rank {to}");
        assert!(nodes.iter().all(|node| node.builder() == self.builder), "the handle of another graph");
        let here = link.rank();
        let mut operation = begin(link, self.link, &self.port, &RankOptions::new())?;
        let (plan, mut faults) = (self.port.plan(), Faults::default());
        let mut values: Vec<Option<T>> = nodes.iter().map(|_| None).collect();
        let mut missing = 0;
        let results = self.part.results();
        let pool = Mutex::default();
        for (at, node) in nodes.iter().enumerate() {
            let node = node.index();
            if !plan.is_own(node) {
                missing += usize::from(to == here);
                continue;
            }
            let fault = |kind| Fault::new(kind, here, Some((node, plan.name(node).to_owned())));
            let packed = match results.get::<T>(node) {
                Some(Ok(value)) => {
                    value.pack(&pool).map_err(|error| fault(FaultKind::NotSent).with_error(Arc::new(error)))
                }
                Some(Err(absent)) => Err(fault(FaultKind::Missing).with_error(Arc::new(absent))),
                None => Err(fault(FaultKind::Missing)),
            };
            let (packed, fault) = match packed {
                Ok(body) => (Some(body), None),
                Err(fault) => (None, Some(fault)),
            };
            if to == here {
                if let Some(body) = packed {
                    match T::unpack(Some(body)) {
                        Ok(value) => values[at] = Some(value),
                        Err(error) => {
                            let name = Some((node, plan.name(node).to_owned()));
                            let fault = Fault::new(FaultKind::NotReceived, here, name);
                            faults.push(fault.with_error(Arc::new(error)));
                        }
                    }
                }
            } else {
                operation.core().send_gathered(to, at as u64, packed)?;
            }
            if let Some(fault) = fault {
                faults.push(fault);
            }
        }
        while missing > 0 {
            let waiting = move |_: &crate::link::Core| Waiting::Gathered { values: missing };
            let (from, message) = operation.wait(|core| core.take_gathered(), waiting).await?;
            missing -= 1;
            let at = usize::try_from(message.head().node).unwrap_or(usize::MAX);
            if message.head().kind == Kind::Missing {
                continue; // its owner has a fault of it
            }
            let Some(place) = values.get_mut(at) else {
                return Err(operation.core().fail(LinkError::OutOfStep { rank: from }).into());
            };
            match T::unpack(message.body().cloned()) {
                Ok(value) => *place = Some(value),
                Err(error) => {
                    let node = nodes[at].index();
                    let name = Some((node, plan.name(node).to_owned()));
                    faults.push(Fault::new(FaultKind::NotReceived, here, name).with_error(Arc::new(error)));
                }
            }
        }
        let own = faults.clone();
        let mut verdict = operation.agree(faults).await?;
        operation.end();
        verdict.adopt(&own);
        settle(verdict)?;
        Ok((to == here).then(|| values.into_iter().flatten().collect()))
    }
}

/// Begins a run, or something else that is done with the graph.
pub(crate) fn begin<'l>(
    link: &'l mut Link,
    built_over: u64,
    port: &Port,
    options: &RankOptions,
) -> Result<Operation<'l>, DistributedRunError> {
    if link.core().id != built_over {
        return Err(DistributedRunError::ForeignLink);
    }
    let operation = link.begin(port.graph());
    let mut operation = operation?;
    let core = operation.core();
    core.watch.token.clone_from(&options.token);
    core.watch.deadline = options.deadline;
    core.watch.progress.clone_from(&options.progress);
    core.began = core.elapsed();
    core.waited = Duration::ZERO;
    Ok(operation)
}

/// The faults of all ranks as an error.
pub(crate) fn settle(faults: Faults) -> Result<(), DistributedRunError> {
    let stops = |kind| matches!(kind, FaultKind::Cancelled | FaultKind::DeadlineExceeded);
    let Some(first) = faults.first().first() else { return Ok(()) };
    if faults.first().iter().any(|fault| !stops(fault.kind())) {
        return Err(DistributedRunError::Faults(faults));
    }
    Err(match first.kind() {
        FaultKind::DeadlineExceeded => DistributedRunError::DeadlineExceeded { rank: first.rank() },
        _ => DistributedRunError::Cancelled { rank: first.rank() },
    })
}

/// The results of this rank's part: those of its own nodes, and of those that it has received. They stay in
/// the graph, and the next run drops them.
#[derive(Clone, Copy)]
pub struct DistributedResults<'g> {
    results: PartResults<'g>,
    port: &'g Port,
    builder: u64,
}

impl<'g> DistributedResults<'g> {
    /// This rank.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.port.plan().rank()
    }

    /// What `node` gave.
    ///
    /// # Errors
    ///
    /// Why this rank has no value of it.
    pub fn get<T: Wire>(&self, node: DistributedNode<T>) -> Result<&'g T, Unavailable> {
        if node.builder() != self.builder {
            return Err(Unavailable::ForeignHandle);
        }
        match self.results.get(node.index()) {
            Some(got) => got.map_err(Unavailable::NoResult),
            None => Err(Unavailable::Elsewhere { owner: self.port.plan().owner(node.index()) }),
        }
    }
}

impl<T: Wire> Index<DistributedNode<T>> for DistributedResults<'_> {
    type Output = T;

    /// What `node` gave.
    ///
    /// # Panics
    ///
    /// If this rank has no value of it, see [`get`](DistributedResults::get).
    fn index(&self, node: DistributedNode<T>) -> &T {
        match self.get(node) {
            Ok(value) => value,
            Err(why) => {
                panic!("no result: node {} {why}", self.port.plan().label(node.index()))
            }
        }
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

impl fmt::Debug for DistributedResults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistributedResults").field("rank", &self.rank()).finish_non_exhaustive()
    }
}
