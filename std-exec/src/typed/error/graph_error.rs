//! Why a typed graph could not be built.

use crate::brief;
use crate::typed::handle::names::NamedNode;
use dgraph_core::{CycleBuf, DagError};
use std::fmt;

/// What is wrong with the nodes of a [`GraphBuilder`](crate::GraphBuilder).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphError, GraphBuilder};
///
/// let mut graph = GraphBuilder::new();
/// let list = graph.node("list", (), || vec![1, 2]);
/// graph.node("sorted", (list.moved(),), |list: Vec<i32>| list);
/// graph.node("length", (list,), |list: &Vec<i32>| list.len());
/// let error = graph.build().unwrap_err();
/// assert_eq!(error.to_string(), "the result of list is moved into sorted, but length depends on it too");
///
/// let mut other = GraphBuilder::new();
/// other.node("length", (list,), |list: &Vec<i32>| list.len());
/// match other.build() {
///     Err(GraphError::ForeignHandles(nodes)) => assert_eq!(nodes[0].name(), "length"),
///     other => panic!("`list` is a node of another graph: {other:?}"),
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphError {
    /// Nodes that use a handle of another graph, as a dependency or to be defined. Those that were to be
    /// defined are not nodes of this graph; their number is given without a name.
    ForeignHandles(Vec<NamedNode>),
    /// Nodes that were declared and never defined.
    Undefined(Vec<NamedNode>),
    /// A result that is moved into one node while another one, or the same once more, depends on it too.
    #[non_exhaustive]
    MovedAndUsed {
        /// The node whose result it is.
        node: NamedNode,
        /// The node that it is moved into.
        taker: NamedNode,
        /// The node that depends on it too.
        user: NamedNode,
    },
    /// Nodes that are bound to more than one thread; one entry for each repetition.
    BoundTwice(Vec<NamedNode>),
    /// Nodes under a limit of 0, which could never run.
    LimitOfZero(Vec<NamedNode>),
    /// Nodes that were put under one limit more than once; one entry for each repetition. For several permits
    /// of a limit that graphs share, there is [`SharedLimit::permits`](crate::SharedLimit::permits).
    LimitedTwice(Vec<NamedNode>),
    /// Nodes that want more permits than a limit has, so that they could never run; of a
    /// [source](crate::PermitSource), more than one.
    TooManyPermits(Vec<NamedNode>),
    /// Nodes that are graphs, and under a limit that nodes of these are under, too: they would wait for
    /// themselves.
    LimitedWithin(Vec<NamedNode>),
    /// A node that uses one state more than once, and not only to read it.
    StateUsedTwice {
        /// The node.
        node: NamedNode,
        /// The name of the state.
        state: Box<str>,
    },
    /// A dependency cycle: each node depends on the next, and the last is the first again.
    Cycle(Vec<NamedNode>),
    /// A cycle of dependencies and of turns at states: each node depends on the next, or was defined after it
    /// and uses the same state. The last is the first again.
    StateCycle {
        /// The nodes.
        path: Vec<NamedNode>,
        /// The names of the states.
        states: Vec<Box<str>>,
    },
    /// More nodes or dependencies than a graph can hold.
    TooLarge(DagError<CycleBuf>),
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignHandles(nodes) => {
                f.write_str("handles of another graph are used by: ")?;
                brief::list(f, nodes.iter())
            }
            Self::Undefined(nodes) => {
                f.write_str("declared, but not defined: ")?;
                brief::list(f, nodes.iter())
            }
            Self::MovedAndUsed { node, taker, user } if taker == user => {
                write!(f, "the result of {node} is moved into {taker}, which depends on it more than once")
            }
            Self::MovedAndUsed { node, taker, user } => {
                write!(f, "the result of {node} is moved into {taker}, but {user} depends on it too")
            }
            Self::BoundTwice(nodes) => {
                f.write_str("bound to more than one thread: ")?;
                brief::list(f, nodes.iter())
            }
            Self::LimitOfZero(nodes) => {
                f.write_str("under a limit of 0: ")?;
                brief::list(f, nodes.iter())
            }
            Self::LimitedTwice(nodes) => {
                f.write_str("put under one limit more than once: ")?;
                brief::list(f, nodes.iter())
            }
            Self::TooManyPermits(nodes) => {
                f.write_str("want more permits than a limit has: ")?;
                brief::list(f, nodes.iter())
            }
            Self::LimitedWithin(nodes) => {
                f.write_str("under a limit that nodes of the graph that they are are under too: ")?;
                brief::list(f, nodes.iter())
            }
            Self::Cycle(path) => {
                f.write_str("dependency cycle: ")?;
                brief::cycle(f, path.iter())
            }
            Self::StateUsedTwice { node, state } => {
                let state = brief::name(state);
                write!(f, "{node} uses the state {state} more than once, and not only to read it")
            }
            Self::StateCycle { path, states } => {
                f.write_str("cycle of dependencies and turns at states: ")?;
                brief::cycle(f, path.iter())?;
                f.write_str("; it is the order of definition that counts, at: ")?;
                brief::list(f, states.iter().map(|state| brief::name(state)))
            }
            Self::TooLarge(_) => f.write_str("the graph is too large"),
        }
    }
}

impl fmt::Debug for GraphError {
    /// The message, and those of its sources: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        brief::debug(f, self)
    }
}

impl std::error::Error for GraphError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLarge(error) => Some(error),
            _ => None,
        }
    }
}
