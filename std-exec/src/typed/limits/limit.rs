//! A limit of one graph.

use crate::typed::handle::node::GraphId;
use std::fmt;

/// At most so many nodes of a graph at once, of those that share it; or fewer, if some want
/// [several](Self::permits) of its permits. Made by [`GraphBuilder::limit`](crate::GraphBuilder::limit).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, Limit, Node};
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// static OPEN: AtomicU32 = AtomicU32::new(0);
///
/// /// Adds a node that uses a connection, of which there are only so many.
/// fn query(graph: &mut GraphBuilder<'_>, connections: Limit) -> Node<u32> {
///     let node = graph.node("query", (), || {
///         let open = OPEN.fetch_add(1, Relaxed) + 1;
///         OPEN.fetch_sub(1, Relaxed);
///         open
///     });
///     graph.limited(node, connections);
///     node
/// }
///
/// let mut graph = GraphBuilder::new();
/// let connections = graph.limit(2);
/// let queries: Vec<_> = (0..20).map(|_| query(&mut graph, connections)).collect();
/// let mut graph = graph.build()?;
/// let results = graph.run_parallel(&Executor::new()?)?;
/// assert!(queries.iter().all(|&query| results[query] <= 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    pub(crate) graph: GraphId,
    pub(crate) index: u32,
    /// How many permits it has.
    pub(crate) count: usize,
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Limit({})", self.index)
    }
}
