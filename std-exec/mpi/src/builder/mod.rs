//! How a graph over ranks is described.

use crate::errors::{DistributedGraphError, Section};
use crate::gate::AnyError;
use crate::graph::DistributedGraph;
use crate::handle::{DistributedInput, DistributedNode};
use crate::link::{Link, block_on};
use crate::local::{Part, PartBuilder, RankFn, Sources};
use crate::merge::Merge;
use crate::partition::Owners;
use crate::plan::Plan;
use crate::port::Port;
use crate::sync::Number;
use crate::wire::Wire;
use serde::{Deserialize, Serialize};
use std::any::{TypeId, type_name};
use std::fmt;

/// Collects the nodes of a [`DistributedGraph`]. All ranks describe the whole graph, in the same order; each
/// keeps what it owns.
///
/// As in `dgraph_exec`'s `GraphBuilder`, each method that adds a node gives its handle, by which others
/// depend on it. What a node gives has to be able to travel ([`Wire`]).
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{DistributedBuilder, InProcess, Link, Owners};
/// use std::thread;
///
/// thread::scope(|scope| {
///     for end in InProcess::network(2) {
///         scope.spawn(move || {
///             let mut link = Link::new(end);
///             let mut graph = DistributedBuilder::new();
///             let a = graph.node("a", (), || 5);
///             let b = graph.node("b", (a,), |a: &i32| a + 10);
///             let c = graph.node("c", (a, b), |a: &i32, b: &i32| a + b + 20);
///             graph.place(b, 1);
///             let mut graph = graph.build(&mut link, &Owners::by(|_| 0)).unwrap();
///             let results = graph.run(&mut link).unwrap();
///             if results.rank() == 0 {
///                 assert_eq!(results[c], 40);
///             }
///         });
///     }
/// });
/// ```
pub struct DistributedBuilder<'env> {
    id: u64,
    names: Vec<String>,
    dependencies: Vec<Box<[u32]>>,
    loads: Vec<u64>,
    placed: Vec<Option<usize>>,
    kinds: Vec<Kind>,
    installs: Vec<Install<'env>>,
    /// The first node that depends on a node of another graph.
    stranger: Option<usize>,
}

type Install<'env> = Box<dyn FnOnce(&mut PartBuilder<'env>, usize) + 'env>;

