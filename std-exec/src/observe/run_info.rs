//! What observers are told about a run.

use dgraph_core::{DagView, NodeId};
use std::fmt;
use std::sync::Arc;

/// What nodes are called.
pub(crate) trait NodeNames: Sync {
    /// The name of this node, empty if it is anonymous.
    fn name_of(&self, node: NodeId) -> &str;
}

/// A run that is observed.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Graph, GraphBuilder, Observer, RunInfo, RunOptions};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Log(Mutex<Vec<String>>);
///
/// impl Observer for Log {
///     fn run_begins(&self, run: &RunInfo<'_>) {
///         self.0.lock().unwrap().push(format!("[{}]: {} nodes", run.path(), run.to_run()));
///     }
/// }
///
/// let mut part = GraphBuilder::new();
/// part.node("one", (), || ());
/// part.node("two", (), || ());
/// let mut graph = GraphBuilder::new();
/// graph.graph("part", (), part.build()?, |_: &mut Graph<'_>| {}, |_| ());
/// let log = Arc::new(Log::default());
/// graph.build()?.with(&RunOptions::new().observer(log.clone())).run()?;
/// assert_eq!(*log.0.lock().unwrap(), ["[]: 1 nodes", "[part]: 2 nodes"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct RunInfo<'a> {
    pub(crate) number: u64,
    pub(crate) graph: u64,
    pub(crate) parent: Option<&'a Arc<Parent>>,
    pub(crate) dag: DagView<'a>,
    pub(crate) names: &'a dyn NodeNames,
    pub(crate) to_run: usize,
    pub(crate) threads: usize,
}

/// Where a graph is that is a node.
#[derive(Debug)]
pub(crate) struct Parent {
    pub(crate) run: u64,
    pub(crate) node: NodeId,
    pub(crate) path: String,
}

impl Parent {
    /// `node` of `run` is a graph.
    pub(crate) fn new(run: &RunInfo<'_>, node: NodeId) -> Self {
        Self { run: run.number, node, path: run.path_of(node).to_string() }
    }
}

impl<'a> RunInfo<'a> {
    /// The run's number, which no other run in this process has.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, NodeOutcome, Observer, RunInfo, RunOutcome};
    /// use std::collections::HashMap;
    /// use std::sync::Mutex;
    ///
    /// /// How many nodes of each run have ended.
    /// struct Ended(Mutex<HashMap<u64, usize>>);
    ///
    /// impl Observer for Ended {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         self.0.lock().unwrap().insert(run.number(), 0);
    ///     }
    ///     fn node_ends(&self, node: &NodeInfo<'_>, _: NodeOutcome) {
    ///         *self.0.lock().unwrap().entry(node.run().number()).or_default() += 1;
    ///     }
    ///     fn run_ends(&self, run: &RunInfo<'_>, _: RunOutcome) {
    ///         self.0.lock().unwrap().remove(&run.number());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of its graph, which no other graph in this process has.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo};
    /// use std::collections::HashSet;
    /// use std::sync::Mutex;
    ///
    /// /// Has a look at each graph once, however often it runs.
    /// struct Graphs(Mutex<HashSet<u64>>);
    ///
    /// impl Observer for Graphs {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         if self.0.lock().unwrap().insert(run.graph()) {
    ///             println!("{} nodes, {} levels", run.dag().node_count(), run.dag().levels().len());
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn graph(&self) -> u64 {
        self.graph
    }

    /// Where the graph is, if it is a node of another one: the names of nodes, from the outermost graph on,
    /// with `/` between them. Otherwise empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo};
    ///
    /// struct Outermost;
    ///
    /// impl Observer for Outermost {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         if run.path().is_empty() {
    ///             println!("a run begins that is in no other");
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.parent.map_or("", |parent| &parent.path)
    }

    /// The number of the run that this one is a node of, and that node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo};
    ///
    /// struct Nested;
    ///
    /// impl Observer for Nested {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         if let Some((outer, node)) = run.parent() {
    ///             println!("run {} is node {node} of run {outer}", run.number());
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn parent(&self) -> Option<(u64, NodeId)> {
        self.parent.map(|parent| (parent.run, parent.node))
    }

    /// The graph without its closures.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo};
    ///
    /// struct Shape;
    ///
    /// impl Observer for Shape {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         let longest = run.dag().critical_path(|_| 1).nodes.len();
    ///         println!("{} nodes, at most {longest} in a row", run.dag().node_count());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn dag(&self) -> DagView<'a> {
        self.dag
    }

    /// The name of a node; empty if it is anonymous.
    ///
    /// # Panics
    ///
    /// If there is no node with that number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo};
    ///
    /// struct Roots;
    ///
    /// impl Observer for Roots {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         let names: Vec<_> = run.dag().roots().iter().map(|&root| run.name(root)).collect();
    ///         println!("begins with {}", names.join(", "));
    ///     }
    /// }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn name(&self, node: NodeId) -> &'a str {
        self.names.name_of(node)
    }

    /// What `node` is called from outside of the outermost graph.
    pub(crate) fn path_of(&self, node: NodeId) -> Path<'a> {
        Path::new(self.path(), self.name(node), node)
    }

    /// How many nodes are to run: all but inputs, what isn't needed, and what is up to date.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Observer, RunInfo, RunOptions};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// #[derive(Default)]
    /// struct Total(AtomicUsize);
    ///
    /// impl Observer for Total {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         self.0.store(run.to_run(), Relaxed);
    ///     }
    /// }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let wanted = graph.node("wanted", (), || 1);
    /// graph.node("other", (), || 2);
    /// let total = Arc::new(Total::default());
    /// graph.build()?.with(&RunOptions::new().only([wanted]).observer(total.clone())).run()?;
    /// assert_eq!(total.0.load(Relaxed), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_run(&self) -> usize {
        self.to_run
    }

    /// How many threads take part at the most.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Observer, RunInfo, RunOptions};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// #[derive(Default)]
    /// struct Threads(AtomicUsize);
    ///
    /// impl Observer for Threads {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         self.0.store(run.threads(), Relaxed);
    ///     }
    /// }
    ///
    /// let threads = Arc::new(Threads::default());
    /// let options = RunOptions::new().observer(threads.clone());
    /// let executor = Executor::builder().threads(2).build()?;
    /// GraphBuilder::new().build()?.with(&options).run_parallel(&executor)?;
    /// assert_eq!(threads.0.load(Relaxed), executor.threads());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }
}

/// The path of a run and, behind that, the name of a node or, if it has none, `#` and its number.
pub(crate) struct Path<'a> {
    run: &'a str,
    name: &'a str,
    node: NodeId,
}

impl<'a> Path<'a> {
    pub(crate) fn new(run: &'a str, name: &'a str, node: NodeId) -> Self {
        Self { run, name, node }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.run)?;
        f.write_str(if self.run.is_empty() { "" } else { "/" })?;
        match self.name {
            "" => write!(f, "#{}", self.node),
            name => f.write_str(name),
        }
    }
}

impl fmt::Debug for RunInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut run = f.debug_struct("RunInfo");
        run.field("number", &self.number).field("path", &self.path()).finish_non_exhaustive()
    }
}
