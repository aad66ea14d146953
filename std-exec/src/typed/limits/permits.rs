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
/// let cores = graph.limit(4);
/// let wants: [Permits; 5] =
///     [device.into(), cores.permits(2), (&memory).into(), memory.permits(4), memory.all()];
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
    OneGraph(Limit, usize),
    Any(SharedLimit, usize),
}

impl Limit {
    /// So many of its permits, for one node. None is as if there were no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// let in_use = &AtomicUsize::new(0);
    /// let mut graph = GraphBuilder::new();
    /// let cores = graph.limit(4);
    /// for at_once in [1, 3, 2, 4, 1] {
    ///     let node = graph.node("tool", (), move || {
    ///         assert!(in_use.fetch_add(at_once, Relaxed) + at_once <= 4);
    ///         in_use.fetch_sub(at_once, Relaxed);
    ///     });
    ///     graph.limited(node, cores.permits(at_once));
    /// }
    /// graph.build()?.run_parallel(&Executor::new()?)?;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let (two, node) = (graph.limit(2), graph.node("huge", (), || ()));
    /// graph.limited(node, two.permits(3));
    /// assert_eq!(graph.build().unwrap_err().to_string(), "want more permits than a limit has: huge");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn permits(self, permits: usize) -> Permits {
        Permits(Of::OneGraph(self, permits))
    }

    /// All of its permits, for one node, which is alone then.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::sync::RwLock;
    ///
    /// let table = &RwLock::new(0);
    /// let mut graph = GraphBuilder::new();
    /// let readers = graph.limit(100);
    /// for _ in 0..10 {
    ///     let read = graph.node("read", (), || drop(table.try_read().expect("nobody writes")));
    ///     graph.limited(read, readers);
    /// }
    /// let write = graph.node("write", (), || *table.try_write().expect("nobody else") += 1);
    /// graph.limited(write, readers.all());
    /// graph.build()?.run_parallel(&Executor::new()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn all(self) -> Permits {
        // One at least: of a limit of 0, none would be as if there were no limit.
        self.permits(self.count.max(1))
    }
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
        // One at least: of a limit of 0, none would be as if there were no limit.
        self.permits(self.count().unwrap_or(usize::MAX).max(1))
    }
}

impl From<Limit> for Permits {
    /// One permit.
    fn from(limit: Limit) -> Self {
        limit.permits(1)
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
            Of::OneGraph(limit, permits) => f.debug_tuple("Permits").field(limit).field(permits).finish(),
            Of::Any(limit, permits) => f.debug_tuple("Permits").field(limit).field(permits).finish(),
        }
    }
}
