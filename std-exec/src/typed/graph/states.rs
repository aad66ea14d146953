//! The states of a graph between its runs, and the order that they bring about.

use super::built::Graph;
use super::results::Results;
use crate::brief;
use crate::typed::data::accesses::Mode;
use crate::typed::data::graph_data::GraphData;
use crate::typed::handle::markers::Local;
use crate::typed::handle::names::NamedNode;
use crate::typed::handle::state::State;
use crate::typed::memory::status;
use std::fmt;
use std::ops::Index;

impl Graph<'_> {
    /// A state, between runs. It may be one of a graph that is a node of this one, at any depth.
    ///
    /// # Panics
    ///
    /// If `state` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let count = graph.state("count", 0);
    /// graph.node("increment", count.write(), |count: &mut u32| *count += 1);
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// graph.run()?;
    /// assert_eq!(*graph.state(count), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn state<T: Sync>(&self, state: State<T>) -> &T {
        of(self.data(), state).store.states.get(state)
    }
}

impl Graph<'_, Local> {
    /// A state, between runs.
    ///
    /// # Panics
    ///
    /// If `state` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut graph = GraphBuilder::new_local();
    /// let title = graph.local().state("title", Rc::<str>::from("untitled"));
    /// graph.local().node("name", title.write(), |title: &mut Rc<str>| *title = "page 1".into());
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// assert_eq!(&**graph.state(title), "page 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn state<T, Q>(&self, state: State<T, Q>) -> &T {
        of(self.data(), state).store.states.get(state)
    }
}

impl<P> Graph<'_, P> {
    /// A state, to be changed between runs. It counts as set: an [update](crate::RunOptions::update) runs the
    /// nodes that use it. It may be one of a graph that is a node of this one, at any depth.
    ///
    /// # Panics
    ///
    /// If `state` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let inbox = graph.state("inbox", Vec::new());
    /// let handled = graph.node("handle", inbox.write(), |inbox: &mut Vec<&str>| inbox.drain(..).count());
    /// let mut graph = graph.build()?;
    /// graph.state_mut(inbox).extend(["click", "key"]);
    /// assert_eq!(graph.run()?[handled], 2);
    /// let all = std::mem::take(graph.state_mut(inbox)); // taken out
    /// assert!(all.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn state_mut<T, Q>(&mut self, state: State<T, Q>) -> &mut T {
        let data = self.data_mut().find_mut(state.id().graph).expect(STRANGER);
        data.store.states.get_mut(state)
    }

    /// The nodes that could write to a state in the last run, and have not come to their end: they have
    /// panicked or failed, or were interrupted while they waited. What they left is what is there. None if
    /// the run went well.
    ///
    /// # Panics
    ///
    /// If `state` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let tiles = graph.state("tiles", [0; 4]);
    /// graph.node("fill", tiles.write(), |tiles: &mut [i32; 4]| {
    ///     tiles.iter_mut().enumerate().for_each(|(at, tile)| *tile = 6 / (2 - at as i32));
    /// });
    /// let drawn = graph.node("draw", tiles.read(), |tiles: &[i32; 4]| tiles.iter().sum::<i32>());
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().catch_panics()).run().unwrap_err();
    /// assert_eq!(error.to_string(), "panicked: fill (attempt to divide by zero)");
    /// assert_eq!(graph.results().get(drawn).unwrap_err().to_string(), "was skipped because of fill");
    /// assert_eq!(graph.half_written(tiles).map(|node| node.to_string()).collect::<Vec<_>>(), ["fill"]);
    /// assert_eq!(*graph.state(tiles), [3, 6, 0, 0]); // as it was left
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn half_written<T, Q>(&self, state: State<T, Q>) -> impl Iterator<Item = NamedNode> {
        use status::State::{Failed, Interrupted, Panicked};
        let data = of(self.data(), state);
        // (None, if no node uses any state.)
        let used = data.arranged().into_iter();
        let accesses = used.flat_map(move |arranged| arranged.accesses.to(state.id().index));
        let writers = accesses.filter(|access| access.mode != Mode::Read);
        let status = |node| data.store.records.statuses.get(node).state();
        let cut_off =
            writers.filter(move |writer| matches!(status(writer.node), Failed | Panicked | Interrupted));
        cut_off.map(|writer| data.store.names().named(writer.node))
    }

    /// The pairs of nodes that use a state one after the other only because they were defined in this order:
    /// one of them changes it, and no dependencies put one behind the other. By their numbers.
    ///
    /// Of nodes that all come one after the other, neighbours are listed. Nodes that
    /// [commute](State::commute) say that their order doesn't matter, and are not listed with each other. To
    /// say that an order is meant, make one depend on the other, or put it
    /// [after](crate::GraphBuilder::after) it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let health = graph.state("health", 100);
    /// let hit = graph.node("hit", health.write(), |health: &mut i32| *health -= 120);
    /// let heal = graph.node("heal", health.write(), |health: &mut i32| *health = 100.min(*health + 50));
    /// let show = graph.node("show", health.read(), |health: &i32| format!("{health} %"));
    /// graph.after(show, heal); // meant to be so
    /// let graph = graph.build()?;
    /// let ambiguities: Vec<_> = graph.ambiguities().iter().map(|pair| pair.to_string()).collect();
    /// assert_eq!(ambiguities, ["hit comes before heal at health because it was defined first"]);
    /// assert_eq!(graph.ambiguities()[0].first().id(), hit.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ambiguities(&self) -> Vec<Ambiguity> {
        let GraphData { topology, store, .. } = self.data();
        let names = store.names();
        let pairs = self.data().arranged().into_iter().flat_map(|arranged| arranged.ambiguities(topology));
        let named = pairs.map(|(state, first, second)| Ambiguity {
            state: store.states.names().label(state).to_string().into(),
            first: names.named(first),
            second: names.named(second),
        });
        named.collect()
    }
}

