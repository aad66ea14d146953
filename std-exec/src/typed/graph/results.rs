//! What a run of a typed graph gave.

use super::built::Graph;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::no_result::NoResult;
use crate::typed::handle::markers::{Anywhere, Lendable};
use crate::typed::handle::names::{NamedNode, Names};
use crate::typed::handle::node::{AnyNode, Input, Node};
use crate::typed::memory::status::{State, Status};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

/// The results of a typed graph by handle. They stay in the graph, and the next run drops them.
///
/// # Examples
///
/// ```
/// use dgraph_exec::GraphBuilder;
/// let mut graph = GraphBuilder::new();
/// let name = graph.node("name", (), || String::from("dgraph"));
/// let length = graph.node("length", (name,), |name: &String| name.len());
/// let mut graph = graph.build()?;
///
/// let results = graph.run()?;
/// assert_eq!(results[length], 6);
/// let name: &String = results.get(name)?; // borrowed from the graph, so it may be kept, and passed on
/// assert_eq!(name, "dgraph");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Results<'g, P = Anywhere> {
    pub(super) data: &'g GraphData,
    place: PhantomData<P>,
}

impl<P> Graph<'_, P> {
    /// The results of the last run, however it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let config = graph.node("config", (), || "port=x");
    /// graph.try_node("port", (config,), |config: &&str| config[5..].parse::<u16>());
    /// let mut graph = graph.build()?;
    /// if graph.run().is_err() {
    ///     assert_eq!(graph.results()[config], "port=x"); // to be shown to the user
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn results(&self) -> Results<'_, P> {
        Results::new(self.data())
    }

    /// What `node` gave in the last run.
    ///
    /// # Errors
    ///
    /// Why it has no result.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Graph, GraphBuilder, Node, RunError};
    ///
    /// struct Model {
    ///     graph: Graph<'static>,
    ///     total: Node<u64>,
    /// }
    ///
    /// impl Model {
    ///     /// Computes the total anew.
    ///     fn compute(&mut self) -> Result<&u64, Box<dyn std::error::Error>> {
    ///         self.graph.run()?;
    ///         Ok(self.graph.result(self.total)?)
    ///     }
    /// }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let total = graph.node("total", (), || 42);
    /// let mut model = Model { graph: graph.build()?, total };
    /// assert_eq!(model.compute()?, &42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn result<T, Q: Lendable>(&self, node: impl Into<Node<T, Q>>) -> Result<&T, NoResult> {
        self.results().get(node)
    }

    /// Moves out what `node` gave in the last run.
    ///
    /// # Errors
    ///
    /// Why it has no result.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NoResult, GraphBuilder};
    /// let mut graph = GraphBuilder::new();
    /// let pixels = graph.node("pixels", (), || vec![0_u8; 1 << 20]);
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// let image: Vec<u8> = graph.take(pixels)?; // no copy
    /// assert_eq!(image.len(), 1 << 20);
    /// assert_eq!(graph.take(pixels), Err(NoResult::Taken));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn take<T, Q>(&mut self, node: impl Into<Node<T, Q>>) -> Result<T, NoResult> {
        let data = self.data_mut();
        match data.store.take(node.into().plain(), Status::TAKEN) {
            None => Err(NoResult::ForeignHandle),
            Some(taken) => taken.map_err(|state| why(state, data.store.names())),
        }
    }
}

impl<'g, P> Results<'g, P> {
    pub(crate) fn new(data: &'g GraphData) -> Self {
        Self { data, place: PhantomData }
    }

