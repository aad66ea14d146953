//! The order in which a graph's nodes are to start, as far as dependencies permit.

use super::topology::Topology;
use crate::protocol::ready_queue::{Place, ReadyQueue, Wishes};
use crate::typed::limits::limited::Urgencies;
use dgraph_core::NodeId;
use std::cmp::Reverse;

/// What each node demands of its order and thread.
pub(crate) struct Demands {
    pub(crate) priorities: Vec<i32>,
    /// Where it may run, and its permits, by limit, ascending.
    pub(crate) demands: Vec<Wishes>,
    pub(crate) permits: Vec<usize>,
}

impl Demands {
    /// Nobody demands anything.
    pub(crate) fn none(nodes: usize) -> Self {
        Self {
            priorities: vec![0; nodes],
            demands: vec![(Place::Anywhere, Vec::new()); nodes],
            permits: Vec::new(),
        }
    }
}

/// A graph whose order matters has one. A clone shares what doesn't change during runs.
#[derive(Clone)]
pub(crate) struct Schedule {
    pub(crate) urgencies: Urgencies,
    pub(crate) queue: ReadyQueue,
}

impl Schedule {
    /// The schedule of these demands, and the order of serial runs put into `topology`.
    pub(crate) fn new(demands: &Demands, inputs: &[u32], topology: &mut Topology) -> Self {
        let Demands { priorities, demands, permits } = demands;
        let queue = ReadyQueue::new(demands, permits, &topology.undemanded()).with_given(inputs.into());
        let mut priorities: Vec<i64> = priorities.iter().map(|&priority| priority.into()).collect();
        // What an urgent node needs is as urgent.
        let dag = topology.dag.view();
        for &node in dag.order().iter().rev() {
            let behind = dag.successors(node).iter().map(|edge| priorities[edge.target().index()]);
            priorities[node.index()] = behind.fold(priorities[node.index()], i64::max);
        }
        inputs.iter().for_each(|&input| priorities[input as usize] = i64::MAX);
        let is_plain = priorities.iter().all(|&priority| priority == 0);
        let mut schedule = Self { urgencies: Urgencies::new(priorities.into()), queue };
        if !is_plain {
            schedule.apply(topology);
        }
        schedule
    }

    /// From now on nodes are the more urgent, the longer these paths are, if their priorities are the same.
    pub(crate) fn set_ranks(&mut self, ranks: Vec<u64>, topology: &mut Topology) {
        self.urgencies.paths = ranks.into();
        self.apply(topology);
    }

    /// Sorts the nodes by urgency.
    fn apply(&mut self, topology: &mut Topology) {
        let Self { urgencies: Urgencies { priorities, paths }, queue } = self;
        let mut nodes = topology.undemanded();
        let rank = |node: NodeId| paths.get(node.index()).copied().unwrap_or(0);
        // Stable: ties keep their order.
        nodes.sort_by_key(|&node| (Reverse(priorities[node.index()]), Reverse(rank(node))));
        queue.set_urgency(&nodes);
        queue.demand_order();
        topology.dag.forget_supersteps();
        topology.order_by(|node| queue.rank(node));
    }

    /// The first node that is bound to a worker that is none of so many, and that worker.
    pub(crate) fn worker_beyond(&self, workers: usize) -> Option<(u32, usize)> {
        self.queue.last_worker().filter(|&last| last >= workers)?;
        (0..).take(self.urgencies.priorities.len()).find_map(|node| {
            match self.queue.place(NodeId::new(node)) {
                Place::Worker(worker) if worker >= workers => Some((node, worker)),
                _ => None,
            }
        })
    }
}
