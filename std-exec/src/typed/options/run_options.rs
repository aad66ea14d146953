//! How a run of a typed graph is to go.

use super::around::Outer;
use super::cancel::CancelToken;
use super::reasons::Draining;
use super::shuffle::Shuffle;
use crate::observe::{Observed, Observer, Parent};
use crate::typed::error::failure::Stop;
use crate::typed::handle::node::AnyNode;
use std::sync::Arc;
use std::time::Instant;

/// What happens to the other nodes when one has failed.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{NoResult, FailurePolicy, GraphBuilder, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// graph.try_node("bad", (), || "x".parse::<i32>());
/// let other = graph.node("other", (), || 1);
/// let mut graph = graph.build()?;
///
/// graph.with(&RunOptions::new().policy(FailurePolicy::FailFast)).run().unwrap_err();
/// assert_eq!(graph.results().get(other), Err(NoResult::NotRun));
/// graph.with(&RunOptions::new().policy(FailurePolicy::KeepGoing)).run().unwrap_err();
/// assert_eq!(graph.results().get(other), Ok(&1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// No further node is started, but those that [run in any case](crate::Node::outcome) and what these
    /// need. Closures under way end, futures that wait are dropped.
    #[default]
    FailFast,
    /// Only the nodes that depend on it in the usual way, directly or not, are skipped.
    KeepGoing,
}

/// Choices for one run of a typed [`Graph`](crate::Graph).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{CancelToken, FailurePolicy, GraphBuilder, RunError, RunOptions};
///
/// let token = CancelToken::new();
/// let mut graph = GraphBuilder::new();
/// let stop = graph.node("stop", (), || token.cancel());
/// graph.node("never", (stop,), |_: &()| ());
/// let mut graph = graph.build()?;
///
/// let options = RunOptions::new().policy(FailurePolicy::KeepGoing).cancel_token(&token);
/// let error = graph.with(&options).run().unwrap_err();
/// assert_eq!(error.to_string(), "cancelled, 1 node did not run: never");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RunOptions {
    pub(crate) policy: FailurePolicy,
    pub(crate) token: Option<CancelToken>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) catch_panics: bool,
    /// Shared, so that options can be cloned for a run without an allocation.
    pub(crate) targets: Option<Arc<[AnyNode]>>,
    pub(crate) update: bool,
    pub(crate) measure: bool,
    pub(crate) shuffle: Option<Shuffle>,
    pub(crate) observer: Observed,
    /// Where the graph is, if that is a node of another and observed.
    pub(crate) parent: Option<Arc<Parent>>,
    /// The graph is a node of another.
    pub(crate) within: bool,
    pub(crate) draining: Draining,
    /// Panics are failures.
    pub(crate) panics_fail: bool,
    /// The run to whose node this one belongs.
    pub(crate) outer: Option<Outer>,
}

impl RunOptions {
    /// Runs every node, stops at the first failure, passes panics on.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    ///
    /// const EVERYTHING: RunOptions = RunOptions::new();
    /// let mut graph = GraphBuilder::new();
    /// let one = graph.node("one", (), || 1);
    /// assert_eq!(graph.build()?.with(&EVERYTHING).run()?[one], 1); // as `run`
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn new() -> Self {
        Self {
            policy: FailurePolicy::FailFast,
            token: None,
            deadline: None,
            catch_panics: false,
            targets: None,
            update: false,
            measure: false,
            shuffle: None,
            observer: Observed::NONE,
            parent: None,
            within: false,
            draining: Draining::NONE,
            panics_fail: false,
            outer: None,
        }
    }

    pub(crate) fn shuffled_by(shuffle: Shuffle) -> Self {
        Self { shuffle: Some(shuffle), ..Self::new() }
    }

