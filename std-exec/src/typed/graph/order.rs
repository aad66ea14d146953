//! The order of a graph that is there: by the longest path, as told or as measured.

use super::built::Graph;
use crate::observe::{Durations, Path};
use crate::typed::data::graph_data::GraphData;
use crate::typed::data::schedule::{Demands, Schedule};
use crate::typed::handle::node::AnyNode;
use dgraph_core::NodeId;
use std::time::Duration;

impl<P> Graph<'_, P> {
    /// Makes nodes the more urgent, the longer the longest path is that starts with them: *critical path
    /// first*, the list scheduling that is hard to beat if durations are known. `duration` says how long each
    /// node takes.
    ///
    /// [Priorities](crate::GraphBuilder::priority) count first, declaration last. From now on the graph is
    /// run as one whose order matters, which costs some hundred nanoseconds per node; less where nodes are so
    /// short that threads go through an order that was found beforehand. Serial runs keep to the same order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::{sync::Mutex, time::Duration};
    ///
    /// let order = Mutex::new(Vec::new());
    /// let ran = |name: &'static str| order.lock().unwrap().push(name);
    /// let mut graph = GraphBuilder::new();
    /// graph.node("short", (), || ran("short"));
    /// let first = graph.node("first", (), || ran("first"));
    /// graph.node("second", (first,), |_: &()| ran("second"));
    /// let mut graph = graph.build()?;
    ///
    /// graph.prioritize_by(|_| Duration::from_millis(1));
    /// graph.run()?;
    /// assert_eq!(*order.lock().unwrap(), ["first", "short", "second"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn prioritize_by(&mut self, mut duration: impl FnMut(NodeId) -> Duration) {
        let GraphData { store, topology, schedule, .. } = self.data_mut();
        let declared = topology.declared();
        let nanos = |node: NodeId| match node.get() {
            joint if joint >= declared => 0,
            _ => u64::try_from(duration(node).as_nanos()).unwrap_or(u64::MAX),
        };
        let mut ranks = vec![0; topology.nodes() as usize];
        topology.dag.view().ranks_into(nanos, &mut ranks);
        let none =
            || Box::new(Schedule::new(&Demands::none(ranks.len()), &store.tasks.described.inputs, topology));
        let mut new = schedule.take().unwrap_or_else(none);
        new.set_ranks(ranks, topology);
        *schedule = Some(new);
    }

    /// Gives nodes [priorities](Self::prioritize_by) by the durations of the last run that
    /// [measured](crate::RunOptions::measure) them. Nodes that were never measured take no time.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// let node = graph.node("node", (), || 1);
    /// let mut graph = graph.build()?;
    /// graph.with(&RunOptions::new().measure()).run()?;
    /// graph.prioritize_by_measured();
    /// assert!(graph.measured(node).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn prioritize_by_measured(&mut self) {
        let measured = std::mem::take(&mut self.data_mut().rare_mut().measured);
        self.prioritize_by(|node| measured.get(node).unwrap_or_default());
        self.data_mut().rare_mut().measured = measured;
    }

    /// Gives nodes [priorities](Self::prioritize_by) by what nodes of the same names took, as a file of the
    /// last process may say. Nodes without a name, or with one that it doesn't have, take no time. How many
    /// it has.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Durations, GraphBuilder};
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.node("compile", (), || ());
    /// graph.node("a new one", (), || ());
    /// let mut graph = graph.build()?;
    /// let last_time: Durations = "2000000\tcompile".parse()?;
    /// assert_eq!(graph.prioritize_by_durations(&last_time), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn prioritize_by_durations(&mut self, durations: &Durations) -> usize {
        let data = self.data();
        let of = |node| {
            Some(data.store.names().get(node))
                .filter(|name| !name.is_empty())
                .and_then(|name| durations.get(name))
        };
        let by_node: Vec<_> = (0..data.topology.declared()).map(of).collect();
        self.prioritize_by(|node| by_node[node.index()].unwrap_or_default());
        by_node.iter().flatten().count()
    }

    /// How long the nodes took that the last runs have [measured](crate::RunOptions::measure), by their
    /// names: of nodes of one name, the one that took longest. Those of a graph that is a node have that
    /// node's name and a slash before theirs. Nodes without a name are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.node("compile", (), || ());
    /// let mut graph = graph.build()?;
    /// graph.with(&RunOptions::new().measure()).run()?;
    /// let durations = graph.durations();
    /// assert!(durations.get("compile").is_some());
    /// std::fs::write(std::env::temp_dir().join("durations.tsv"), durations.to_string())?; // for the next process
    /// # std::fs::remove_file(std::env::temp_dir().join("durations.tsv"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn durations(&self) -> Durations {
        let mut durations = Durations::new();
        measured_into(self.data(), "", &mut durations);
        durations
    }

    /// How long `node` took in the last run that [measured](crate::RunOptions::measure) it. `None` if none
    /// has. It may be a node of a graph that is a node of this one, at any depth.
    ///
    /// # Panics
    ///
    /// If `node` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::time::Duration;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let sum = graph.node("sum", (), || (0..100_000_u64).map(std::hint::black_box).sum::<u64>());
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.measured(sum), None);
    /// graph.with(&RunOptions::new().measure()).run()?;
    /// assert!(graph.measured(sum) > Some(Duration::ZERO));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn measured(&self, node: impl Into<AnyNode>) -> Option<Duration> {
        let node = node.into();
        match self.data().find(node.graph) {
            Some(data) => data.rare().and_then(|rare| rare.measured.get(node.id())),
            None => panic!("the handle of a node of another graph"),
        }
    }
}

/// Adds what the nodes of a graph took that is a node with this path, or none.
fn measured_into(data: &GraphData, path: &str, durations: &mut Durations) {
    let names = data.store.names();
    for node in 0..data.topology.declared() {
        let (name, node) = (names.get(node), NodeId::new(node));
        if let (false, Some(took)) = (name.is_empty(), data.rare().and_then(|rare| rare.measured.get(node))) {
            let name = Path::new(path, name, node).to_string();
            let longest = durations.get(&name).map_or(took, |other| took.max(other));
            durations.insert(name, longest);
        }
    }
    for inner in data.inner_graphs() {
        let path = Path::new(path, names.get(inner.node), NodeId::new(inner.node)).to_string();
        measured_into(inner.data, &path, durations);
    }
}
