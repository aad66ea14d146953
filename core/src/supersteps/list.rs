//! Supersteps of long nodes: a list schedule, in which lanes wait for single nodes.

use crate::{DagView, NodeId};
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// How many of the most urgent nodes a lane looks at, for one that it needs not wait for.
const CHOICE: usize = 8;

/// All nodes by superstep, in each by lane, and where these parts begin and end: see
/// [`DagView::supersteps_with`].
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

/// Where a node is.
#[derive(Clone, Copy, Default)]
struct Placed {
    lane: usize,
    superstep: u32,
    end: u64,
}

/// A lane: what it runs, each in which superstep, and when it is through with that.
#[derive(Default)]
struct Listed {
    nodes: Vec<(u32, NodeId)>,
    clock: u64,
    /// There was nothing for it at that time.
    idle: bool,
}

/// Ready nodes with their urgencies. The most urgent ones, of which a lane chooses, lie apart, in this order:
/// to take each from a heap, and put it back, costs most of what a schedule does.
#[derive(Default)]
struct Ready {
    /// As many as there is a choice of, if there are so many.
    first: Vec<(u64, NodeId)>,
    others: BinaryHeap<Reverse<(u64, NodeId)>>,
}

impl Ready {
    fn push(&mut self, node: (u64, NodeId)) {
        if self.first.len() == CHOICE {
            if self.first[CHOICE - 1] < node {
                return self.others.push(Reverse(node));
            }
            self.others.extend(self.first.pop().map(Reverse));
        }
        self.first.insert(self.first.partition_point(|&before| before < node), node);
    }

    /// Takes one of the most urgent ones, by its place among these.
    fn take(&mut self, place: usize) -> NodeId {
        let (_, node) = self.first.remove(place);
        self.first.extend(self.others.pop().map(|Reverse(next)| next));
        node
    }
}

