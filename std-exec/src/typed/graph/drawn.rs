//! What a picture of a graph shows of its nodes and edges.

use crate::observe::{Durations, Path};
use crate::protocol::ready_queue::Place;
use crate::typed::data::accesses::{Access, Mode};
use crate::typed::data::graph_data::GraphData;
use crate::typed::data::uses::Kind;
use dgraph_core::NodeId;
use std::collections::BTreeMap;
use std::time::Duration;

/// A graph, with what is looked up again and again.
pub(super) struct Drawn<'a> {
    pub(super) data: &'a GraphData,
    /// If it is a node: the numbers of the nodes that it lies in, a slash behind each, and their path.
    numbers: String,
    path: String,
    /// The graphs that are nodes, and whether they repeat.
    inner: BTreeMap<u32, (bool, Self)>,
    /// What nodes do with states: by node, and of each node by state.
    accesses: Vec<Access>,
    /// The nodes that give futures.
    futures: Vec<u32>,
}

/// An edge, and what it is there for.
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The dependent is fed the result.
    pub(super) feeds: bool,
    /// It takes the result away.
    pub(super) moves: bool,
    /// The dependent runs whatever becomes of the dependency.
    pub(super) in_any_case: bool,
    /// For the sake of these states alone.
    pub(super) states: Vec<u32>,
}

/// What kind of a node it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Plain,
    Input,
    Condition,
    /// A node without work between many commuters and many others.
    Joint,
    /// A graph without nodes.
    Graph,
}

impl<'a> Drawn<'a> {
    pub(super) fn new(data: &'a GraphData) -> Self {
        Self::inside(data, String::new(), String::new())
    }

    fn inside(data: &'a GraphData, numbers: String, path: String) -> Self {
        let inner = data.inner_graphs().map(|inner| {
            let name = data.store.names().get(inner.node);
            let path = Path::new(&path, name, NodeId::new(inner.node)).to_string();
            let drawn = Self::inside(inner.data, format!("{numbers}{}/", inner.node), path);
            (inner.node, (inner.repeats, drawn))
        });
        let inner = inner.collect();
        let accesses = data.arranged().into_iter().flat_map(|arranged| arranged.accesses.by_state());
        let mut accesses: Vec<_> = accesses.flatten().copied().collect();
        accesses.sort_unstable_by_key(|access| (access.node, access.state));
        let futures = (0..).take(data.store.futures());
        let mut futures: Vec<_> = futures.map(|future| data.store.tasks.node_of_waker(future)).collect();
        futures.sort_unstable();
        Self { data, numbers, path, inner, accesses, futures }
    }

    /// What `node` is called in DOT.
    pub(super) fn id(&self, node: u32) -> String {
        match &*self.numbers {
            "" => node.to_string(),
            numbers => format!("\"{numbers}{node}\""),
        }
    }

    /// What the cluster of `node` is called, which is a graph.
    pub(super) fn cluster(&self, node: u32) -> String {
        format!("\"cluster_{}{node}\"", self.numbers)
    }

    /// The graph that is `node`, if it has nodes.
    pub(super) fn inner(&self, node: u32) -> Option<&Self> {
        let (_, inner) = self.inner.get(&node)?;
        (inner.data.topology.nodes() > 0).then_some(inner)
    }

    pub(super) fn has_inner(&self) -> bool {
        !self.inner.is_empty()
    }

    /// Where an edge to `node` ends; if that is a graph, at a node in it that depends on none there.
    pub(super) fn head(&self, node: u32) -> String {
        self.end(node, |order| order.first())
    }

    /// Where an edge from `node` begins; if that is a graph, at a node in it on which none depends there.
    pub(super) fn tail(&self, node: u32) -> String {
        self.end(node, |order| order.last())
    }

    fn end(&self, node: u32, of: impl Fn(&[NodeId]) -> Option<&NodeId> + Copy) -> String {
        let inner = self.inner(node).and_then(|inner| {
            let end = of(inner.data.topology.dag.view().order())?;
            Some(inner.end(end.get(), of))
        });
        inner.unwrap_or_else(|| self.id(node))
    }

    pub(super) fn looks(&self, node: u32) -> Looks {
        if self.inner.contains_key(&node) {
            Looks::Graph
        } else if self.joint(node).is_some() {
            Looks::Joint
        } else if node >= self.data.topology.declared() {
            Looks::Condition
        } else if self.data.store.tasks.described.inputs.binary_search(&node).is_ok() {
            Looks::Input
        } else {
            Looks::Plain
        }
    }

    /// The state of a joint; `None` of any other node.
    fn joint(&self, node: u32) -> Option<u32> {
        self.data.arranged()?.joint(node)
    }

    pub(super) fn is_async(&self, node: u32) -> bool {
        self.futures.binary_search(&node).is_ok()
    }

