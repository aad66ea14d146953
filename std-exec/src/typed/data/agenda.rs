//! Which nodes are still to come in a run on one thread that may wait, and which of them are ready.

use super::topology::Topology;
use crate::protocol::fair_queue::{FairQueue, Next};
use crate::protocol::ready_queue::{ReadyQueue, Taker};
use crate::protocol::ready_set::ReadySet;
use crate::typed::memory::store::Store;
use crate::wake::Wakes;
use dgraph_core::{DagView, NodeId};

/// What a run on one thread of a graph with futures keeps from poll to poll, in memory that is used again.
#[derive(Default)]
pub(crate) struct Agenda {
    /// Of each node: how many predecessors are still to come.
    remaining: Vec<u32>,
    /// If the graph has no priorities, limits or bound nodes: the places of ready nodes in the serial order.
    ready: ReadySet,
    /// Of each node: its place in the serial order, if that isn't its number.
    places: Vec<u32>,
    /// The nodes whose futures were woken, and are this thread's to be polled.
    woken: FairQueue,
    /// How many nodes are not complete.
    left: usize,
}

impl Agenda {
    pub(crate) fn begin(&mut self, topology: &Topology, queue: Option<&mut ReadyQueue>) {
        let dag = topology.dag.view();
        self.remaining.clear();
        self.remaining.extend_from_slice(dag.in_degrees());
        self.woken.reset(dag.node_count());
        self.left = dag.node_count();
        match queue {
            None => {
                self.ready.reset(dag.node_count());
                if let (Some(order), true) = (topology.order(), self.places.is_empty()) {
                    self.places.resize(order.len(), 0);
                    (0..).zip(order).for_each(|(place, &node)| self.places[node.index()] = place);
                }
                dag.roots().iter().for_each(|root| self.ready.push(self.place(root.get())));
            }
            Some(queue) => {
                queue.reset();
                dag.roots().iter().for_each(|&root| queue.push(root));
            }
        }
    }

    /// Whether all nodes are complete.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// `node`, which is not complete, was woken.
    #[inline]
    pub(crate) fn woken(&mut self, node: NodeId) {
        self.woken.push(node);
    }

    /// Takes the futures that were woken from the list.
    #[cold]
    pub(crate) fn take_woken(&mut self, store: &Store, wakes: &Wakes) {
        let mut all = false;
        // They come last woken first.
        self.woken.push_reversed(|push| {
            all = wakes.take(|future| push(NodeId::new(store.tasks.node_of_waker(future))));
        });
        if all {
            wakes.wake_all(); // those who wait look whether the run is to be stopped
        }
    }

    /// The place of `node` in the serial order.
    #[inline]
    fn place(&self, node: u32) -> u32 {
        if self.places.is_empty() { node } else { self.places[node as usize] }
    }

    /// The node whose turn it is.
    #[inline]
    pub(crate) fn next(&mut self, topology: &Topology, queue: Option<&mut ReadyQueue>) -> Option<Next> {
        let Self { ready, woken, .. } = self;
        woken.next(|| match queue {
            None => {
                let place = ready.pop()?;
                Some(topology.order().map_or(NodeId::new(place), |order| order[place as usize]))
            }
            Some(queue) => queue.take(Taker::EVERYTHING),
        })
    }

    /// `node` is complete.
    #[inline]
    pub(crate) fn complete(&mut self, dag: DagView<'_>, node: NodeId, mut queue: Option<&mut ReadyQueue>) {
        self.left -= 1;
        if let Some(queue) = queue.as_deref_mut() {
            queue.release(node);
        }
        for edge in dag.successors(node) {
            let target = edge.target();
            let remaining = &mut self.remaining[target.index()];
            *remaining -= 1;
            if *remaining == 0 {
                match queue.as_deref_mut() {
                    None => self.ready.push(self.place(target.get())),
                    Some(queue) => queue.push(target),
                }
            }
        }
    }
}
