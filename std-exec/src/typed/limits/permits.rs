//! Permits that a node wants.

use super::limit::Limit;
use super::shared_limit::SharedLimit;
use std::fmt;

/// So many permits of a limit: what [`GraphBuilder::limited`](crate::GraphBuilder::limited) puts a node
/// under. A limit by itself stands for one permit of it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Permits, SharedLimit};
/// let memory = SharedLimit::new(8);
/// let mut graph = GraphBuilder::new();
/// let device = graph.limit(1);
/// let wants: [Permits; 4] = [device.into(), (&memory).into(), memory.permits(4), memory.all()];
/// for permits in wants {
///     let node = graph.node("node", (), || ());
///     graph.limited(node, permits);
/// }
/// graph.build()?.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Permits(pub(crate) Of);

/// Of which limit they are.
#[derive(Clone)]
pub(crate) enum Of {
    OneGraph(Limit),
    Any(SharedLimit, usize),
}

impl SharedLimit {
    /// So many of its permits, for one node. None is as if there were no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, SharedLimit};
    /// let gigabytes = SharedLimit::new(16);
    /// let mut graph = GraphBuilder::new();
    /// for (name, takes) in [("large", 12), ("medium", 6), ("small", 1)] {
    ///     let node = graph.node(name, (), || ());
    ///     graph.limited(node, gigabytes.permits(takes));
    /// }
    /// graph.build()?.run()?;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let node = graph.node("huge", (), || ());
    /// graph.limited(node, gigabytes.permits(17));
    /// assert_eq!(graph.build().unwrap_err().to_string(), "want more permits than a limit has: huge");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn permits(&self, permits: usize) -> Permits {
        Permits(Of::Any(self.clone(), permits))
    }

    /// All of its permits, for one node, which is alone then.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, SharedLimit};
    /// let readers = SharedLimit::new(100);
    /// let mut graph = GraphBuilder::new();
    /// let (read, write) = (graph.node("read", (), || ()), graph.node("write", (), || ()));
    /// graph.limited(read, &readers);
    /// graph.limited(write, readers.all());
    /// graph.build()?.run()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn all(&self) -> Permits {
        self.permits(self.count().unwrap_or(usize::MAX))
    }
}

impl From<Limit> for Permits {
    /// One permit.
    fn from(limit: Limit) -> Self {
        Self(Of::OneGraph(limit))
    }
}

impl From<&SharedLimit> for Permits {
    /// One permit.
    fn from(limit: &SharedLimit) -> Self {
        limit.permits(1)
    }
}

impl From<SharedLimit> for Permits {
    /// One permit.
    fn from(limit: SharedLimit) -> Self {
        limit.permits(1)
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Of::OneGraph(limit) => f.debug_tuple("Permits").field(limit).field(&1).finish(),
            Of::Any(limit, permits) => f.debug_tuple("Permits").field(limit).field(permits).finish(),
        }
    }
}
