//! What observers are told about a node.

use super::run_info::RunInfo;
use crate::sync::clock;
use dgraph_core::NodeId;
use std::fmt;

/// A node of a run that is observed.
///
/// It is displayed as its path: the [path](RunInfo::path) of its run, and its name or, if it has none, `#`
/// and its number.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Graph, GraphBuilder, NodeInfo, Observer, RunOptions};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Log(Mutex<Vec<String>>);
///
/// impl Observer for Log {
///     fn node_begins(&self, node: &NodeInfo<'_>) {
///         self.0.lock().unwrap().push(node.to_string());
///     }
/// }
///
/// let mut part = GraphBuilder::new();
/// part.node("inner", (), || ());
/// let mut graph = GraphBuilder::new();
/// graph.graph("part", (), part.build()?, |_: &mut Graph<'_>| {}, |_| ());
/// graph.node("", (), || ());
/// let log = Arc::new(Log::default());
/// graph.build()?.with(&RunOptions::new().observer(log.clone())).run()?;
/// assert_eq!(*log.0.lock().unwrap(), ["part", "part/inner", "#1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct NodeInfo<'a> {
    run: &'a RunInfo<'a>,
    node: NodeId,
    worker: Option<usize>,
    /// By the clock's ticks: when it was last called or polled, and now.
    pub(crate) since: u64,
    pub(crate) now: u64,
}

impl<'a> NodeInfo<'a> {
    /// `node` at this moment, on the calling thread, which is this worker.
    #[inline]
    pub(crate) fn new(run: &'a RunInfo<'a>, node: NodeId, worker: Option<usize>) -> Self {
        let now = clock::now();
        Self { run, node, worker, since: now, now }
    }

    /// The same node, later.
    #[inline]
    pub(crate) fn later(self) -> Self {
        Self { now: clock::now(), ..self }
    }

    /// The run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, Observer};
    ///
    /// struct Numbers;
    ///
    /// impl Observer for Numbers {
    ///     fn node_begins(&self, node: &NodeInfo<'_>) {
    ///         println!("node {} of run {}", node.id(), node.run().number());
    ///     }
    /// }
    /// ```
    #[must_use]
    #[inline]
    pub fn run(&self) -> &'a RunInfo<'a> {
        self.run
    }

    /// The node's number: nodes are numbered in the order in which they were declared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, Observer};
    ///
    /// struct Dependents;
    ///
    /// impl Observer for Dependents {
    ///     fn node_begins(&self, node: &NodeInfo<'_>) {
    ///         println!("{} nodes wait for {node}", node.run().dag().successors(node.id()).len());
    ///     }
    /// }
    /// ```
    #[must_use]
    #[inline]
    pub fn id(&self) -> NodeId {
        self.node
    }

    /// The node's name; empty if it is anonymous.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, Observer};
    ///
    /// struct Tests;
    ///
    /// impl Observer for Tests {
    ///     fn node_begins(&self, node: &NodeInfo<'_>) {
    ///         if node.name().starts_with("test") {
    ///             println!("{node}");
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.run.name(self.node)
    }

    /// Which worker of an executor the calling thread is; `None` if it is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, Observer};
    ///
    /// struct Where;
    ///
    /// impl Observer for Where {
    ///     fn node_begins(&self, node: &NodeInfo<'_>) {
    ///         match node.worker() {
    ///             Some(worker) => println!("{node} on worker {worker}"),
    ///             None => println!("{node} on the caller's thread"),
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    #[inline]
    pub fn worker(&self) -> Option<usize> {
        self.worker
    }
}

impl fmt::Display for NodeInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.path_of(self.node).fmt(f)
    }
}

impl fmt::Debug for NodeInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeInfo")
            .field("run", &self.run.number)
            .field("node", &format_args!("{self}"))
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}
