//! Supersteps of long nodes: a list schedule, in which lanes wait for single nodes.

use crate::{DagView, NodeId};
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// How many of the most urgent nodes a lane looks at, for one that it needs not wait for.
const CHOICE: usize = 4;

/// All nodes by superstep, in each by lane, and where these parts begin and end: see [`DagView::supersteps_with`].
pub(super) fn schedule(
    dag: DagView<'_>,
    lanes: usize,
    wait: u32,
    weight: impl Fn(NodeId) -> u32,
    rank: Option<&dyn Fn(NodeId) -> u32>,
    bound: impl Fn(NodeId) -> bool,
) -> (Vec<NodeId>, Vec<u32>) {
    let mut list = List::new(dag, lanes, wait, weight, rank, bound);
    for &root in dag.roots() {
        list.is_ready(root);
    }
    while list.placed < dag.node_count() {
        list.step();
    }
    list.parts()
}

/// What is known of a node before it is placed.
#[derive(Clone, Copy)]
struct Waiting {
    /// How many predecessors are not placed.
    left: u32,
    /// The lane of the predecessor that is done last, and when that is.
    last: (u64, usize),
    /// The latest superstep of a predecessor; and its lane, if all of those are in one.
    superstep: (u32, Option<usize>),
}

/// A lane: what it runs, in which superstep, and when it is through with that.
#[derive(Default)]
struct Listed {
    nodes: Vec<(u32, NodeId)>,
    superstep: u32,
    clock: u64,
    /// There was nothing for it at that time.
    idle: bool,
}

/// A schedule in the making.
struct List<'a, W, B> {
    dag: DagView<'a>,
    wait: u64,
    weight: W,
    bound: B,
    /// Of each node: the lower, the sooner.
    urgency: Vec<u64>,
    waiting: Vec<Waiting>,
    /// All predecessors are placed; by when they are done.
    coming: BinaryHeap<Reverse<(u64, NodeId)>>,
    /// All predecessors are done; the most urgent first. Those bound to the first lane, and all others.
    ready: [BinaryHeap<Reverse<(u64, NodeId)>>; 2],
    lanes: Vec<Listed>,
    placed: usize,
}

impl<'a, W: Fn(NodeId) -> u32, B: Fn(NodeId) -> bool> List<'a, W, B> {
    fn new(
        dag: DagView<'a>,
        lanes: usize,
        wait: u32,
        weight: W,
        rank: Option<&dyn Fn(NodeId) -> u32>,
        bound: B,
    ) -> Self {
        let mut urgency = vec![0; dag.node_count()];
        for &node in dag.order().iter().rev() {
            let ways = dag.successors(node).iter().map(|edge| u64::MAX - urgency[edge.target().index()]);
            let way = || u64::MAX - (ways.max().unwrap_or(0) + u64::from(weight(node)));
            urgency[node.index()] = rank.map_or_else(way, |rank| rank(node).into());
        }
        let waiting = |&left: &u32| Waiting { left, last: (0, 0), superstep: (0, None) };
        let mut list = Self {
            dag,
            wait: wait.into(),
            weight,
            bound,
            urgency,
            waiting: dag.in_degrees().iter().map(waiting).collect(),
            coming: BinaryHeap::new(),
            ready: [BinaryHeap::new(), BinaryHeap::new()],
            lanes: Vec::new(),
            placed: 0,
        };
        list.lanes.resize_with(lanes, Listed::default);
        list
    }

    /// The lane that is free first takes a node, or is idle until one comes.
    fn step(&mut self) {
        let busy = (0..self.lanes.len()).filter(|&lane| !self.lanes[lane].idle);
        let lane = busy.min_by_key(|&lane| self.lanes[lane].clock);
        let comes = self.coming.peek().map(|&Reverse((time, _))| time);
        if let Some(time) = comes.filter(|&time| lane.is_none_or(|lane| time <= self.lanes[lane].clock)) {
            for lane in self.lanes.iter_mut().filter(|lane| lane.idle) {
                (lane.idle, lane.clock) = (false, lane.clock.max(time));
            }
            self.coming.pop().into_iter().for_each(|Reverse((_, node))| self.is_ready(node));
            return;
        }
        let lane = lane.unwrap_or(0);
        let now = self.lanes[lane].clock;
        match self.choose(lane, now) {
            Some(node) => {
                // Whoever ran the last predecessor may begin sooner.
                let (done, origin) = self.waiting[node.index()].last;
                let soonest = self.start(node, lane);
                let sooner = soonest > now && self.lanes[origin].clock.max(done) < soonest;
                self.place(node, if sooner && !(self.bound)(node) { origin } else { lane });
            }
            None => self.lanes[lane].idle = true,
        }
    }

