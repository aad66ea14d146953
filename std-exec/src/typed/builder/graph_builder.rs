//! How a typed graph is put together.

use super::check::{Declared, Faults, check, name_cycle};
use super::wishes::Wishes;
use crate::typed::data::accesses::Access;
use crate::typed::data::agenda::Agenda;
use crate::typed::data::graph_data::{GraphData, InnerGraphs, InnerOf};
use crate::typed::data::schedule::Schedule;
use crate::typed::data::topology::Topology;
use crate::typed::data::uses::{Kind, Use};
use crate::typed::error::graph_error::GraphError;
use crate::typed::graph::built::Graph;
use crate::typed::graph::env::Env;
use crate::typed::graph::results::Results;
use crate::typed::handle::bounds::{NodeError, Predecessors, Shareable};
use crate::typed::handle::markers::Anywhere;
use crate::typed::handle::names::{Label, Names};
use crate::typed::handle::node::{AnyNode, Input, Node};
use crate::typed::memory::entry::{Call, DropInPlace, Task};
use crate::typed::memory::errors::Kept;
use crate::typed::memory::measured::Measured;
use crate::typed::memory::status::Status;
use crate::typed::memory::store::Store;
use crate::typed::node::dependencies::{Dependencies, NodeFn, SetInputs};
use crate::typed::node::graph_task::{
    AsyncGraphTask, Inner, async_graph_call_of, async_inner_of, drop_run_of, graph_call_of, inner_of,
};
use crate::typed::node::resolver::Resolver;
use crate::typed::node::task::{call_of, try_call_of};
use dgraph_core::{DagError, NodeId};
use std::fmt;
use std::marker::PhantomData;

/// Collects the nodes of a typed [`Graph`], in any order.
///
/// Each method that adds a node returns its handle, by which others depend on it and by which its result is
/// read. Names are for messages, and need not differ; a node with the name `""` is anonymous.
///
/// Closures are `FnMut`: what they keep between runs is theirs. They may borrow from the caller's scope
/// (`'env`); what they borrow has to be declared before the builder, so that it is still there when closures
/// are dropped.
///
/// # Examples
///
/// ```
/// use dgraph_exec::GraphBuilder;
///
/// let words = ["so", "it", "goes"]; // borrowed by the closures
/// let mut graph = GraphBuilder::new();
/// let lengths: Vec<_> = words.iter().map(|word| graph.node(word, (), || word.len())).collect();
/// let mut runs = 0; // kept between runs
/// let total = graph.node("total", (lengths[0], lengths[1], lengths[2]), move |a: &usize, b: &usize, c: &usize| {
///     runs += 1;
///     (a + b + c, runs)
/// });
/// let mut graph = graph.build()?;
/// assert_eq!(graph.run()?[total], (8, 1));
/// assert_eq!(graph.run()?[total], (8, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GraphBuilder<'env, P = Anywhere> {
    pub(crate) store: Store,
    graphs: InnerGraphs,
    pub(crate) names: Names,
    nodes: Vec<Declared>,
    pub(crate) uses: Vec<Use>,
    /// What nodes do with states.
    pub(crate) accesses: Vec<Access>,
    pub(crate) wishes: Wishes,
    pub(crate) faults: Faults,
    env: Env<'env>,
    place: PhantomData<P>,
}

impl Default for GraphBuilder<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'env> GraphBuilder<'env> {
    /// Starts with no nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let only = graph.node("only", (), || "node");
    /// assert_eq!(graph.build()?.run()?[only], "node");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::empty()
    }
}

impl<'env, P> GraphBuilder<'env, P> {
    pub(crate) fn empty() -> Self {
        Self {
            store: Store::new(),
            graphs: InnerGraphs::default(),
            names: Names::default(),
            nodes: Vec::new(),
            uses: Vec::new(),
            accesses: Vec::new(),
            wishes: Wishes::default(),
            faults: Faults::default(),
            env: Env::new(),
            place: PhantomData,
        }
    }

    /// Adds a node that runs `function` after `dependencies` and is fed their results.
    ///
    /// Dependencies are a tuple of up to 12 handles, and the function takes a reference for each, in that
    /// order; or one handle; or a slice of handles of one type, and the function takes
    /// [`Values`](crate::Values). Parameter types of closures have to be written out. For a dependency
    /// [`moved`](Node::moved) the parameter is the value itself. A dependency listed twice is run once and
    /// fed twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Values};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let three = graph.node("three", (), || 3);
    /// let text = graph.node("text", three, |three: &i32| three.to_string()); // one handle
    /// let both = graph.node("both", (text.moved(), three), |mut text: String, three: &i32| {
    ///     text += &format!(" and {three}");
    ///     text
    /// });
    /// let sum = graph.node("sum", [three, three], |values: Values<'_, i32>| values.iter().sum::<i32>());
    /// let mut graph = graph.build()?;
    /// let results = graph.run()?;
    /// assert_eq!((results[both].as_str(), results[sum]), ("3 and 3", 6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<D, F>(&mut self, name: impl AsRef<str>, dependencies: D, function: F) -> Node<F::Output>
    where
        D: Dependencies + Send,
        F: NodeFn<D> + Send + 'env,
        F::Output: Shareable + 'env,
    {
        let node = self.declare(name);
        self.define(node, dependencies, function);
        node
    }

