//! Why a graph over ranks can't be built, or a run of it didn't do everything.

use crate::exec::{GraphError, NoResult};
use crate::fault::Faults;
use crate::link_error::LinkError;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;

/// A part of a description, to say where two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Section {
    /// How many nodes there are.
    Nodes,
    /// What the nodes are called.
    Names,
    /// What the nodes give, and whether they are inputs.
    Types,
    /// What the nodes depend on.
    Dependencies,
    /// Which ranks own the nodes.
    Owners,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nodes => "numbers of nodes",
            Self::Names => "names",
            Self::Types => "types",
            Self::Dependencies => "dependencies",
            Self::Owners => "owners",
        })
    }
}

/// Why a graph over ranks can't be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistributedGraphError {
    /// Two ranks have described different graphs.
    Differs {
        /// One rank.
        rank: usize,
        /// Another one.
        other: usize,
        /// Where the first difference is.
        section: Section,
    },
    /// The owner of a node is no rank.
    NoSuchRank {
        /// The node: its name, or its number.
        node: String,
        /// The owner.
        owner: usize,
        /// How many ranks there are.
        ranks: usize,
    },
    /// A node depends on a node of another graph.
    ForeignHandle {
        /// The node: its name, or its number.
        node: String,
    },
    /// A node was declared, and never defined.
    Undefined {
        /// The node: its name, or its number.
        node: String,
    },
    /// Each of these nodes comes after the next, and the last one after the first.
    Cycle {
        /// The nodes: their names, or their numbers.
        nodes: Vec<String>,
    },
    /// This rank's part is refused by `dgraph-exec`.
    Part(GraphError),
    /// Another rank can't build its part.
    RefusedBy {
        /// The rank.
        rank: usize,
    },
    /// The ranks can't go on together.
    Link(LinkError),
}

impl fmt::Display for DistributedGraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { rank, other, section } => {
                write!(f, "ranks {rank} and {other} describe different graphs: they have other {section}")
            }
            Self::NoSuchRank { node, owner, ranks } => {
                write!(f, "the owner of node {node} is rank {owner}, but there are {ranks} ranks")
            }
            Self::ForeignHandle { node } => write!(f, "node {node} depends on a node of another graph"),
            Self::Undefined { node } => write!(f, "node {node} was declared, but not defined"),
            Self::Cycle { nodes } => {
                const SHOWN: usize = 5;
                f.write_str("these nodes depend on each other in a circle: ")?;
                for (at, node) in nodes.iter().take(SHOWN).enumerate() {
                    write!(f, "{}{node}", if at == 0 { "" } else { ", " })?;
                }
                match nodes.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::Part(_) => f.write_str("this rank's part of the graph can't be built"),
            Self::RefusedBy { rank } => write!(f, "rank {rank} can't build its part of the graph"),
            Self::Link(_) => f.write_str("the ranks can't build the graph together"),
        }
    }
}

impl Error for DistributedGraphError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Part(error) => Some(error),
            Self::Link(error) => Some(error),
            _ => None,
        }
    }
}

impl From<LinkError> for DistributedGraphError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// Why what all ranks did with a graph didn't do everything that it was asked to. It is the same on all
/// ranks, unless it is [`Link`](Self::Link).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DistributedRunError {
    /// Something went wrong on some ranks.
    Faults(Faults),
    /// The token of a rank was cancelled, and nothing else went wrong.
    Cancelled {
        /// The rank.
        rank: usize,
    },
    /// The deadline of a rank has passed, and nothing else went wrong.
    DeadlineExceeded {
        /// The rank.
        rank: usize,
    },
    /// The graph is not one of this link.
    ForeignLink,
    /// The ranks can't go on together.
    Link(LinkError),
}

impl fmt::Display for DistributedRunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(faults) => faults.fmt(f),
            Self::Cancelled { rank } => write!(f, "cancelled by rank {rank}"),
            Self::DeadlineExceeded { rank } => write!(f, "the deadline of rank {rank} has passed"),
            Self::ForeignLink => f.write_str("the graph was built over another link"),
            Self::Link(_) => f.write_str("the ranks can't go on together"),
        }
    }
}

impl Error for DistributedRunError {
    /// Of faults: the error of the first one's node, on the rank where that is.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Faults(faults) => faults.first().first().and_then(Error::source),
            Self::Link(error) => Some(error),
            _ => None,
        }
    }
}

impl From<LinkError> for DistributedRunError {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// Why a rank has no value of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unavailable {
    /// Another rank owns it, and nothing here depends on it.
    Elsewhere {
        /// The owner.
        owner: usize,
    },
    /// The node has given nothing, here or at its owner.
    NoResult(NoResult),
    /// The handle is another graph's.
    ForeignHandle,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elsewhere { owner } => write!(f, "is on rank {owner}"),
            Self::NoResult(absent) => absent.fmt(f),
            Self::ForeignHandle => f.write_str("belongs to another graph"),
        }
    }
}

impl Error for Unavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoResult(absent) => Some(absent),
            _ => None,
        }
    }
}