/// What a node gives.
#[derive(Clone, Copy)]
struct Kind {
    is_input: bool,
    name: &'static str,
    id: TypeId,
    receive: fn(&mut PartBuilder<'_>, usize, &[u32]),
}

fn receive<T: Wire>(part: &mut PartBuilder<'_>, node: usize, sources: &[u32]) {
    part.receive::<T>(node, sources);
}

static BUILDERS: Number = Number::new(1);

impl Default for DistributedBuilder<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'env> DistributedBuilder<'env> {
    /// Starts with no nodes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            id: BUILDERS.count(),
            names: Vec::new(),
            dependencies: Vec::new(),
            loads: Vec::new(),
            placed: Vec::new(),
            kinds: Vec::new(),
            installs: Vec::new(),
            stranger: None,
        }
    }

    /// Adds a node that runs `function` on its owner, after `sources`, and is fed their results.
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes.
    pub fn node<S, F>(&mut self, name: impl AsRef<str>, sources: S, function: F) -> DistributedNode<F::Output>
    where
        S: Sources,
        F: RankFn<S, Output: Wire> + 'env,
    {
        self.add(name.as_ref(), sources, function, Ok)
    }

    /// Adds a node that may fail. What depends on it is then skipped, on all ranks.
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes.
    pub fn try_node<S, F, T, E>(
        &mut self,
        name: impl AsRef<str>,
        sources: S,
        function: F,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: RankFn<S, Output = Result<T, E>> + 'env,
        T: Wire,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'env,
    {
        self.add(name.as_ref(), sources, function, |outcome| outcome.map_err(Into::into))
    }

    fn add<S, F, T>(
        &mut self,
        name: &str,
        sources: S,
        function: F,
        settle: impl FnMut(F::Output) -> Result<T, AnyError> + Send + 'env,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: RankFn<S> + 'env,
        T: Wire,
    {
        let (mut dependencies, number, id) = (Vec::new(), self.names.len(), self.id);
        let mut is_foreign = false;
        sources.each(&mut |builder, node| {
            is_foreign |= builder != id;
            dependencies.push(u32::try_from(node).expect("handles are of fewer than 2^32 nodes"));
        });
        if is_foreign {
            self.stranger.get_or_insert(number);
            dependencies.clear();
        }
        let install: Install<'env> = Box::new(move |part, node| part.node(node, &sources, function, settle));
        self.declare(name, dependencies, false, install)
    }

    /// Adds a node whose value comes from the program, at its owner, by [`DistributedGraph::set`].
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes.
    pub fn input<T: Wire>(&mut self, name: impl AsRef<str>) -> DistributedInput<T> {
        let install: Install<'env> = Box::new(|part, node| part.input::<T>(node));
        DistributedInput::new(self.declare(name.as_ref(), Vec::new(), true, install))
    }

    fn declare<T: Wire>(
        &mut self,
        name: &str,
        dependencies: Vec<u32>,
        is_input: bool,
        install: Install<'env>,
    ) -> DistributedNode<T> {
        let number = u32::try_from(self.names.len()).expect("fewer than 2^32 nodes");
        self.names.push(name.to_owned());
        self.dependencies.push(dependencies.into());
        self.loads.push(1);
        self.placed.push(None);
        self.kinds.push(Kind {
            is_input,
            name: type_name::<T>(),
            id: TypeId::of::<T>(),
            receive: receive::<T>,
        });
        self.installs.push(install);
        DistributedNode::new(self.id, number)
    }

    /// Gives a node to a rank, whatever [`Owners`] says.
    ///
    /// # Panics
    ///
    /// If the node is another graph's.
    pub fn place<T>(&mut self, node: DistributedNode<T>, rank: usize) {
        self.check(node);
        self.placed[node.index()] = Some(rank);
    }

    /// How long a node takes, in any unit, for a partition into parts of about the same load. Default: 1.
    ///
    /// # Panics
    ///
    /// If the node is another graph's.
    pub fn load<T>(&mut self, node: DistributedNode<T>, load: u64) {
        self.check(node);
        self.loads[node.index()] = load;
    }

    pub(crate) fn placed(&self) -> &[Option<usize>] {
        &self.placed
    }

    pub(crate) fn loads(&self) -> &[u64] {
        &self.loads
    }

    pub(crate) fn dependencies(&self) -> &[Box<[u32]>] {
        &self.dependencies
    }

    fn check<T>(&self, node: DistributedNode<T>) {
        assert!(node.builder() == self.id, "the handle of a node of another graph");
    }

    /// Compares what all ranks have described, and builds this rank's part. All ranks do it together.
    ///
    /// # Errors
    ///
    /// If the ranks have described different graphs, or what they have described is none. All ranks get an
    /// error then.
    pub fn build(
        self,
        link: &mut Link,
        owners: &Owners,
    ) -> Result<DistributedGraph<'env>, DistributedGraphError> {
        link.set_has_time(true);
        block_on(self.build_async(link, owners))
    }

    /// Builds this rank's part as [`build`](Self::build) does, for a thread that has something else to do
    /// meanwhile. The future looks for messages whenever it is polled, and wakes itself.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub async fn build_async(
        self,
        link: &mut Link,
        owners: &Owners,
    ) -> Result<DistributedGraph<'env>, DistributedGraphError> {
        let (rank, ranks) = (link.rank(), link.size());
        let owners = owners.assign(ranks, &self.placed, &self.loads, &self.dependencies);
        let graph = link.next_graph();
        let (id, link_id) = (self.id, link.id());
        let mut report = Report { rank, sections: self.sections(&owners), differs: None, refused_by: None };
        let types: Vec<TypeId> = self.kinds.iter().map(|kind| kind.id).collect();
        let part = self.part(rank, ranks, owners, |plan| Port::new(graph, link_id, plan));
        match &part {
            Ok((port, _)) => link.connect(port),
            Err(_) => {
                report.refused_by = Some(rank);
                link.connect(&Port::new(graph, link_id, Plan::default()));
            }
        }
        let mut operation = link.begin(graph)?;
        let verdict = operation.agree(report).await?;
        operation.end();
        if let Some((rank, other, section)) = verdict.differs {
            return Err(DistributedGraphError::Differs { rank, other, section });
        }
        let (port, part) = part?;
        match verdict.refused_by {
            Some(rank) => Err(DistributedGraphError::RefusedBy { rank }),
            None => Ok(DistributedGraph::new(id, port, part, types, link_id)),
        }
    }

    /// This rank's part.
    #[allow(clippy::type_complexity, reason = "two things that belong together for a moment")]
    fn part(
        self,
        rank: usize,
        ranks: usize,
        owners: Vec<usize>,
        port: impl FnOnce(Plan) -> std::sync::Arc<Port>,
    ) -> Result<(std::sync::Arc<Port>, Part<'env>), DistributedGraphError> {
        let label = |node: usize| match self.names[node].as_str() {
            "" => format!("#{node}"),
            name => name.to_owned(),
        };
        if let Some(node) = self.stranger {
            return Err(DistributedGraphError::ForeignHandle { node: label(node) });
        }
        if let Some(node) = owners.iter().position(|&owner| owner >= ranks) {
            return Err(DistributedGraphError::NoSuchRank { node: label(node), owner: owners[node], ranks });
        }
        let owners = owners.into_iter().map(|owner| u32::try_from(owner).unwrap_or(u32::MAX)).collect();
        let port = port(Plan::new(rank, ranks, &self.names, owners, &self.dependencies));
        let mut part = PartBuilder::new(&port);
        for (node, (install, kind)) in self.installs.into_iter().zip(self.kinds).enumerate() {
            if port.plan().is_own(node) {
                install(&mut part, node);
            } else {
                (kind.receive)(&mut part, node, &self.dependencies[node]);
            }
        }
        let part = part.build().map_err(DistributedGraphError::Part)?;
        Ok((port, part))
    }

    /// A hash of each section of the description.
    fn sections(&self, owners: &[usize]) -> [u64; 5] {
        let mut sections = [Hash::new(); 5];
        let [nodes, names, types, dependencies, owned] = &mut sections;
        nodes.number(self.names.len());
        for name in &self.names {
            names.text(name);
        }
        for kind in &self.kinds {
            types.number(usize::from(kind.is_input));
            types.text(kind.name);
        }
        for listed in &self.dependencies {
            dependencies.number(listed.len());
            listed.iter().for_each(|&source| dependencies.number(source as usize));
        }
        for &owner in owners {
            owned.number(owner);
        }
        sections.map(|hash| hash.0)
    }
}

/// Fowler, Noll and Vo's hash: the same wherever the program runs.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }

    fn number(&mut self, number: usize) {
        (number as u64).to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.byte(0xFF); // in no text
    }
}

/// What a rank has described.
#[derive(Serialize, Deserialize)]
struct Report {
    rank: usize,
    sections: [u64; 5],
    /// Two ranks, and where they differ.
    differs: Option<(usize, usize, Section)>,
    refused_by: Option<usize>,
}

impl Merge for Report {
    fn merge(&mut self, other: Self) {
        const SECTIONS: [Section; 5] =
            [Section::Nodes, Section::Names, Section::Types, Section::Dependencies, Section::Owners];
        let pairs = self.sections.iter().zip(&other.sections);
        let here = pairs.zip(SECTIONS).find(|((own, other), _)| own != other);
        let here = here.map(|(_, section)| (self.rank, other.rank, section));
        self.differs = self.differs.or(here).or(other.differs);
        self.refused_by = self.refused_by.or(other.refused_by);
    }
}

impl fmt::Debug for DistributedBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistributedBuilder").field("nodes", &self.names.len()).finish_non_exhaustive()
    }
}
