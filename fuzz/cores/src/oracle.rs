//! The naive oracle: it is told of everything before or after it happens, and takes no step of the model.
//!
//! **Nobody overlooks what is ready.** If a node was ready before a call (all that it depends on was complete
//! by calls that had returned) and has not begun after it, and the call has returned something less urgent or
//! nothing, then somebody else has the node in the middle of a call. Each call has one node at most in such a
//! state, so the overlooked ones are no more than the calls of others at that time; and none of them begins
//! by a call that begins only now. (But `work` that came for an earlier run may have the node and put it
//! back.) So one that stands still for ever keeps one node from everybody else, not two, and hides none that
//! it doesn't have.

use dgraph_core::NodeId;

/// Runs are numbered from 1; a node has the number of the last run in which something was so.
#[derive(Default)]
pub struct Oracle {
    nodes: Vec<Node>,
    pub round: u32,
    /// The call that has started this run has returned.
    pub started: bool,
    /// Somebody is in the middle of starting a run.
    pub starting: bool,
    /// Somebody has come to stop this run, or may come to it late.
    pub stopped: bool,
    pub stopping: u32,
    /// Calls that may have a node: those that go on, and all that have ever begun.
    calls: Vec<Call>,
    begun: usize,
    /// Since when no late `work` has returned, in calls that had begun.
    late: usize,
    pub devices: Vec<NodeId>,
}

/// A call that goes on: its number, and what could have been started when it began.
struct Call {
    number: usize,
    round: u32,
    started: bool,
    works: bool,
}

#[derive(Default)]
struct Node {
    position: usize,
    predecessors: Vec<usize>,
    began: u32,
    ended: u32,
    completed: u32,
    /// In this run, and then so many calls had begun.
    overlooked: (u32, usize),
}

/// What a call could find when it began.
pub struct Look {
    pub number: usize,
    pub round: u32,
    pub started: bool,
    ready: Vec<usize>,
    others: usize,
}

impl Oracle {
    /// Of a graph that is at rest, its nodes from the most urgent to the last.
    pub fn new(order: &[NodeId], edges: &[(u32, u32)]) -> Self {
        let mut nodes: Vec<Node> = order.iter().map(|_| Node::default()).collect();
        order.iter().enumerate().for_each(|(position, node)| nodes[node.index()].position = position);
        edges.iter().for_each(|&(u, v)| nodes[v as usize].predecessors.push(u as usize));
        Self { nodes, ..Self::default() }
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    pub fn has_run_all(&self) -> bool {
        self.nodes.iter().all(|node| node.began == self.round)
    }

    pub fn has_ended(&self) -> bool {
        self.calls.is_empty() && self.devices.is_empty()
    }

    pub fn next_round(&mut self) {
        self.round += 1;
        self.started = false;
        self.stopped = self.stopping > 0;
    }

    pub fn begin(&mut self, node: NodeId, call: usize) {
        let round = self.round;
        let Node { began, predecessors, overlooked, .. } = &self.nodes[node.index()];
        assert!(*began < round, "{node} begins twice");
        assert!(predecessors.iter().all(|&before| self.nodes[before].ended == round), "{node} begins early");
        let late = overlooked.0 == round && overlooked.1 <= call;
        assert!(!late || self.stopped, "{node} was overlooked, and nobody had it");
        self.nodes[node.index()].began = round;
    }

    pub fn ended(&mut self, node: NodeId) {
        self.nodes[node.index()].ended = self.round;
    }

    pub fn completed(&mut self, node: NodeId, round: u32) {
        let completed = &mut self.nodes[node.index()].completed;
        *completed = round.max(*completed);
    }

    pub fn call(&mut self, works: bool) -> Look {
        let (round, started, number) = (self.round, self.started, self.begun);
        let is_ready = |node: &Node| {
            node.began < round
                && node.predecessors.iter().all(|&before| self.nodes[before].completed == round)
        };
        let ready =
            self.nodes.iter().enumerate().filter(|(_, node)| is_ready(node)).map(|(number, _)| number);
        let ready = if started { ready.collect() } else { Vec::new() };
        let others = self.calls.len();
        self.calls.push(Call { number, round, started, works });
        self.begun += 1;
        Look { number, round, started, ready, others }
    }

    pub fn end(&mut self, look: &Look) {
        let at = self.calls.iter().position(|call| call.number == look.number).expect("it goes on");
        let call = self.calls.swap_remove(at);
        if self.is_late(&call) {
            self.late = self.begun;
        }
    }

    /// Whether the call may have come for an earlier run, and put back what it finds.
    fn is_late(&self, call: &Call) -> bool {
        call.works && (call.round < self.round || !call.started)
    }

    pub fn returns(&mut self, look: &Look, node: Option<NodeId>) {
        self.end(look);
        if look.round != self.round || self.stopped {
            return;
        }
        let before = node.map_or(usize::MAX, |node| self.nodes[node.index()].position);
        let is_overlooked = |node: &Node| node.began < self.round && node.position < before;
        let ready = look.ready.iter().copied();
        let overlooked: Vec<_> = ready.filter(|&ready| is_overlooked(&self.nodes[ready])).collect();
        let others = look.others + (self.begun - look.number - 1);
        assert!(
            overlooked.len() <= others,
            "{} nodes were overlooked beside {others} calls",
            overlooked.len()
        );
        if self.late <= look.number && !self.calls.iter().any(|call| self.is_late(call)) {
            for node in overlooked {
                self.nodes[node].overlooked = (self.round, self.begun);
            }
        }
    }
}
