//! How a graph over ranks is described.

mod asynchronous;
mod build;
mod name;

pub use name::DistributedName;

use crate::description::{Described, Description};
use crate::gate::AnyError;
use crate::handle::{DistributedDeclared, DistributedInput, DistributedNode};
use crate::local::{PartBuilder, RankFn, Sources};
use crate::sync::Number;
use crate::wire::Wire;
use std::any::{TypeId, type_name};
use std::fmt;

/// Collects the nodes of a [`DistributedGraph`](crate::DistributedGraph). All ranks describe the whole graph,
/// in the same order; each keeps what it owns.
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
    description: Description,
    kinds: Vec<Kind<'env>>,
    /// The first node that uses a node of another graph.
    stranger: Option<usize>,
}

type Install<'env> = Box<dyn FnOnce(&mut PartBuilder<'env>, usize) + 'env>;

/// How a node gets into a rank's part.
struct Kind<'env> {
    /// Of what it gives.
    id: TypeId,
    /// At its owner; `None` until it is defined.
    install: Option<Install<'env>>,
    /// Elsewhere, with those that it comes after.
    receive: fn(&mut PartBuilder<'_>, usize, &[u32]),
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
        Self { id: BUILDERS.count(), description: Description::default(), kinds: Vec::new(), stranger: None }
    }

    /// Adds a node that runs `function` on its owner, after `sources`, and is fed their results.
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes; if `name` is a node that another graph has declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    /// let mut graph = DistributedBuilder::new();
    /// let side = graph.node("side", (), || 3.0);
    /// graph.node("area", (side,), |side: &f64| side * side);
    /// ```
    pub fn node<S, F>(
        &mut self,
        name: impl DistributedName<F::Output>,
        sources: S,
        function: F,
    ) -> DistributedNode<F::Output>
    where
        S: Sources,
        F: RankFn<S, Output: Wire> + 'env,
    {
        self.add(name, sources, function, Ok)
    }

    /// Adds a node that may fail. What depends on it is then skipped, on all ranks.
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes; if `name` is a node that another graph has declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    /// let mut graph = DistributedBuilder::new();
    /// let text = graph.input::<String>("text");
    /// graph.try_node("number", (text.node(),), |text: &String| text.parse::<u32>());
    /// ```
    pub fn try_node<S, F, T, E>(
        &mut self,
        name: impl DistributedName<T>,
        sources: S,
        function: F,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: RankFn<S, Output = Result<T, E>> + 'env,
        T: Wire,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'env,
    {
        self.add(name, sources, function, |outcome| outcome.map_err(Into::into))
    }

    fn add<S, F, T>(
        &mut self,
        name: impl DistributedName<T>,
        sources: S,
        function: F,
        settle: impl FnMut(F::Output) -> Result<T, AnyError> + Send + 'env,
    ) -> DistributedNode<T>
    where
        S: Sources,
        F: RankFn<S> + 'env,
        T: Wire,
    {
        let node = name.enter(self);
        self.feed(node, &sources);
        self.define(node, Box::new(move |part, node| part.node(node, &sources, function, settle)));
        node
    }

    /// Adds a node whose value comes from the program, at its owner, by
    /// [`DistributedGraph::set`](crate::DistributedGraph::set).
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::{DistributedBuilder, InProcess, Link, Owners};
    /// let mut link = Link::new(InProcess::network(1).remove(0));
    /// let mut graph = DistributedBuilder::new();
    /// let side = graph.input::<u32>("side");
    /// let area = graph.node("area", (side.node(),), |side: &u32| side * side);
    /// let mut graph = graph.build(&mut link, &Owners::Blocks)?;
    /// graph.set(side, 3);
    /// assert_eq!(graph.run(&mut link)?[area], 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input<T: Wire>(&mut self, name: impl AsRef<str>) -> DistributedInput<T> {
        let node = self.enter(name.as_ref());
        self.description.node_mut(node.number()).is_input = true;
        self.define(node, Box::new(|part, node| part.input::<T>(node)));
        DistributedInput::new(node)
    }

    /// Declares a node that gives a `T` ahead of what it depends on: others can depend on it already. It is
    /// defined by the verb that is handed it in place of a name; until then it is an error of
    /// [`build`](Self::build).
    ///
    /// # Panics
    ///
    /// If there are 2³² nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::{DistributedBuilder, InProcess, Link, Owners};
    /// let mut link = Link::new(InProcess::network(1).remove(0));
    /// let mut graph = DistributedBuilder::new();
    /// let total = graph.declare::<u32>("total");
    /// let report = graph.node("report", (total.node(),), |total: &u32| format!("total: {total}"));
    /// let parts: Vec<_> = (0..3).map(|part| graph.node("part", (), move || part)).collect();
    /// graph.node(total, parts, |parts: dgraph_mpi::Values<'_, u32>| parts.iter().sum());
    /// let mut graph = graph.build(&mut link, &Owners::Blocks)?;
    /// assert_eq!(graph.run(&mut link)?[report], "total: 3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn declare<T: Wire>(&mut self, name: impl AsRef<str>) -> DistributedDeclared<T> {
        DistributedDeclared::new(self.enter(name.as_ref()))
    }

    /// Makes `node` run after the `predecessors`, without being fed their results. To other ranks goes only
    /// that they have ended. If one of them has no value, the node is skipped.
    ///
    /// # Panics
    ///
    /// If the node is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    /// let mut graph = DistributedBuilder::new();
    /// let write = graph.node("write", (), || ());
    /// let size = graph.node("size", (), || 7);
    /// let read = graph.node("read", (), || "written".to_owned());
    /// graph.place(read, 1);
    /// graph.after(read, (write, size));
    /// ```
    #[allow(clippy::needless_pass_by_value, reason = "a list of handles is handed in as to the verbs")]
    pub fn after<T>(&mut self, node: DistributedNode<T>, predecessors: impl Sources) {
        self.check(node);
        for before in self.own(node, &predecessors) {
            self.description.node_mut(node.number()).come_after(before);
        }
    }

    /// A new node, to be defined.
    fn enter<T: Wire>(&mut self, name: &str) -> DistributedNode<T> {
        fn receive<T: Wire>(part: &mut PartBuilder<'_>, node: usize, predecessors: &[u32]) {
            part.receive::<T>(node, predecessors);
        }
        let number = self.description.add(Described::new(name, type_name::<T>()));
        self.kinds.push(Kind { id: TypeId::of::<T>(), install: None, receive: receive::<T> });
        DistributedNode::new(self.id, number)
    }

    fn define<T>(&mut self, node: DistributedNode<T>, install: Install<'env>) {
        self.description.node_mut(node.number()).is_defined = true;
        self.kinds[node.index()].install = Some(install);
    }

    /// `node` is fed what `sources` give.
    fn feed<T>(&mut self, node: DistributedNode<T>, sources: &impl Sources) {
        let sources = self.own(node, sources);
        self.description.node_mut(node.number()).feed(sources);
    }

    /// The numbers of these, which `node` uses. None if one is another graph's.
    fn own<T>(&mut self, node: DistributedNode<T>, sources: &impl Sources) -> Vec<u32> {
        let (mut numbers, id, mut is_foreign) = (Vec::new(), self.id, false);
        sources.each(&mut |builder, number| {
            is_foreign |= builder != id;
            numbers.push(number);
        });
        if is_foreign {
            self.stranger.get_or_insert(node.index());
            numbers.clear();
        }
        numbers
    }

    /// Gives a node to a rank, whatever [`Owners`](crate::Owners) says.
    ///
    /// # Panics
    ///
    /// If the node is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    /// let mut graph = DistributedBuilder::new();
    /// let near_the_disk = graph.node("read", (), || 7);
    /// graph.place(near_the_disk, 3);
    /// ```
    pub fn place<T>(&mut self, node: DistributedNode<T>, rank: usize) {
        self.check(node);
        self.description.node_mut(node.number()).placed = Some(rank);
    }

    /// How long a node takes, in any unit, for a partition into parts of about the same load. Default: 1.
    ///
    /// # Panics
    ///
    /// If the node is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    /// let mut graph = DistributedBuilder::new();
    /// let render = graph.node("render", (), || vec![0_u8; 1000]);
    /// graph.load(render, 250);
    /// ```
    pub fn load<T>(&mut self, node: DistributedNode<T>, load: u64) {
        self.check(node);
        self.description.node_mut(node.number()).load = load;
    }

    pub(crate) fn description(&self) -> &Description {
        &self.description
    }

    fn check<T>(&self, node: DistributedNode<T>) {
        assert!(node.builder() == self.id, "the handle of a node of another graph");
    }
}

impl fmt::Debug for DistributedBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistributedBuilder").field("nodes", &self.kinds.len()).finish_non_exhaustive()
    }
}