/// A schedule in the making.
struct List<'a, W, B> {
    dag: DagView<'a>,
    wait: u64,
    weight: W,
    bound: B,
    /// Of each node: the lower, the sooner.
    urgency: Vec<u64>,
    /// Of each node: how many predecessors are not placed.
    left: Vec<u32>,
    /// The predecessors of all nodes, by node, and where those of each begin.
    predecessors: (Vec<NodeId>, Vec<u32>),
    places: Vec<Placed>,
    /// All predecessors are placed; by when they are done.
    coming: BinaryHeap<Reverse<(u64, NodeId)>>,
    /// All predecessors are done; the most urgent first. Those bound to the first lane, and all others.
    ready: [Ready; 2],
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
        let mut list = Self {
            dag,
            wait: wait.into(),
            weight,
            bound,
            urgency,
            left: dag.in_degrees().to_vec(),
            predecessors: predecessors(dag),
            places: vec![Placed::default(); dag.node_count()],
            coming: BinaryHeap::new(),
            ready: [Ready::default(), Ready::default()],
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
                let soonest = self.start(node, lane);
                let last = self.predecessors(node).max_by_key(|before| before.end);
                let origin = last.map_or(lane, |last| last.lane);
                let there = self.start(node, origin).max(self.lanes[origin].clock);
                let sooner = soonest > now && there < soonest && !(self.bound)(node);
                self.place(node, if sooner { origin } else { lane });
            }
            None => self.lanes[lane].idle = true,
        }
    }

    /// A ready node for this lane: of the most urgent ones that can begin now, if there are any, the one of
    /// which the most predecessors ran here: what they have written is near.
    fn choose(&mut self, lane: usize, now: u64) -> Option<NodeId> {
        let mut best: Option<((bool, usize), usize, usize)> = None;
        // How many were looked at, of those bound to the first lane and of all others.
        let mut places = [if lane == 0 { 0 } else { CHOICE }, 0];
        for _ in 0..CHOICE {
            let [bound, any] = [0, 1].map(|kind| self.ready[kind].first.get(places[kind]));
            let kind = match (bound, any) {
                (None, None) => break,
                (Some(bound), Some(any)) => usize::from(any < bound),
                (bound, _) => usize::from(bound.is_none()),
            };
            let (_, node) = self.ready[kind].first[places[kind]];
            let (mut here, mut all, mut start) = (0, 1, 0);
            for before in self.predecessors(node) {
                let is_here = before.lane == lane;
                here += usize::from(is_here);
                all += 1;
                start = start.max(before.end + if is_here { 0 } else { self.wait });
            }
            let score = (start <= now, here * 16 / all);
            if best.is_none_or(|(best, ..)| score > best) {
                best = Some((score, kind, places[kind]));
            }
            if score.0 && here + 1 == all {
                break;
            }
            places[kind] += 1;
        }
        let (_, kind, place) = best?;
        Some(self.ready[kind].take(place))
    }

    fn predecessors(&self, node: NodeId) -> impl Iterator<Item = Placed> {
        let (nodes, starts) = &self.predecessors;
        let range = starts[node.index()] as usize..starts[node.index() + 1] as usize;
        nodes[range].iter().map(|before| self.places[before.index()])
    }

    /// When `node` could begin in this lane, if that had nothing else to do.
    fn start(&self, node: NodeId, lane: usize) -> u64 {
        let seen = |before: Placed| before.end + if before.lane == lane { 0 } else { self.wait };
        self.predecessors(node).map(seen).max().unwrap_or(0)
    }

    fn is_ready(&mut self, node: NodeId) {
        let urgency = self.urgency[node.index()];
        self.ready[usize::from(!(self.bound)(node))].push((urgency, node));
    }

    fn place(&mut self, node: NodeId, lane: usize) {
        self.placed += 1;
        let begin = self.start(node, lane).max(self.lanes[lane].clock);
        let end = begin + u64::from((self.weight)(node));
        // Threads that come late come at the end of a superstep: none lasts longer than all before it.
        let by_time = (begin / self.wait.max(1) + 1).ilog2();
        let after = |before: Placed| before.superstep + u32::from(before.lane != lane);
        let superstep = self.predecessors(node).map(after).max().unwrap_or(0).max(by_time);
        let listed = &mut self.lanes[lane];
        let superstep = superstep.max(listed.nodes.last().map_or(0, |&(superstep, _)| superstep));
        (listed.clock, listed.idle) = (end, false);
        listed.nodes.push((superstep, node));
        self.places[node.index()] = Placed { lane, superstep, end };
        let dag = self.dag;
        for edge in dag.successors(node) {
            let next = edge.target();
            self.left[next.index()] -= 1;
            if self.left[next.index()] == 0 {
                let done = self.predecessors(next).map(|before| before.end).max();
                self.coming.push(Reverse((done.unwrap_or(0), next)));
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

/// The predecessors of all nodes, by node, and where those of each begin, and of the last one end.
fn predecessors(dag: DagView<'_>) -> (Vec<NodeId>, Vec<u32>) {
    let mut starts = Vec::with_capacity(dag.node_count() + 1);
    let mut total = 0;
    starts.push(0);
    for &degree in dag.in_degrees() {
        total += degree;
        starts.push(total);
    }
    let mut nodes = vec![NodeId::new(0); total as usize];
    let mut free = starts.clone();
    for &node in dag.order() {
        for edge in dag.successors(node) {
            let place = &mut free[edge.target().index()];
            nodes[*place as usize] = node;
            *place += 1;
        }
    }
    (nodes, starts)
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::{CHOICE, Ready, schedule};
    use crate::{Dag, NodeId};
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    /// Against a sorted set, with many that are equally urgent, and few or many at a time.
    #[test]
    fn a_choice_of_the_most_urgent_ones_in_order() {
        for (urgencies, most) in [(1, 5), (3, 40), (1_000, 40), (u64::MAX, CHOICE)] {
            let (mut ready, mut naive) = (Ready::default(), BTreeSet::new());
            let mut random = 88_172_645_463_325_252_u64;
            for number in 0..2_000 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                if naive.len() < most && random % 5 < 3 {
                    let node = (random / 5 % urgencies, NodeId::new(number));
                    ready.push(node);
                    assert!(naive.insert(node));
                } else if !naive.is_empty() {
                    let choice = usize::try_from(random / 5).unwrap_or(0) % naive.len().min(CHOICE);
                    let taken = ready.first[choice];
                    assert_eq!(ready.take(choice), taken.1);
                    assert!(naive.remove(&taken));
                }
                assert!(ready.first.iter().eq(naive.iter().take(CHOICE)));
                assert_eq!(ready.first.len() + ready.others.len(), naive.len());
            }
        }
    }

    #[test]
    fn the_smallest_and_the_largest() {
        let nothing = Dag::from_edges(0, &[]).expect("acyclic");
        assert_eq!(schedule(nothing.view(), 3, 0, |_| 9, None, |_| true), (Vec::new(), [0].into()));
        let edges = [(0, 2), (1, 2), (2, 3), (2, 4)];
        let dag = Dag::from_edges(5, &edges).expect("acyclic");
        for (weight, wait) in [(u32::MAX, u32::MAX), (u32::MAX, 0), (0, 0)] {
            for lanes in [1, 2, 9] {
                let (nodes, bounds) = schedule(dag.view(), lanes, wait, |_| weight, None, |_| false);
                let place = |node: u32| nodes.iter().position(|&placed| placed.get() == node);
                assert!(edges.iter().all(|&(from, to)| place(from).is_some() && place(from) < place(to)));
                assert_eq!((nodes.len(), bounds.last()), (5, Some(&5)));
            }
        }
    }
}