    /// Adds a node that may fail. Those that depend on it, directly or not, are then skipped, and the run
    /// gives a [`RunError::Failed`](crate::RunError::Failed) with the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let text = graph.node("text", (), || "4x");
    /// let number = graph.try_node("number", (text,), |text: &&str| text.parse::<i32>());
    /// graph.node("double", (number,), |number: &i32| number * 2);
    /// let mut graph = graph.build()?;
    /// let error = graph.run().unwrap_err();
    /// assert_eq!(error.to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_node<D, F, T, E>(&mut self, name: impl AsRef<str>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies + Send,
        F: NodeFn<D, Output = Result<T, E>> + Send + 'env,
        T: Shareable + 'env,
        E: NodeError,
    {
        let node = self.declare(name);
        self.try_define(node, dependencies, function);
        node
    }

    /// Adds a node whose value comes from the caller, by [`Graph::set`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let side = graph.input::<f64>("side");
    /// let area = graph.node("area", (side,), |side: &f64| side * side);
    /// let mut graph = graph.build()?;
    /// for (given, wanted) in [(2.0, 4.0), (3.0, 9.0)] {
    ///     graph.set(side, given);
    ///     assert_eq!(graph.run()?[area], wanted);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn input<T>(&mut self, name: impl AsRef<str>) -> Input<T>
    where
        T: Shareable + 'env,
    {
        // SAFETY: `T` is `Send` and `Sync`.
        Input::new(unsafe { self.add(name.as_ref(), Declared::Input) })
    }

