//! The order in which a graph's nodes are to start, as far as dependencies permit.

use super::graph::{Body, Graph};
use super::handle::AnyNode;
use super::topology::Topology;
use super::wishes::Demands;
use crate::protocol::ready_queue::{Place, ReadyQueue};
use crate::sync::{AtomicUsize, Ordering};
use dgraph_core::NodeId;
use std::cmp::Reverse;
use std::time::Duration;

/// A graph whose order matters has one.
pub(super) struct Schedule {
    /// As set by the builder. Inputs come before everything else: they delay nobody.
    priorities: Vec<i64>,
    /// The longest path from each node on, in nanoseconds; empty as long as nobody wants to know.
    ranks: Vec<u64>,
    pub(super) queue: ReadyQueue,
}

impl Schedule {
    /// The schedule of these demands, and the order of serial runs put into `topology`.
    pub(super) fn new(demands: &Demands, inputs: &[u32], topology: &mut Topology) -> Self {
        let Demands { priorities, demands, permits } = demands;
        let queue = ReadyQueue::new(demands, permits, topology.undemanded()).with_given(inputs.into());
        let mut priorities: Vec<i64> = priorities.iter().map(|&priority| priority.into()).collect();
        // What an urgent node needs is as urgent.
        let dag = topology.dag.view();
        for &node in dag.order().iter().rev() {
            let behind = dag.successors(node).iter().map(|edge| priorities[edge.target().index()]);
            priorities[node.index()] = behind.fold(priorities[node.index()], i64::max);
        }
        inputs.iter().for_each(|&input| priorities[input as usize] = i64::MAX);
        let is_plain = priorities.iter().all(|&priority| priority == 0);
        let mut schedule = Self { priorities, ranks: Vec::new(), queue };
        if !is_plain {
            schedule.apply(topology);
        }
        schedule
    }

    /// Sorts the nodes by urgency.
    fn apply(&mut self, topology: &mut Topology) {
        let Self { priorities, ranks, queue } = self;
        let mut nodes = topology.undemanded();
        let rank = |node: NodeId| ranks.get(node.index()).copied().unwrap_or(0);
        // Stable: ties keep their order.
        nodes.sort_by_key(|&node| (Reverse(priorities[node.index()]), Reverse(rank(node))));
        queue.set_urgency(nodes);
        topology.order_by(|node| queue.rank(node));
    }

    /// The first node that is bound to a worker that is none of so many, and that worker.
    pub(super) fn worker_beyond(&self, workers: usize) -> Option<(u32, usize)> {
        self.queue.last_worker().filter(|&last| last >= workers)?;
        (0..).take(self.priorities.len()).find_map(|node| match self.queue.place(NodeId::new(node)) {
            Place::Worker(worker) if worker >= workers => Some((node, worker)),
            _ => None,
        })
    }
}

/// How long each node took when it last ran in a run that measured, in nanoseconds; 0 if it never did. While it runs: when it
/// began.
#[derive(Default)]
pub(super) struct Measured {
    nanos: Vec<AtomicUsize>,
}

impl Measured {
    pub(super) fn reserve(&mut self, nodes: usize) {
        self.nanos.resize_with(nodes, || AtomicUsize::new(0));
    }

    /// `node` begins at this moment of the run.
    pub(super) fn begin(&self, node: u32, now: Duration) {
        // Relaxed, here and below: each is written by the thread that runs the node, and read after the run.
        self.nanos[node as usize].store(nanos(now), Ordering::Relaxed);
    }

    /// `node`, which has begun, ends at this moment of the run.
    pub(super) fn end(&self, node: u32, now: Duration) {
        let took = nanos(now).saturating_sub(self.nanos[node as usize].load(Ordering::Relaxed)).max(1);
        self.nanos[node as usize].store(took, Ordering::Relaxed);
    }

    /// `node` has not come to its end.
    pub(super) fn forget(&self, node: u32) {
        self.nanos[node as usize].store(0, Ordering::Relaxed);
    }

    fn get(&self, node: NodeId) -> Option<Duration> {
        let nanos = self.nanos.get(node.index())?.load(Ordering::Relaxed);
        (nanos > 0).then(|| Duration::from_nanos(nanos as u64))
    }
}

fn nanos(time: Duration) -> usize {
    usize::try_from(time.as_nanos()).unwrap_or(usize::MAX)
}

impl<P> Graph<'_, P> {
    /// Makes nodes the more urgent, the longer the longest path is that starts with them: *critical path first*, the list
    /// scheduling that is hard to beat if durations are known. `duration` says how long each node takes.
    ///
    /// [Priorities](crate::GraphBuilder::priority) count first, declaration last. From now on the graph is run as one
    /// whose order matters, which costs some hundred nanoseconds a node. Serial runs keep to the same order.
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
    /// graph.prioritise_by(|_| Duration::from_millis(1));
    /// graph.run()?;
    /// assert_eq!(*order.lock().unwrap(), ["first", "short", "second"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn prioritise_by(&mut self, mut duration: impl FnMut(NodeId) -> Duration) {
        let nanos = |node| u64::try_from(duration(node).as_nanos()).unwrap_or(u64::MAX);
        let Body { store, topology, schedule, inputs, .. } = self.body_mut();
        let mut ranks = vec![0; topology.nodes() as usize];
        topology.dag.view().ranks_into(nanos, &mut ranks);
        let none = || Schedule::new(&Demands::none(ranks.len()), inputs, topology);
        let mut new = schedule.take().unwrap_or_else(none);
        new.ranks = ranks;
        new.apply(topology);
        topology.find_rows(store);
        *schedule = Some(new);
    }

    /// The same with the durations of the last run that [measured](crate::RunOptions::measure) them. Nodes that were never
    /// measured take no time.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// let node = graph.node("node", (), || 1);
    /// let mut graph = graph.build()?;
    /// graph.run_with(&RunOptions::new().measure())?;
    /// graph.prioritise_by_measured();
    /// assert!(graph.measured(node).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn prioritise_by_measured(&mut self) {
        let measured = std::mem::take(&mut self.body_mut().measured);
        self.prioritise_by(|node| measured.get(node).unwrap_or_default());
        self.body_mut().measured = measured;
    }

    /// How long `node` took in the last run that [measured](crate::RunOptions::measure) it. `None` if none has. It may be a node of
    /// a graph that is a node of this one, at any depth.
    ///
    /// # Panics
    ///
    /// If `node` is another graph's.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::time::Duration;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let sum = graph.node("sum", (), || (0..100_000_u64).map(std::hint::black_box).sum::<u64>());
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.measured(sum), None);
    /// graph.run_with(&RunOptions::new().measure())?;
    /// assert!(graph.measured(sum) > Some(Duration::ZERO));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn measured(&self, node: impl Into<AnyNode>) -> Option<Duration> {
        let node = node.into();
        match self.body().find(node.graph) {
            Some(body) => body.measured.get(node.index()),
            None => panic!("the handle of a node of another graph"),
        }
    }
}
