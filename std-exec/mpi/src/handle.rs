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

impl<T> DistributedNode<T> {
    pub(crate) fn new(builder: u64, node: u32) -> Self {
        Self { builder, node, output: PhantomData }
    }

    pub(crate) fn builder(self) -> u64 {
        self.builder
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

impl<T> fmt::Debug for DistributedInput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistributedInput({})", self.node.node)
    }
}