    /// What stands below the name of `node`, but for its duration. `shared` has the places of the shared
    /// limits that have been seen, which are numbered by that.
    pub(super) fn lines(&self, node: u32, shared: &mut Vec<usize>) -> Vec<String> {
        let data = self.data;
        let mut lines = Vec::new();
        for access in self.accesses_of(node) {
            let verb = match access.mode {
                Mode::Read => "reads",
                Mode::Write => "writes",
                Mode::Commute => "commutes at",
            };
            lines.push(format!("{verb} {}", self.state(access.state)));
        }
        if let Some(queue) = data.schedule.as_ref().map(|schedule| &schedule.queue) {
            let id = NodeId::new(node);
            match queue.place(id) {
                Place::Anywhere => {}
                Place::Caller => lines.push("on the caller".to_owned()),
                Place::Worker(worker) => lines.push(format!("on worker {worker}")),
            }
            let own = queue.limits(id).filter(|(limit, ..)| {
                !data.arranged().is_some_and(|arranged| arranged.is_for_commuters(*limit))
            });
            lines.extend(own.map(|(limit, wanted, count)| match wanted {
                1 => format!("limit #{limit}: {count} at once"),
                _ => format!("limit #{limit}: {wanted} of {count} permits"),
            }));
        }
        let limited = data.store.tasks.limited(node).zip(data.rare().and_then(|rare| rare.limited.as_ref()));
        for (limit, permits) in limited.map_or(&[][..], |((number, _), limited)| limited.of(number)) {
            let number = shared.iter().position(|&other| other == limit.place()).unwrap_or_else(|| {
                shared.push(limit.place());
                shared.len() - 1
            });
            let of = limit.count().map_or(String::new(), |count| format!(" of {count}"));
            lines.push(format!("shared limit #{number}: {permits}{of}"));
        }
        if self.inner.get(&node).is_some_and(|(repeats, _)| *repeats) {
            lines.push("repeats".to_owned());
        }
        lines
    }

    /// What a state is called.
    pub(super) fn state(&self, state: u32) -> String {
        self.data.store.states.names().label(state).to_string()
    }

    fn accesses_of(&self, node: u32) -> &[Access] {
        let start = self.accesses.partition_point(|access| access.node < node);
        let end = self.accesses.partition_point(|access| access.node <= node);
        &self.accesses[start..end]
    }

    /// For the sake of which states one of these nodes may come after the other.
    fn states_between(&self, nodes: [u32; 2]) -> Vec<u32> {
        if let Some(state) = nodes.iter().find_map(|&node| self.joint(node)) {
            return vec![state];
        }
        let [one, other] = nodes.map(|node| self.accesses_of(node));
        let both = one.iter().filter_map(|access| {
            let at = other.binary_search_by_key(&access.state, |other| other.state).ok()?;
            Some((access.state, [access.mode, other[at].mode]))
        });
        both.filter(|(_, modes)| *modes != [Mode::Read; 2]).map(|(state, _)| state).collect()
    }

    /// Each edge once.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let topology = &self.data.topology;
        let nodes = || 0..topology.nodes();
        let dag = topology.dag.view();
        let mut uses = Vec::with_capacity(2 * dag.edge_count());
        // A start comes after all that is before what it waits for: so much is clear.
        let starts = self.data.store.records.starts.as_deref();
        let is_start = |node: u32| starts.is_some_and(|starts| starts.of_start(node).is_some());
        for node in nodes() {
            let successors = dag.successors(NodeId::new(node));
            let successors = successors.iter().map(|edge| edge.target().get());
            uses.extend(successors.filter(|&next| !is_start(next)).map(|next| (node, next, Kind::Follows)));
            let is_drawn = |kind: Kind| kind.orders() || kind == Kind::Start;
            let predecessors = topology.predecessors(node).filter(|before| is_drawn(before.kind));
            uses.extend(predecessors.map(|before| (before.node, node, before.kind)));
        }
        uses.sort_by_key(|&(from, to, _)| (from, to));
        let pairs = uses.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        let edge = |pair: &[(u32, u32, Kind)]| {
            let (from, to, _) = pair[0];
            let kinds = || pair.iter().map(|(_, _, kind)| *kind);
            let mut of_dependencies = kinds().filter(|kind| !kind.is_for_a_state()).peekable();
            let by_states = of_dependencies.peek().is_none();
            Edge {
                from,
                to,
                feeds: kinds().any(Kind::feeds),
                moves: kinds().any(|kind| kind == Kind::Moved),
                in_any_case: !by_states && of_dependencies.all(Kind::is_in_any_case),
                states: if by_states { self.states_between([from, to]) } else { Vec::new() },
            }
        };
        pairs.map(edge).collect()
    }

    /// How long `node` takes, if these durations say so.
    pub(super) fn took(&self, node: u32, durations: &Durations) -> Option<Duration> {
        let name = self.data.store.names().get(node);
        let path = Path::new(&self.path, name, NodeId::new(node));
        if name.is_empty() { None } else { durations.get(&path.to_string()) }
    }

    /// What the node takes that takes longest: here, or in graphs that are nodes.
    pub(super) fn longest(&self, durations: &Durations) -> Duration {
        let nodes = (0..self.data.topology.declared()).filter(|&node| self.inner(node).is_none());
        let own = nodes.filter_map(|node| self.took(node, durations));
        let inner = self.inner.values().map(|(_, inner)| inner.longest(durations));
        own.chain(inner).max().unwrap_or_default()
    }
}
