//! The cycle that makes a graph invalid, as a path that a person can follow.

use crate::NodeId;
use core::fmt;

/// A dependency cycle: each node depends on the next, the last on the first. Never empty.
///
/// Displayed as a path whose first and last node are the same: `3 -> 1 -> 3`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cycle<'a> {
    nodes: &'a [NodeId],
}

impl<'a> Cycle<'a> {
    pub(crate) const fn new(nodes: &'a [NodeId]) -> Self {
        Self { nodes }
    }

    /// The nodes on the cycle, each once.
    #[must_use]
    pub const fn nodes(self) -> &'a [NodeId] {
        self.nodes
    }

    /// The cycle as a path: the first node comes again at the end.
    pub fn path(self) -> impl Iterator<Item = NodeId> + 'a {
        self.nodes.iter().chain(self.nodes.first()).copied()
    }
}

impl fmt::Display for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in self.nodes {
            write!(f, "{node} -> ")?;
        }
        self.nodes.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}

impl fmt::Debug for Cycle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cycle({self})")
    }
}

/// A [`Cycle`] that owns its nodes, for errors that outlive the memory in which the graph was built.
#[cfg(feature = "alloc")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CycleBuf {
    nodes: alloc::boxed::Box<[NodeId]>,
}

#[cfg(feature = "alloc")]
impl CycleBuf {
    /// The borrowed form.
    #[must_use]
    pub fn as_cycle(&self) -> Cycle<'_> {
        Cycle::new(&self.nodes)
    }

    /// The nodes on the cycle, each once.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The cycle as a path: the first node comes again at the end.
    pub fn path(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.as_cycle().path()
    }
}

#[cfg(feature = "alloc")]
impl From<Cycle<'_>> for CycleBuf {
    fn from(cycle: Cycle<'_>) -> Self {
        Self { nodes: cycle.nodes.into() }
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for CycleBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_cycle().fmt(f)
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for CycleBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_cycle(), f)
    }
}