    /// A ready node for this lane: of the most urgent ones, one that can begin now, if there is one.
    fn choose(&mut self, lane: usize, now: u64) -> Option<NodeId> {
        let mut passed = Vec::new();
        let mut chosen = None;
        while passed.len() < CHOICE {
            let bound = self.ready[0].peek().filter(|_| lane == 0);
            let from = match (bound, self.ready[1].peek()) {
                (None, None) => break,
                // The lower one is the greater one, in `Reverse`.
                (bound, any) => usize::from(bound < any),
            };
            let Some(Reverse((_, node))) = self.ready[from].pop() else { break };
            if self.start(node, lane) <= now {
                chosen = Some(node);
                break;
            }
            passed.push(node);
        }
        let chosen = chosen.or_else(|| (!passed.is_empty()).then(|| passed.remove(0)));
        passed.into_iter().for_each(|node| self.is_ready(node));
        chosen
    }

    /// When `node` could begin in this lane, if that had nothing else to do.
    fn start(&self, node: NodeId, lane: usize) -> u64 {
        let (done, last) = self.waiting[node.index()].last;
        done + if last == lane || done == 0 { 0 } else { self.wait }
    }

    fn is_ready(&mut self, node: NodeId) {
        let urgency = self.urgency[node.index()];
        self.ready[usize::from(!(self.bound)(node))].push(Reverse((urgency, node)));
    }

    fn place(&mut self, node: NodeId, lane: usize) {
        self.placed += 1;
        let begin = self.start(node, lane).max(self.lanes[lane].clock);
        let end = begin + u64::from((self.weight)(node));
        let (before, only) = self.waiting[node.index()].superstep;
        let after = before + u32::from(before > 0 && only != Some(lane));
        // Threads that come late come at the end of a superstep: none lasts longer than all before it.
        let of_time = 1 + (begin / self.wait.max(1) + 1).ilog2();
        let listed = &mut self.lanes[lane];
        listed.superstep = listed.superstep.max(after).max(of_time);
        (listed.clock, listed.idle) = (end, false);
        listed.nodes.push((listed.superstep, node));
        let superstep = listed.superstep;
        let dag = self.dag;
        for edge in dag.successors(node) {
            let next = &mut self.waiting[edge.target().index()];
            next.left -= 1;
            next.last = next.last.max((end, lane));
            next.superstep = match next.superstep {
                (before, only) if before == superstep && only != Some(lane) => (before, None),
                (before, only) if before >= superstep => (before, only),
                _ => (superstep, Some(lane)),
            };
            if next.left == 0 {
                self.coming.push(Reverse((next.last.0, edge.target())));
            }
        }
    }

    fn parts(self) -> (Vec<NodeId>, Vec<u32>) {
        let mut nodes = Vec::with_capacity(self.placed);
        let mut bounds = vec![0];
        let mut lanes: Vec<_> =
            self.lanes.into_iter().map(|lane| lane.nodes.into_iter().peekable()).collect();
        // Some numbers may have no nodes.
        while let Some(now) = lanes.iter_mut().filter_map(|lane| Some(lane.peek()?.0)).min() {
            for lane in &mut lanes {
                nodes.extend(core::iter::from_fn(|| {
                    Some(lane.next_if(|&(superstep, _)| superstep == now)?.1)
                }));
                bounds.push(u32::try_from(nodes.len()).unwrap_or(u32::MAX)); // node numbers have 32 bits
            }
        }
        (nodes, bounds)
    }
}
