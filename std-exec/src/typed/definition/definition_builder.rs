//! How a definition is put together.
//!
//! Why its closures may be called by several runs at once: they are `Sync`, and each call goes through
//! [`ByRef`] or [`start_by_ref`], which make shared references only. What else a call changes lies in the
//! run's own memory: slots, statuses and futures. Nodes that would need more, states and graphs, can't be
//! added here.

use super::shared::Definition;
use crate::typed::builder::graph_builder::GraphBuilder;
use crate::typed::builder::node_name::NodeName;
use crate::typed::error::graph_error::GraphError;
use crate::typed::graph::env::Env;
use crate::typed::handle::bounds::{NodeError, Predecessors, Shareable};
use crate::typed::handle::declared::Declared;
use crate::typed::handle::node::{AnyNode, Input, Node};
use crate::typed::limits::limit::Limit;
use crate::typed::limits::permits::Permits;
use crate::typed::node::async_task::{Fallible, Plain};
use crate::typed::node::dependencies::Dependencies;
use crate::typed::node::shared_fn::{ByRef, SharedAsyncFn, SharedNodeFn, start_by_ref};
use std::fmt;

/// Collects the nodes of a [`Definition`]: as a [`GraphBuilder`], but closures are `Fn + Sync`, since several
/// runs may call one at the same time.
///
/// # Examples
///
/// ```
/// use dgraph_exec::DefinitionBuilder;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let requests = AtomicU32::new(0);
/// let mut graph = DefinitionBuilder::new();
/// let name = graph.input::<String>("name");
/// let count = graph.node("count", (), || requests.fetch_add(1, Ordering::Relaxed) + 1);
/// let reply = graph.node("reply", (name, count), |name: &String, count: &u32| format!("hello {name}, {count}"));
/// let definition = graph.build()?;
///
/// let mut request = definition.instance();
/// request.set(name, "Ada".into());
/// assert_eq!(request.run()?[reply], "hello Ada, 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DefinitionBuilder<'env> {
    pub(super) nodes: GraphBuilder<'env>,
    most: Option<usize>,
}