    /// What happens to the other nodes when one has failed. Default: [`FailurePolicy::FailFast`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// for text in ["x", "1", "y"] {
    ///     graph.try_node(text, (), move || text.parse::<i32>());
    /// }
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().policy(FailurePolicy::KeepGoing)).run();
    /// assert_eq!(outcome.unwrap_err().to_string(), "2 nodes failed: x, y"); // not the first one only
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Starts no node any more once `token` is cancelled. Closures under way end, futures that wait are
    /// dropped, unless the run is [drained](Self::drain).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunError, RunOptions};
    ///
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// graph.node("work", (), || ());
    /// let mut graph = graph.build()?;
    /// let options = RunOptions::new().cancel_token(&token);
    /// graph.with(&options).run()?;
    /// token.cancel(); // when the user presses a button, say
    /// assert!(matches!(graph.with(&options).run(), Err(RunError::Cancelled { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_token(mut self, token: &CancelToken) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// Starts no node any more from this moment on. Closures under way end, futures that wait are dropped,
    /// unless the run is [drained](Self::drain).
    /// The clock is read before each node and before a future that was woken is polled; a run that waits for
    /// its futures, or for a worker to begin, is woken by its deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let work = graph.node("work", (), || 1);
    /// let mut graph = graph.build()?;
    /// let ample = RunOptions::new().deadline(Instant::now() + Duration::from_secs(3600));
    /// assert_eq!(graph.with(&ample).run()?[work], 1);
    /// let error = graph.with(&RunOptions::new().deadline(Instant::now())).run().unwrap_err();
    /// assert_eq!(error.to_string(), "deadline exceeded, 1 node did not run: work");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Makes a panic an error, [`RunError::Panicked`](crate::RunError::Panicked), instead of resuming it on
    /// the caller. It names the nodes, and what failed beside them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().catch_panics()).run().unwrap_err();
    /// assert_eq!(error.to_string(), "panicked: bad (no)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn catch_panics(mut self) -> Self {
        self.catch_panics = true;
        self
    }

    /// Runs only these nodes and those that they depend on, directly or not. The others have no result
    /// afterwards. A node that uses a [state](crate::State) depends on the writers before it, not on readers.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let parse = graph.node("parse", (), || 3);
    /// let check = graph.node("check", (parse,), |number: &i32| *number > 0);
    /// graph.node("install", (check,), |_: &bool| panic!("not today"));
    /// let mut graph = graph.build()?;
    /// assert!(graph.with(&RunOptions::new().only([check])).run()?[check]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only<N: Into<AnyNode>>(mut self, targets: impl IntoIterator<Item = N>) -> Self {
        self.targets = Some(targets.into_iter().map(Into::into).collect());
        self
    }

    /// Keeps what is up to date from earlier runs. Runs only
    ///
    /// - nodes that depend, directly or not, on inputs that were set since the last run;
    /// - nodes that have not run to an end: never run, failed, panicked, skipped or not needed;
    /// - nodes whose result is gone, moved or taken, if one that runs needs it.
    ///
    /// Nodes that were given results [from outside](crate::Graph::set_result) since the last run don't run;
    /// those that depend on them do.
    ///
    /// Behind a node that asks for a [cutoff](crate::GraphBuilder::cutoff), it stops if that node's result is
    /// equal to the last one.
    ///
    /// Together with [`only`](Self::only): of these, those that the targets need. The others keep their
    /// results if these are up to date.
    ///
    /// A [state](crate::State) that the caller has [changed](crate::Graph::state_mut) counts as an input that
    /// was set. What a state was between two writers is gone after a run. So if one of its writers runs, or a
    /// node that reads it between two of them, all run from the first writer on, as in a full run.
    ///
    /// A graph that is a node is updated, too: if it runs, then only what the inputs that it is given reach,
    /// and what is to be read again because it was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::cell::Cell;
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let compiled = AtomicU32::new(0);
    /// let mut graph = GraphBuilder::new();
    /// let files = ["a", "b"].map(|file| graph.input::<&str>(file));
    /// let objects = files.map(|file| {
    ///     graph.node("compile", (file,), |source: &&str| {
    ///         compiled.fetch_add(1, Relaxed);
    ///         source.len()
    ///     })
    /// });
    /// let size = graph.node("link", (objects[0], objects[1]), |a: &usize, b: &usize| a + b);
    /// let mut graph = graph.build()?;
    /// graph.set(files[0], "main");
    /// graph.set(files[1], "tool");
    /// assert_eq!(graph.with(&RunOptions::new().update()).run()?[size], 8);
    /// graph.set(files[1], "tools");
    /// assert_eq!(graph.with(&RunOptions::new().update()).run()?[size], 9);
    /// assert_eq!(compiled.load(Relaxed), 3); // `a` only once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(mut self) -> Self {
        self.update = true;
        self
    }

    /// Measures how long each node takes, for
    /// [`Graph::prioritize_by_measured`](crate::Graph::prioritize_by_measured). The clock is read before and
    /// after each node, also in graphs that are nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let node = graph.node("node", (), || (0..1000).sum::<u64>());
    /// let (mut graph, executor) = (graph.build()?, Executor::new()?);
    /// graph.with(&RunOptions::new().measure()).run_parallel(&executor)?;
    /// assert!(graph.measured(node).is_some());
    /// graph.prioritize_by_measured(); // for the runs to come
    /// assert_eq!(graph.run_parallel(&executor)?[node], 499_500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn measure(mut self) -> Self {
        self.measure = true;
        self
    }

    /// Starts the nodes in a random order, for tests. On one thread, the same seed gives the same order on
    /// every machine, and over many seeds each order occurs that the graph permits. So a test that passes
    /// with many seeds has seen more than the one order in which nodes were declared, and what fails, fails
    /// again with its seed. [`find_missing_edge`] finds out why.
    ///
    /// An even seed takes each time any of the ready nodes, all with the same probability. An odd one gives
    /// each node a random priority, and one node, in turn, the lowest: so of `2n` consecutive seeds, for `n`
    /// nodes, each node comes once after everything that doesn't depend on it.
    ///
    /// What has to hold, holds: dependencies, [limits](crate::GraphBuilder::limit), nodes bound to threads.
    /// [Priorities](crate::GraphBuilder::priority) don't: what is correct can't depend on them. Graphs that
    /// are nodes are shuffled, too.
    ///
    /// Where several threads take part, the order that was drawn says which of the ready nodes is taken
    /// first, and the threads' speed does the rest: other seeds give other orders, but the same seed need not
    /// give the same one. Nor does it if futures wait for something outside the graph. Such a run needs some
    /// memory.
    ///
    /// [`find_missing_edge`]: crate::find_missing_edge
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::{collections::HashSet, mem, sync::Mutex};
    ///
    /// let order = Mutex::new(String::new());
    /// let mut graph = GraphBuilder::new();
    /// for name in ["a", "b", "c"] {
    ///     graph.node(name, (), || order.lock().unwrap().push_str(name));
    /// }
    /// let mut graph = graph.build()?;
    /// let mut run = |seed| {
    ///     graph.with(&RunOptions::new().shuffle(seed)).run().unwrap();
    ///     mem::take(&mut *order.lock().unwrap())
    /// };
    /// assert_eq!(run(1), run(1));
    /// assert_eq!((0..100).map(run).collect::<HashSet<_>>().len(), 6); // all that there are
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.shuffle = Some(Shuffle::by(seed));
        self
    }

    /// Tells `observer` what happens in the run, and in graphs that are nodes. Several are told one after the
    /// other.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, NodeInfo, Observer, RunOptions};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// #[derive(Default)]
    /// struct Begun(AtomicUsize);
    ///
    /// impl Observer for Begun {
    ///     fn node_begins(&self, _: &NodeInfo<'_>) {
    ///         self.0.fetch_add(1, Relaxed);
    ///     }
    /// }
    ///
    /// let mut graph = GraphBuilder::new();
    /// (0..100).for_each(|_| _ = graph.node("", (), || ()));
    /// let begun = Arc::new(Begun::default());
    /// let options = RunOptions::new().observer(begun.clone());
    /// graph.build()?.with(&options).run_parallel(&Executor::new()?)?;
    /// assert_eq!(begun.0.load(Relaxed), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer.add(observer);
        self
    }

    /// Whether somebody wants to know what each node does.
    pub(crate) fn is_watched(&self) -> bool {
        self.measure || self.observer.get().is_some()
    }

    pub(crate) fn is_partial(&self) -> bool {
        self.update || self.targets.is_some()
    }

    /// Whether something tells the run to stop.
    pub(crate) fn stop(&self) -> Stop {
        let cancelled = self.token.as_ref().is_some_and(CancelToken::is_cancelled);
        Stop { cancelled, late: self.deadline.is_some_and(|deadline| Instant::now() >= deadline) }
    }

    /// The choices for a graph that is a node of the one that is run. (Targets are nodes of that one; panics
    /// go on to it.) It is `node` of the run `outer`; `parent` is where it is, if it is observed.
    pub(crate) fn inherited(&self, node: u32, outer: Outer, parent: Option<Arc<Parent>>) -> Self {
        let &Self { policy, deadline, update, measure, draining, panics_fail, .. } = self;
        let outer = Some(outer);
        let shuffle = self.shuffle.as_ref().map(|shuffle| shuffle.inside(node));
        let (token, observer) = (self.token.clone(), self.observer.clone());
        let within = true;
        let how = Self { policy, token, deadline, draining, panics_fail, outer, ..Self::new() };
        Self { update, measure, shuffle, observer, parent, within, ..how }
    }
}