    /// Adds a node that runs the graph `inner`, in the way in which this one is run: on the same thread, or
    /// on the same executor, with the same policy, token and deadline.
    ///
    /// First `set_inputs` is given the inner graph and the results of `dependencies`; then the inner graph
    /// runs; then `read_outputs` makes the node's result of the inner results. If the inner run fails, the
    /// node has failed, and the inner [`RunError`](crate::RunError) is its error. A graph with [async
    /// nodes](Self::async_node) makes this node one: it runs on whatever thread polls it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Graph, GraphBuilder, Results};
    ///
    /// let mut inner = GraphBuilder::new();
    /// let side = inner.input::<u64>("side");
    /// let area = inner.node("area", (side,), |side: &u64| side * side);
    /// let inner = inner.build()?;
    ///
    /// let mut outer = GraphBuilder::new();
    /// let three = outer.node("three", (), || 3_u64);
    /// let nine = outer.graph(
    ///     "nine",
    ///     (three,),
    ///     inner,
    ///     move |inner: &mut Graph<'_>, three: &u64| {
    ///         inner.set(side, *three);
    ///     },
    ///     move |results: Results<'_>| results[area],
    /// );
    /// assert_eq!(outer.build()?.run()?[nine], 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn graph<D, S, R, T>(
        &mut self,
        name: impl AsRef<str>,
        dependencies: D,
        inner: Graph<'env>,
        set_inputs: S,
        read_outputs: R,
    ) -> Node<T>
    where
        D: Dependencies + Send,
        S: SetInputs<Graph<'env>, D> + Send + 'env,
        R: FnMut(Results<'_>) -> T + Send + 'env,
        T: Shareable + 'env,
    {
        let node = self.declare(name);
        let gives_futures = inner.data().store.futures() > 0;
        let inner = Inner { graph: inner, set_inputs, read_outputs };
        if let Some(task) = self.task(node, dependencies, inner) {
            if gives_futures {
                let index = u32::try_from(self.store.futures()).expect("the builder counts nodes");
                let task = AsyncGraphTask { task, under_way: None, index };
                let (call, drop) = (async_graph_call_of::<S, R, D, T>(&task), drop_run_of(&task));
                let inner = async_inner_of(&task);
                let task = Task { function: task, pointers: () };
                // SAFETY: `call`, `drop` and `inner` were made for this task. What is in it outlives `'env`,
                // and is `Send`.
                unsafe { self.define_graph_with(node, call, task, Some(drop), inner) };
            } else {
                let (call, inner) = (graph_call_of::<S, R, D, T>(&task), inner_of(&task));
                // SAFETY: both were made for this task. What is in it outlives `'env`, and is `Send`.
                unsafe { self.define_graph_with(node, call, task, None, inner) };
            }
        }
        node
    }

    /// Adds a node that is to be [defined](Self::define) later, so that others can depend on it before.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let egg = graph.declare::<u8>("egg");
    /// let hen = graph.node("hen", (egg,), |egg: &u8| *egg);
    /// graph.define(egg, (hen,), |hen: &u8| *hen);
    /// assert_eq!(graph.build().unwrap_err().to_string(), "dependency cycle: egg -> hen -> egg");
    /// ```
    pub fn declare<T>(&mut self, name: impl AsRef<str>) -> Node<T>
    where
        T: Shareable + 'env,
    {
        // SAFETY: `T` is `Send` and `Sync`.
        unsafe { self.add(name.as_ref(), Declared::Undefined) }
    }

    /// Defines a node that was [declared](Self::declare). A second definition is an error of
    /// [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let total = graph.declare::<u32>("total"); // what it is the sum of isn't known yet
    /// let report = graph.node("report", (total,), |total: &u32| format!("total: {total}"));
    /// let (rent, food) = (graph.node("rent", (), || 500), graph.node("food", (), || 300));
    /// graph.define(total, (rent, food), |rent: &u32, food: &u32| rent + food);
    /// assert_eq!(graph.build()?.run()?[report], "total: 800");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn define<D, F, T>(&mut self, node: Node<T>, dependencies: D, function: F)
    where
        D: Dependencies + Send,
        F: NodeFn<D, Output = T> + Send + 'env,
    {
        if let Some(task) = self.task(node, dependencies, function) {
            // SAFETY: `call_of` makes the call for this task. The closure outlives `'env`, and is `Send`.
            unsafe { self.define_with(node, call_of::<F, D, T>(&task), task, None) };
        }
    }

    /// Defines a node that was [declared](Self::declare) and may fail. See [`try_node`](Self::try_node).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let port = graph.declare::<u16>("port");
    /// let address = graph.node("address", (port,), |port: &u16| format!("localhost:{port}"));
    /// let text = graph.node("text", (), || "80");
    /// graph.try_define(port, (text,), |text: &&str| text.parse::<u16>());
    /// assert_eq!(graph.build()?.run()?[address], "localhost:80");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_define<D, F, T, E>(&mut self, node: Node<T>, dependencies: D, function: F)
    where
        D: Dependencies + Send,
        F: NodeFn<D, Output = Result<T, E>> + Send + 'env,
        E: NodeError,
    {
        if let Some(task) = self.task(node, dependencies, function) {
            // SAFETY: `try_call_of` makes the call for this task. The closure outlives `'env`, and is `Send`.
            unsafe { self.define_with(node, try_call_of::<F, D, T, E>(&task), task, None) };
        }
    }

    /// Makes `node` run after `predecessors`, without being fed their results: one handle, or any number of
    /// one type; of different types, `[a.any(), b.any()]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let write = graph.node("write", (), || ());
    /// let size = graph.node("size", (), || 7);
    /// let read = graph.node("read", (), || "written");
    /// graph.after(read, [write.any(), size.any()]);
    /// assert_eq!(graph.build()?.run()?[read], "written");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(&mut self, node: impl Into<AnyNode>, predecessors: impl Predecessors) {
        let node = node.into();
        if !self.owns(node) {
            self.faults.strangers_defined.push(node);
            return;
        }
        predecessors.each(|predecessor| {
            if self.owns(predecessor) {
                let (node, dependency) = (node.index, predecessor.index);
                self.uses.push(Use { node, dependency, kind: Kind::Order });
            } else {
                self.faults.strangers.push(node.index);
            }
        });
    }

    /// Checks the graph.
    ///
    /// # Errors
    ///
    /// See [`GraphError`]; each names the nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphError, GraphBuilder};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let later = graph.declare::<u8>("later");
    /// graph.node("next", (later,), |later: &u8| later + 1);
    /// let error = graph.build().unwrap_err();
    /// assert!(matches!(&error, GraphError::Undefined(nodes) if nodes[0].id() == later.id()));
    /// assert_eq!(error.to_string(), "declared, but not defined: later");
    /// ```
    pub fn build(mut self) -> Result<Graph<'env, P>, GraphError> {
        check(&self.nodes, &self.names, &self.uses, &self.faults)?;
        let count = u32::try_from(self.nodes.len()).expect("the builder has counted");
        let arranged = self.arrange_states()?;
        let Self { mut store, mut graphs, names, nodes, uses, wishes, env, .. } = self;
        let joints = u32::try_from(nodes.len()).expect("the builder has counted") - count;
        let topology = Topology::new(count, joints, &uses, wishes.depth_first);
        let mut topology = topology.map_err(|error| match error {
            DagError::Cycle(cycle) => {
                let path: Vec<_> = cycle.path().map(|node| node.get()).collect();
                name_cycle(&path, &names, &arranged, &store.states)
            }
            other => GraphError::TooLarge(other),
        })?;
        let demands = wishes.collect(nodes.len(), &names)?;
        let inputs: Box<[u32]> = (0..count).filter(|&node| nodes[node as usize] == Declared::Input).collect();
        let schedule = demands.map(|demands| Schedule::new(&demands, &inputs, &mut topology));
        store.shrink();
        graphs.shrink();
        topology.find_rows(&store);
        let changed = vec![false; inputs.len()].into();
        let (measured, marks, failures) = (Measured::default(), Vec::new(), Kept::default());
        let (wakes, agenda) = (None, Agenda::default());
        let data = GraphData {
            #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
            alarm: None,
            store,
            graphs,
            names,
            topology,
            arranged,
            schedule,
            inputs,
            changed,
            measured,
            wakes,
            agenda,
            marks,
            failures,
        };
        Ok(Graph::new(data, env))
    }

    pub(crate) fn owns(&self, node: AnyNode) -> bool {
        node.graph == self.store.id()
    }

    /// # Safety
    ///
    /// `T` is `Send` and `Sync`; or the node is bound to the thread of a local graph, and the handle that is
    /// given out says so.
    pub(crate) unsafe fn add<T: 'env>(&mut self, name: &str, declared: Declared) -> Node<T> {
        if self.nodes.len() >= NodeId::MAX_NODES || !self.store.has_room_for_slot::<T>() {
            self.faults.too_many += 1;
            return Node::stranger();
        }
        self.names.push(name);
        self.nodes.push(declared);
        let status = if declared == Declared::Input { Status::UNSET } else { Status::NOT_RUN };
        // SAFETY: by contract; the store is dropped with the builder or the graph, neither of which outlives
        // `'env` (see `Env`).
        unsafe { self.store.declare(status) }
    }

    /// The task of `node`, and a note of what it uses. `None` if it can't be defined, which is noted as well.
    pub(crate) fn task<F, D, T>(
        &mut self,
        node: Node<T>,
        dependencies: D,
        function: F,
    ) -> Option<Task<F, D::Pointers>>
    where
        D: Dependencies,
    {
        if !self.owns(node.any()) {
            self.faults.strangers_defined.push(node.any());
            return None;
        }
        let index = node.any().index;
        if self.nodes[index as usize] != Declared::Undefined {
            self.faults.defined_twice.push(index);
            return None;
        }
        self.nodes[index as usize] = Declared::Defined;
        let strangers = &mut self.faults.strangers;
        let (store, uses, accesses) = (&mut self.store, &mut self.uses, &mut self.accesses);
        let pointers = dependencies.resolve(&mut Resolver { store, uses, accesses, strangers, node: index });
        Some(Task { function, pointers })
    }

    /// # Safety
    ///
    /// `call` may be called with such a task, whose futures, if it gives any, `future` drops. What is in the
    /// task outlives `'env`, and is `Send`, or the node is bound to the thread of a local graph.
    pub(crate) unsafe fn define_with<F, Q, T>(
        &mut self,
        node: Node<T>,
        call: Call,
        task: Task<F, Q>,
        future: Option<DropInPlace>,
    ) {
        if !self.store.has_room_for_task::<F, Q>() {
            self.faults.too_many += 1;
            return;
        }
        // SAFETY: by contract; the store is dropped with the builder or the graph, neither of which outlives
        // `'env` (see `Env`).
        unsafe { self.store.define(node, call, task, future) };
    }

    /// # Safety
    ///
    /// As for [`define_with`](Self::define_with), and `inner` was made for the task.
    unsafe fn define_graph_with<F, Q, T>(
        &mut self,
        node: Node<T>,
        call: Call,
        task: Task<F, Q>,
        future: Option<DropInPlace>,
        inner: InnerOf,
    ) {
        // SAFETY: by contract.
        unsafe { self.define_with(node, call, task, future) };
        // SAFETY: by contract. (If there was no room for the task, the graph is never built.)
        unsafe { self.graphs.push(node.any().index, inner) };
    }
}

impl<'env> Graph<'env> {
    /// Makes a builder without nodes, as [`GraphBuilder::new`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Graph;
    /// let mut graph = Graph::builder();
    /// let one = graph.node("one", (), || 1);
    /// assert_eq!(graph.build()?.run()?[one], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> GraphBuilder<'env> {
        GraphBuilder::new()
    }
}

impl<P> fmt::Debug for GraphBuilder<'_, P> {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |node: u32| {
            let uses = self.uses.iter().filter(move |used| used.node == node);
            uses.map(|used| self.names.label(used.dependency)).collect::<Vec<Label<'_>>>()
        };
        let nodes = (0..).take(self.nodes.len());
        f.debug_map().entries(nodes.map(|node| (self.names.label(node), listed(node)))).finish()
    }
}