const STRANGER: &str = "the handle of a state of another graph";

/// The graph that has the state: this one, or one that is a node of it.
#[track_caller]
fn of<T, Q>(data: &GraphData, state: State<T, Q>) -> &GraphData {
    data.find(state.id().graph).expect(STRANGER)
}

impl<T: Sync> Index<State<T>> for Results<'_> {
    type Output = T;

    /// A state, as the run has left it.
    ///
    /// # Panics
    ///
    /// If it is another graph's.
    #[track_caller]
    fn index(&self, state: State<T>) -> &T {
        of(self.data, state).store.states.get(state)
    }
}

impl<T, Q> Index<State<T, Q>> for Results<'_, Local> {
    type Output = T;

    /// A state, as the run has left it.
    ///
    /// # Panics
    ///
    /// If it is another graph's.
    #[track_caller]
    fn index(&self, state: State<T, Q>) -> &T {
        of(self.data, state).store.states.get(state)
    }
}

/// Two nodes that use a state one after the other only because they were defined in this order. Listed by
/// [`Graph::ambiguities`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Ambiguity, GraphBuilder};
///
/// let mut graph = GraphBuilder::new();
/// let list = graph.state("list", vec![3, 1, 2]);
/// let first = graph.node("first", list.read(), |list: &Vec<i32>| list[0]);
/// graph.node("sort", list.write(), |list: &mut Vec<i32>| list.sort());
/// let mut graph = graph.build()?;
/// let pairs: Vec<Ambiguity> = graph.ambiguities();
/// assert_eq!(pairs.len(), 1); // is the first one meant, or the lowest?
/// assert_eq!((pairs[0].first().name(), pairs[0].second().name(), pairs[0].state()), ("first", "sort", "list"));
/// assert_eq!(graph.run()?[first], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ambiguity {
    state: Box<str>,
    first: NamedNode,
    second: NamedNode,
}

impl Ambiguity {
    /// The name of the state, or `#` and its number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.state("", 1);
    /// graph.node("add", number.write(), |number: &mut i32| *number += 1);
    /// graph.node("double", number.write(), |number: &mut i32| *number *= 2);
    /// assert_eq!(graph.build()?.ambiguities()[0].state(), "#0"); // it has no name
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The node that comes first.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.state("number", 1);
    /// graph.node("add", number.write(), |number: &mut i32| *number += 1);
    /// graph.node("double", number.write(), |number: &mut i32| *number *= 2);
    /// assert_eq!(graph.build()?.ambiguities()[0].first().name(), "add");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn first(&self) -> &NamedNode {
        &self.first
    }

    /// The node that comes second.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.state("number", 1);
    /// graph.node("add", number.write(), |number: &mut i32| *number += 1);
    /// graph.node("double", number.write(), |number: &mut i32| *number *= 2);
    /// assert_eq!(graph.build()?.ambiguities()[0].second().name(), "double");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn second(&self) -> &NamedNode {
        &self.second
    }
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, first, second } = self;
        let state = brief::name(state);
        write!(f, "{first} comes before {second} at {state} because it was defined first")
    }
}
