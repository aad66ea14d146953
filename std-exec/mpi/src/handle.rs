//! Handles of nodes of a graph over ranks.

use std::fmt;
use std::marker::PhantomData;

/// A node of a graph over ranks that gives a `T`: by it others depend on the node, and its result is read.
///
/// It is the same on all ranks.
pub struct DistributedNode<T> {
    builder: u64,
    node: u32,
    output: PhantomData<fn() -> T>,
}

/// A node whose value comes from the program, at its owner. Made by
/// [`DistributedBuilder::input`](crate::DistributedBuilder::input).
pub struct DistributedInput<T> {
    node: DistributedNode<T>,
}

/// A node that was declared and is still to be defined: made by
/// [`DistributedBuilder::declare`](crate::DistributedBuilder::declare), and handed in where a node's name is
/// expected otherwise. That can be done once, so no node is defined twice. Others depend on it by its
/// [`node`](Self::node).
///
/// # Examples
///
/// ```
/// use dgraph_mpi::DistributedBuilder;
/// let mut graph = DistributedBuilder::new();
/// let later = graph.declare::<u8>("later");
/// graph.node("next", (later.node(),), |later: &u8| later + 1);
/// graph.node(later, (), || 6);
/// ```
#[must_use = "a node that is never defined is an error of `build`"]
pub struct DistributedDeclared<T> {
    node: DistributedNode<T>,
}

impl<T> DistributedDeclared<T> {
    pub(crate) fn new(node: DistributedNode<T>) -> Self {
        Self { node }
    }

    /// The node, for whatever depends on it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::DistributedBuilder;
    /// let mut graph = DistributedBuilder::new();
    /// let later = graph.declare::<u8>("later");
    /// assert_eq!(later.node().index(), 0);
    /// graph.node(later, (), || 6);
    /// ```
    #[must_use]
    pub fn node(&self) -> DistributedNode<T> {
        self.node
    }
}

impl<T> DistributedNode<T> {
    pub(crate) fn new(builder: u64, node: u32) -> Self {
        Self { builder, node, output: PhantomData }
    }

    pub(crate) fn builder(self) -> u64 {
        self.builder
    }

    pub(crate) fn number(self) -> u32 {
        self.node
    }

    /// The node's number: nodes are numbered in the order in which they were declared.
    #[must_use]
    pub fn index(self) -> usize {
        self.node as usize
    }
}

impl<T> DistributedInput<T> {
    pub(crate) fn new(node: DistributedNode<T>) -> Self {
        Self { node }
    }

    /// The input as a node like any other, for others to depend on.
    #[must_use]
    pub fn node(self) -> DistributedNode<T> {
        self.node
    }
}

impl<T> Clone for DistributedNode<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for DistributedNode<T> {}

impl<T> Clone for DistributedInput<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for DistributedInput<T> {}

impl<T> fmt::Debug for DistributedNode<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistributedNode({})", self.node)
    }
}

impl<T> fmt::Debug for DistributedDeclared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistributedDeclared({})", self.node.node)
    }
}

impl<T> fmt::Debug for DistributedInput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistributedInput({})", self.node.node)
    }
}
