//! Which nodes are still to come in a run on one thread that may wait, and which of them are ready.

use super::topology::Topology;
use crate::protocol::ready_queue::{ReadyQueue, Taker};
use crate::protocol::ready_set::ReadySet;
use crate::protocol::turns::Turns;
use crate::typed::memory::store::Store;
use crate::wake::{Line, Wakes};
use dgraph_core::NodeId;

/// What a run on one thread of a graph with futures keeps from poll to poll, in memory that is used again.
#[derive(Default)]
pub(crate) struct Agenda {
    /// Of each node: how many predecessors are still to come.
    remaining: Box<[u32]>,
    /// If the graph has no priorities, limits or bound nodes: the places of ready nodes in the serial order.
    ready: ReadySet,
    /// The futures that were woken, and are this thread's to be polled.
    woken: Line,
    /// Whose turn it is, of these and the ready nodes.
    turns: Turns,
    /// How many nodes are not complete.
    left: usize,
}

/// The node whose turn it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// One that waited.
    Again(NodeId),
    /// One that has become ready.
    Ready(NodeId),
}

impl Agenda {
    pub(crate) fn begin(&mut self, topology: &Topology, queue: Option<&mut ReadyQueue>) {
        let dag = topology.dag.view();
        if self.remaining.is_empty() {
            self.remaining = dag.in_degrees().into();
        } else {
            self.remaining.copy_from_slice(dag.in_degrees());
        }
        (self.woken, self.turns, self.left) = (Line::default(), Turns::default(), dag.node_count());
        match queue {
            None => {
                self.ready.reset(dag.node_count());
                dag.roots().iter().for_each(|&root| self.ready.push(topology.serial_place(root)));
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

    /// A future, whose node is not complete, is this thread's still, to be polled again.
    #[inline]
    pub(crate) fn again(&mut self, wakes: &Wakes, future: u32) {
        self.woken.push(wakes, future);
    }

    /// Takes the futures that were woken from the list.
    #[cold]
    pub(crate) fn take_woken(&mut self, wakes: &Wakes) {
        if self.woken.take_woken(wakes) {
            wakes.wake_all(); // those who wait look whether the run is to be stopped
        }
    }

    /// The node whose turn it is.
    #[inline]
    pub(crate) fn next(
        &mut self,
        (store, topology): (&Store, &Topology),
        wakes: &Wakes,
        queue: Option<&mut ReadyQueue>,
    ) -> Option<Next> {
        let Self { ready, woken, turns, .. } = self;
        let ready = turns.next(woken.len(), || match queue {
            None => {
                let place = ready.pop()?;
                Some(topology.order().map_or(NodeId::new(place), |order| order[place as usize]))
            }
            Some(queue) => queue.take(Taker::EVERYTHING),
        });
        if let Some(ready) = ready {
            return Some(Next::Ready(ready));
        }
        let future = woken.pop(wakes)?;
        Some(Next::Again(NodeId::new(store.tasks.node_of_waker(future))))
    }

    /// `node` is complete.
    #[inline]
    pub(crate) fn complete(&mut self, topology: &Topology, node: NodeId, mut queue: Option<&mut ReadyQueue>) {
        self.left -= 1;
        if let Some(queue) = queue.as_deref_mut() {
            queue.release(node);
        }
        for edge in topology.dag.view().successors(node) {
            let target = edge.target();
            let remaining = &mut self.remaining[target.index()];
            *remaining -= 1;
            if *remaining == 0 {
                match queue.as_deref_mut() {
                    None => self.ready.push(topology.serial_place(target)),
                    Some(queue) => queue.push(target),
                }
            }
        }
    }
}