impl Default for DefinitionBuilder<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'env> DefinitionBuilder<'env> {
    /// Starts with no nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let only = graph.node("only", (), || "node");
    /// assert_eq!(graph.build()?.instance().run()?[only], "node");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { nodes: GraphBuilder::new(), most: None }
    }

    /// Adds a node, as [`GraphBuilder::node`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, Values};
    /// let mut graph = DefinitionBuilder::new();
    /// let three = graph.node("three", (), || 3);
    /// let sum = graph.node("sum", [three, three], |values: Values<'_, i32>| values.iter().sum::<i32>());
    /// assert_eq!(graph.build()?.instance().run()?[sum], 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<D, F, T>(&mut self, name: impl NodeName<T>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies + Send,
        F: SharedNodeFn<D, T> + 'env,
        T: Shareable + 'env,
    {
        // SAFETY: the closure is `Send`, the output `Send` and `Sync`, and neither borrows for less than
        // `'env`.
        unsafe { self.nodes.nodes.plain(name, dependencies, ByRef::new(function)) }
    }

    /// Adds a node that may fail, as [`GraphBuilder::try_node`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let text = graph.input::<&str>("text");
    /// let number = graph.try_node("number", (text,), |text: &&str| text.parse::<i32>());
    /// let definition = graph.build()?;
    /// let (mut good, mut bad) = (definition.instance(), definition.instance());
    /// good.set(text, "4");
    /// bad.set(text, "4x");
    /// assert_eq!(bad.run().unwrap_err().to_string(), "1 node failed: number");
    /// assert_eq!(good.run()?[number], 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_node<D, F, T, E>(&mut self, name: impl NodeName<T>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies + Send,
        F: SharedNodeFn<D, Result<T, E>> + 'env,
        T: Shareable + 'env,
        E: NodeError,
    {
        // SAFETY: as above.
        unsafe { self.nodes.nodes.fallible(name, dependencies, ByRef::new(function)) }
    }

    /// Adds an async node, as [`GraphBuilder::async_node`] does. Each run has a future of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// use std::sync::Arc;
    ///
    /// struct Client { host: String }
    /// impl Client {
    ///     async fn get(&self, path: &str) -> String { format!("{}/{path}", self.host) }
    /// }
    ///
    /// let client = Arc::new(Client { host: "there".into() });
    /// let mut graph = DefinitionBuilder::new();
    /// let path = graph.input::<String>("path");
    /// let page = graph.async_node("page", (path,), move |path: &String| {
    ///     let (client, path) = (Arc::clone(&client), path.clone());
    ///     async move { client.get(&path).await }
    /// });
    /// let definition = graph.build()?;
    /// let mut request = definition.instance();
    /// request.set(path, "here".into());
    /// assert_eq!(request.run()?[page], "there/here");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn async_node<D, F, T>(&mut self, name: impl NodeName<T>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies<Scope: 'env> + Send,
        F: SharedAsyncFn<'env, D, T>,
        T: Shareable + 'env,
    {
        let start = start_by_ref::<'env, D, F, _>();
        // SAFETY: closure and future are `Send`, `T` is `Send` and `Sync`, and none borrows for less than
        // `'env`.
        unsafe {
            self.nodes.nodes.asynchronous::<Plain, D, _, _, _, _, _>(name, dependencies, function, start)
        }
    }

    /// Adds an async node that may fail, as [`GraphBuilder::try_async_node`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    ///
    /// async fn parse(text: &&str) -> Result<i32, std::num::ParseIntError> { text.parse() }
    ///
    /// let mut graph = DefinitionBuilder::new();
    /// let text = graph.node("text", (), || "4x");
    /// graph.try_async_node("number", (text,), parse);
    /// let error = graph.build()?.instance().run().unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    pub fn try_async_node<D, F, T, E>(
        &mut self,
        name: impl NodeName<T>,
        dependencies: D,
        function: F,
    ) -> Node<T>
    where
        D: Dependencies<Scope: 'env> + Send,
        F: SharedAsyncFn<'env, D, Result<T, E>>,
        T: Shareable + 'env,
        E: NodeError,
    {
        let start = start_by_ref::<'env, D, F, _>();
        // SAFETY: as above.
        unsafe {
            self.nodes.nodes.asynchronous::<Fallible, D, _, _, _, _, _>(name, dependencies, function, start)
        }
    }

    /// Declares a node that is defined later, as [`GraphBuilder::declare`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let later = graph.declare::<u8>("later");
    /// let next = graph.node("next", later.node(), |later: &u8| later + 1);
    /// graph.node(later, (), || 6);
    /// assert_eq!(graph.build()?.instance().run()?[next], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn declare<T: Shareable + 'env>(&mut self, name: impl AsRef<str>) -> Declared<T> {
        self.nodes.declare(name)
    }

    /// Adds an input, which is set for each run by itself: [`Graph::set`](crate::Graph::set).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let number = graph.input::<u32>("number");
    /// let double = graph.node("double", (number,), |number: &u32| number * 2);
    /// let definition = graph.build()?;
    /// let mut runs = [1, 2, 3].map(|value| {
    ///     let mut run = definition.instance();
    ///     run.set(number, value);
    ///     run
    /// });
    /// for (run, result) in runs.iter_mut().zip([2, 4, 6]) {
    ///     assert_eq!(run.run()?[double], result);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input<T: Shareable + 'env>(&mut self, name: impl AsRef<str>) -> Input<T> {
        self.nodes.input(name)
    }

    /// Lets a node come after others that it isn't fed by, as [`GraphBuilder::after`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// use std::sync::Mutex;
    /// let order = Mutex::new(Vec::new());
    /// let mut graph = DefinitionBuilder::new();
    /// let second = graph.node("second", (), || order.lock().unwrap().push(2));
    /// let first = graph.node("first", (), || order.lock().unwrap().push(1));
    /// graph.after(second, [first]);
    /// graph.build()?.instance().run()?;
    /// assert_eq!(*order.lock().unwrap(), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(&mut self, node: impl Into<AnyNode>, predecessors: impl Predecessors) {
        self.nodes.after(node, predecessors);
    }

    /// Sets the priority of a node among those of a run, as [`GraphBuilder::priority`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// use std::sync::Mutex;
    /// let order = Mutex::new(Vec::new());
    /// let mut graph = DefinitionBuilder::new();
    /// graph.node("first declared", (), || order.lock().unwrap().push(2));
    /// let urgent = graph.node("urgent", (), || order.lock().unwrap().push(1));
    /// graph.priority(urgent, 1);
    /// graph.build()?.instance().run()?;
    /// assert_eq!(*order.lock().unwrap(), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn priority(&mut self, node: impl Into<AnyNode>, priority: i32) {
        self.nodes.priority(node, priority);
    }

    /// A limit on how many nodes of a run are under way at once, as by [`GraphBuilder::limit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, Executor};
    /// let mut graph = DefinitionBuilder::new();
    /// let one = graph.limit(1);
    /// for _ in 0..3 {
    ///     let node = graph.node("send", (), || ());
    ///     graph.limited(node, one); // one at a time of each run
    /// }
    /// graph.build()?.instance().run_parallel(&Executor::new()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limit(&mut self, at_once: usize) -> Limit {
        self.nodes.limit(at_once)
    }

    /// Puts a node under a [limit](Self::limit) of each run, or one that all runs
    /// [share](crate::SharedLimit).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, SharedLimit};
    /// let connections = SharedLimit::new(10);
    /// let mut graph = DefinitionBuilder::new();
    /// let (two, node) = (graph.limit(2), graph.node("node", (), || ()));
    /// graph.limited(node, two); // of each run
    /// graph.limited(node, &connections); // of all
    /// assert!(graph.build().is_ok());
    /// ```
    pub fn limited(&mut self, node: impl Into<AnyNode>, permits: impl Into<Permits>) {
        self.nodes.limited(node, permits);
    }

    /// At most so many instances are in use at once; who asks for more waits. There is no such bound
    /// otherwise.
    ///
    /// # Panics
    ///
    /// If it is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// graph.node("answer", (), || 42);
    /// graph.at_most(2);
    /// let definition = graph.build()?;
    /// let in_use = [definition.instance(), definition.instance()];
    /// assert!(definition.try_instance().is_none());
    /// drop(in_use);
    /// assert!(definition.try_instance().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "async")]
    #[track_caller]
    pub fn at_most(&mut self, instances: usize) {
        assert!(instances > 0, "nobody could ever have an instance");
        self.most = Some(instances);
    }

    /// Checks the graph, as [`GraphBuilder::build`] does.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, GraphError};
    /// let mut graph = DefinitionBuilder::new();
    /// let (one, two) = (graph.node("one", (), || ()), graph.node("two", (), || ()));
    /// graph.after(one, [two]);
    /// graph.after(two, [one]);
    /// assert!(matches!(graph.build(), Err(GraphError::Cycle(_))));
    /// ```
    pub fn build(self) -> Result<Definition<'env>, GraphError> {
        let Self { nodes, most } = self;
        let data = nodes.nodes.build()?;
        // SAFETY: all nodes were added above, by `ByRef`, and their closures are `Sync`.
        Ok(unsafe { Definition::new(data, most, Env::new()) })
    }
}

impl fmt::Debug for DefinitionBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DefinitionBuilder").field(&self.nodes).finish()
    }
}