    /// What `node` gave.
    ///
    /// # Errors
    ///
    /// Why it has no result.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NoResult, GraphBuilder};
    /// let mut graph = GraphBuilder::new();
    /// let input = graph.input::<i32>("input");
    /// let double = graph.node("double", (input,), |input: &i32| input * 2);
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.results().get(double), Err(NoResult::NotRun));
    /// graph.set(input, 4);
    /// let results = graph.run()?;
    /// assert_eq!((results.get(double), results.get(input)), (Ok(&8), Ok(&4)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get<T, Q: Lendable>(&self, node: impl Into<Node<T, Q>>) -> Result<&'g T, NoResult> {
        match self.data.store.get(node.into().plain()) {
            None => Err(NoResult::ForeignHandle),
            Some(got) => got.map_err(|state| why(state, self.data.store.names())),
        }
    }

    /// Each node without a result, and why it has none, in the order of declaration.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.try_node("number", (), || "x".parse::<i32>());
    /// graph.node("double", (number,), |number: &i32| number * 2);
    /// let mut graph = graph.build()?;
    /// graph.run().unwrap_err();
    /// let told: Vec<_> = graph.results().absent_nodes().map(|(node, why)| format!("{node} {why}")).collect();
    /// assert_eq!(told, ["number failed", "double was skipped because of number"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn absent_nodes(&self) -> impl Iterator<Item = (NamedNode, NoResult)> + use<'g, P> {
        let GraphData { store, topology, .. } = self.data;
        let names = store.names();
        (0..topology.declared()).filter_map(|node| {
            let absent = store.records.statuses.get(node).state().absent(names)?;
            Some((names.named(node), absent))
        })
    }

    /// Why `node` has no result, `None` if it has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NoResult, GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// let (wanted, other) = (graph.node("wanted", (), || 1), graph.node("other", (), || "text"));
    /// let mut graph = graph.build()?;
    /// let results = graph.with(&RunOptions::new().only([wanted])).run()?;
    /// assert_eq!(results.why_absent(wanted), None);
    /// assert_eq!(results.why_absent(other), Some(NoResult::NotNeeded));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn why_absent(&self, node: impl Into<AnyNode>) -> Option<NoResult> {
        let node = node.into();
        if node.graph != self.data.store.id() {
            return Some(NoResult::ForeignHandle);
        }
        self.data.store.records.statuses.get(node.index).state().absent(self.data.store.names())
    }

    #[track_caller]
    fn at<T>(&self, node: Node<T>) -> &'g T {
        match self.get(node) {
            Ok(value) => value,
            Err(NoResult::ForeignHandle) => panic!("the handle of a node of another graph"),
            Err(absent) => {
                panic!("no result: node {} {absent}", self.data.store.names().named(node.any().index))
            }
        }
    }
}

/// Why there is nothing, as the state of a node without a value says.
fn why(state: State, names: &Names) -> NoResult {
    state.absent(names).unwrap_or(NoResult::ForeignHandle)
}

impl<T, P, Q: Lendable> Index<Node<T, Q>> for Results<'_, P> {
    type Output = T;

    /// What `node` gave.
    ///
    /// # Panics
    ///
    /// If it has no result, see [`get`](Results::get), or is another graph's.
    #[track_caller]
    fn index(&self, node: Node<T, Q>) -> &T {
        self.at(node.plain())
    }
}

impl<T, P> Index<Input<T>> for Results<'_, P> {
    type Output = T;

    /// The value of `input`.
    ///
    /// # Panics
    ///
    /// If it has none, see [`get`](Results::get), or is another graph's.
    #[track_caller]
    fn index(&self, input: Input<T>) -> &T {
        self.at(input.node())
    }
}

impl<P> Clone for Results<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Results<'_, P> {}

impl<P> fmt::Debug for Results<'_, P> {
    /// A map from each node to `result`, or to why it has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GraphData { store, topology, .. } = self.data;
        let names = store.names();
        let mut map = f.debug_map();
        for node in 0..topology.declared() {
            map.key(&names.label(node));
            match store.records.statuses.get(node).state().absent(names) {
                None => map.value(&format_args!("result")),
                Some(absent) => map.value(&format_args!("{absent}")),
            };
        }
        map.finish()
    }
}
