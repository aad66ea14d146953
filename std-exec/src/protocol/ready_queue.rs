//! The ready nodes of a run in which order matters: who may take which node, and which one first.
//!
//! Nodes that demand the same (the same thread, the same permits) wait in one *lane*, a set by urgency. A
//! lane is open if each of its limits has enough permits left. Taking looks at the first node of each open
//! lane that the thread may take from; so it costs O(lanes + log nodes), and a node is never in the way of
//! another that demands less: nodes that wait for a permit are not looked at. A permit is taken when a node
//! starts, not when it becomes ready, so that the most urgent node gets it.
//!
//! Only data: the lock, and everything about threads, is in [`ordered`](crate::run::ordered).

use crate::protocol::own_permits::{OwnPermits, Wish};
use crate::protocol::ready_lane::Lane;
use dgraph_core::{DagView, NodeId, Supersteps};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// Where a node may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// On any thread.
    #[default]
    Anywhere,
    /// On the thread that has called the run.
    Caller,
    /// On this worker of the executor.
    Worker(usize),
}

/// A thread, as one that takes nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    /// Takes also what may run anywhere.
    pub(crate) anything: bool,
    /// It is the run's caller.
    pub(crate) caller: bool,
    /// Which worker of the executor it is, if any.
    pub(crate) worker: Option<usize>,
}

/// What a node demands: where it may run, and permits, by the number of the limit.
pub(crate) type Wishes = (Place, Vec<Wish>);

/// Stands for every worker.
const ANY_WORKER: usize = usize::MAX;

impl Taker {
    /// A taker of all nodes, wherever they are to run.
    pub(crate) const EVERYTHING: Self = Self { anything: true, caller: true, worker: Some(ANY_WORKER) };

    fn may_run_at(self, place: Place) -> bool {
        match place {
            Place::Anywhere => self.anything,
            Place::Caller => self.caller,
            Place::Worker(worker) => self.worker == Some(worker) || self.worker == Some(ANY_WORKER),
        }
    }
}

/// The ready nodes of a run in which order matters, in lanes of nodes that demand the same. A clone shares
/// what doesn't change during runs.
#[derive(Clone, Debug)]
pub(crate) struct ReadyQueue {
    nodes: Arc<[Demand]>,
    /// The nodes of one lane after those of another, the most urgent first.
    by_lane: Arc<[NodeId]>,
    /// That order is more than a way to break ties.
    ranked: bool,
    /// Those of one place are neighbours.
    lanes: Box<[Lane]>,
    places: Arc<[(Place, Range<usize>)]>,
    /// Of each place: nodes that have run before and are to go on. They have their permits.
    resumed: Box<[VecDeque<NodeId>]>,
    /// What was taken last had run before: now it's the others' turn.
    took_resumed: bool,
    permits: OwnPermits,
    /// Roots with nothing to run, ascending.
    given: Arc<[u32]>,
}

/// What a node demands, and how urgent it is.
#[derive(Clone, Copy, Debug)]
struct Demand {
    lane: u32,
    /// Among all nodes: the lower, the more urgent.
    rank: u32,
    /// Among those of its lane.
    position: u32,
}

impl ReadyQueue {
    /// A queue for nodes with these wishes. `permits` says how many each limit has.
    pub(crate) fn new(demands: &[Wishes], permits: &[usize], by_urgency: &[NodeId]) -> Self {
        let mut kinds: BTreeMap<&Wishes, usize> = BTreeMap::new();
        for demand in demands {
            *kinds.entry(demand).or_default() += 1;
        }
        let mut places: Vec<(Place, Range<usize>)> = Vec::new();
        let mut begun = 0;
        let lanes = kinds.iter().enumerate().map(|(lane, (&(place, wishes), &count))| {
            match places.last_mut() {
                Some((last, lanes)) if last == place => lanes.end = lane + 1,
                _ => places.push((*place, lane..lane + 1)),
            }
            let start = begun;
            begun += count;
            Lane::new(wishes[..].into(), start, count)
        });
        let lanes = lanes.collect();
        for (lane, count) in (0..).zip(kinds.values_mut()) {
            *count = lane;
        }
        let lane = |demand| u32::try_from(kinds[demand]).expect("no more lanes than nodes");
        let nodes =
            demands.iter().map(|demand| Demand { lane: lane(demand), rank: 0, position: 0 }).collect();
        let permits = OwnPermits::new(permits, demands.iter().map(|(_, wishes)| &wishes[..]));
        let resumed = vec![VecDeque::new(); places.len()].into();
        let (places, by_lane, given) = (places.into(), by_urgency.into(), Arc::default());
        let mut queue = Self {
            nodes,
            by_lane,
            ranked: false,
            lanes,
            places,
            resumed,
            took_resumed: false,
            permits,
            given,
        };
        queue.set_urgency(by_urgency);
        queue
    }

    /// Says that these roots, ascending, have nothing to run: they need not wait for anybody to take them.
    pub(crate) fn with_given(self, given: Arc<[u32]>) -> Self {
        Self { given, ..self }
    }

    /// Whether `node` has nothing to run.
    pub(crate) fn is_given(&self, node: NodeId) -> bool {
        self.given.binary_search(&node.get()).is_ok()
    }

    /// Puts the nodes into another order: all of them, the most urgent first. Not during a run.
    pub(crate) fn set_urgency(&mut self, by_urgency: &[NodeId]) {
        debug_assert_eq!(by_urgency.len(), self.nodes.len());
        let nodes = Arc::make_mut(&mut self.nodes);
        let by_lane = Arc::make_mut(&mut self.by_lane);
        let mut placed = vec![0_u32; self.lanes.len()];
        for (rank, &node) in (0..).zip(by_urgency) {
            let demand = &mut nodes[node.index()];
            let lane = demand.lane as usize;
            (demand.rank, demand.position) = (rank, placed[lane]);
            by_lane[self.lanes[lane].start() + placed[lane] as usize] = node;
            placed[lane] += 1;
        }
    }

    /// From now on, that order is demanded.
    pub(crate) fn demand_order(&mut self) {
        self.ranked = true;
    }

    /// Whether the order is demanded.
    pub(crate) fn is_ranked(&self) -> bool {
        self.ranked
    }

    /// Supersteps that keep to the order, if it is demanded, and have all nodes in the first lane that may
    /// not run anywhere at any time. `wait` and `weight` as for [`DagView::supersteps`].
    pub(crate) fn supersteps(
        &self,
        dag: DagView<'_>,
        lanes: usize,
        wait: u32,
        weight: &dyn Fn(NodeId) -> u32,
    ) -> Supersteps {
        let rank = |node| self.rank(node);
        let rank: Option<&dyn Fn(NodeId) -> u32> = if self.ranked { Some(&rank) } else { None };
        dag.supersteps_with(lanes, wait, weight, rank, |node| self.demands_something(node))
    }

    /// Whether `node` may not run anywhere at any time.
    fn demands_something(&self, node: NodeId) -> bool {
        let lane = self.nodes[node.index()].lane as usize;
        !self.lanes[lane].wishes().is_empty() || self.place(node) != Place::Anywhere
    }

    /// `node`, which wasn't taken from here, is run now: it takes its permits, of which there are enough.
    pub(crate) fn is_under_way(&mut self, node: NodeId) {
        let lane = self.nodes[node.index()].lane as usize;
        self.permits.take(self.lanes[lane].wishes());
        self.keep();
    }

    /// The node's place in the order of urgency: the lower, the more urgent.
    pub(crate) fn rank(&self, node: NodeId) -> u32 {
        self.nodes[node.index()].rank
    }

    /// Where `node` may run.
    pub(crate) fn place(&self, node: NodeId) -> Place {
        let lane = self.nodes[node.index()].lane as usize;
        let found = self.places.iter().find(|(_, lanes)| lanes.contains(&lane));
        found.map_or(Place::Anywhere, |(place, _)| *place)
    }

    /// The limits that `node` is under, how many permits it wants of each, and how many there are.
    pub(crate) fn limits(&self, node: NodeId) -> impl Iterator<Item = (u32, usize, usize)> {
        let lane = self.nodes[node.index()].lane as usize;
        self.lanes[lane].wishes().iter().map(|&(limit, wanted)| (limit, wanted, self.permits.count(limit)))
    }

    /// The highest number of a worker that some node demands.
    pub(crate) fn last_worker(&self) -> Option<usize> {
        match self.places.last() {
            Some((Place::Worker(worker), _)) => Some(*worker),
            _ => None,
        }
    }

    /// Nothing is ready and no permit taken, whatever was before.
    pub(crate) fn reset(&mut self) {
        self.lanes.iter_mut().for_each(Lane::clear);
        self.resumed.iter_mut().for_each(VecDeque::clear);
        self.permits.reset();
    }

    /// `node` is ready.
    pub(crate) fn push(&mut self, node: NodeId) {
        let Demand { lane, position, .. } = self.nodes[node.index()];
        self.lanes[lane as usize].push(position);
        self.keep();
    }

    /// `node`, which was taken and has not been released, is to go on, where it may run, when it is its turn.
    pub(crate) fn resume(&mut self, node: NodeId) {
        let lane = self.nodes[node.index()].lane as usize;
        let place = self.places.iter().position(|(_, lanes)| lanes.contains(&lane));
        self.resumed[place.expect("each lane has a place")].push_back(node);
    }

    /// A node that `taker` may run now: in turns one that is to go on, and the most urgent one that is to
    /// start, which takes its permits.
    pub(crate) fn take(&mut self, taker: Taker) -> Option<NodeId> {
        let resumed_first = !self.took_resumed;
        let first = if resumed_first { self.take_resumed(taker) } else { self.take_new(taker) };
        let (node, resumed) = match first {
            Some(node) => (Some(node), resumed_first),
            None if resumed_first => (self.take_new(taker), false),
            None => (self.take_resumed(taker), true),
        };
        self.took_resumed = resumed;
        node
    }

    fn take_resumed(&mut self, taker: Taker) -> Option<NodeId> {
        let places = self.places.iter().zip(&mut self.resumed);
        let mut mine = places.filter(|((place, _), _)| taker.may_run_at(*place));
        mine.find_map(|(_, resumed)| resumed.pop_front())
    }

    fn take_new(&mut self, taker: Taker) -> Option<NodeId> {
        let places = self.places.iter().filter(|(place, _)| taker.may_run_at(*place));
        let open = places.flat_map(|(_, lanes)| lanes.clone()).filter(|&lane| self.can_give(lane));
        let rank = |lane| self.first(lane).map(|node| self.rank(node));
        // (If one lane is open, nothing is compared.)
        let lane = open.reduce(|most, lane| if rank(lane) < rank(most) { lane } else { most })?;
        self.permits.take(self.lanes[lane].wishes());
        self.pop(lane)
    }

    /// A ready node of any kind, not to be started: takes no permits.
    pub(crate) fn discard(&mut self) -> Option<NodeId> {
        if let Some(node) = self.resumed.iter_mut().find_map(VecDeque::pop_front) {
            return Some(node);
        }
        let lane = (0..self.lanes.len()).find(|&lane| self.lanes[lane].first().is_some())?;
        self.pop(lane)
    }

    /// Gives back the permits of `node`, which was taken.
    pub(crate) fn release(&mut self, node: NodeId) {
        let lane = self.nodes[node.index()].lane as usize;
        self.permits.give_back(self.lanes[lane].wishes());
        self.keep();
    }

    /// For each place of some node: whether there is a node to start now.
    pub(crate) fn on_offer(&self) -> impl Iterator<Item = (Place, bool)> {
        let any = |lanes: &Range<usize>| lanes.clone().any(|lane| self.can_give(lane));
        let places = self.places.iter().zip(&self.resumed);
        places.map(move |((place, lanes), resumed)| (*place, !resumed.is_empty() || any(lanes)))
    }

    /// Whether several nodes are to start, of one kind, now.
    pub(crate) fn offers_many(&self) -> bool {
        (0..self.lanes.len()).any(|lane| self.lanes[lane].has_many() && self.can_give(lane))
    }

    fn can_give(&self, lane: usize) -> bool {
        let may = |first| self.permits.permit(self.lanes[lane].wishes(), self.rank(first));
        self.first(lane).is_some_and(may)
    }

    /// Something has changed: finds out for whom permits are kept.
    fn keep(&mut self) {
        if self.permits.are_kept() {
            let Self { nodes, by_lane, lanes, permits, .. } = self;
            let rank = |place: usize| nodes[by_lane[place].index()].rank;
            permits.keep(lanes.iter().filter_map(|lane| Some((lane.wishes(), rank(lane.first()?)))));
        }
    }

    /// The most urgent node that is ready in a lane.
    fn first(&self, lane: usize) -> Option<NodeId> {
        self.lanes[lane].first().map(|place| self.by_lane[place])
    }

    fn pop(&mut self, lane: usize) -> Option<NodeId> {
        let node = self.lanes[lane].pop().map(|place| self.by_lane[place]);
        self.keep();
        node
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// Does the same the obvious way.
    struct Oracle {
        demands: Vec<Wishes>,
        ranks: Vec<usize>,
        permits: Vec<usize>,
        ready: Vec<usize>,
    }

    impl Oracle {
        fn may_start(&self, node: usize) -> bool {
            self.demands[node].1.iter().all(|&(limit, permits)| {
                // Somebody more urgent who is ready wants more than there is.
                let lacks = |&other: &usize| {
                    let wants = self.demands[other]
                        .1
                        .iter()
                        .any(|&(wanted, permits)| wanted == limit && permits > self.permits[limit as usize]);
                    wants && self.ranks[other] < self.ranks[node]
                };
                self.permits[limit as usize] >= permits && !self.ready.iter().any(lacks)
            })
        }

        fn take(&mut self, taker: Taker) -> Option<usize> {
            let may = |node: &usize| taker.may_run_at(self.demands[*node].0) && self.may_start(*node);
            let node = self.ready.iter().copied().filter(may).min_by_key(|&node| self.ranks[node])?;
            self.ready.retain(|&other| other != node);
            let wishes = self.demands[node].1.iter();
            wishes.for_each(|&(limit, permits)| self.permits[limit as usize] -= permits);
            Some(node)
        }
    }

    #[test]
    fn agrees_with_a_list() {
        let mut state = 1_u32;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for nodes in (1..60).chain([200, 300]) {
            let permits = [1, 2, 3];
            let most = 1 + nodes as usize % 3; // in a third of the graphs one permit
            let demands: Vec<Wishes> = (0..nodes)
                .map(|_| {
                    let place = match random(5) {
                        0 => Place::Caller,
                        1 => Place::Worker(random(3)),
                        _ => Place::Anywhere,
                    };
                    let mut wishes = Vec::new();
                    for limit in 0..3 {
                        if random(4) == 0 {
                            wishes.push((limit, 1 + random(most.min(permits[limit as usize]))));
                        }
                    }
                    (place, wishes)
                })
                .collect();
            let mut order: Vec<u32> = (0..nodes).collect();
            (1..order.len()).for_each(|at| order.swap(at, random(at + 1)));
            let by_urgency: Box<[NodeId]> = order.iter().map(|&node| NodeId::new(node)).collect();
            let mut queue = ReadyQueue::new(&demands, &permits, &by_urgency);
            let mut ranks = vec![0; nodes as usize];
            (0..).zip(&order).for_each(|(rank, &node)| ranks[node as usize] = rank);
            let mut oracle = Oracle { demands, ranks, permits: permits.to_vec(), ready: Vec::new() };

            let mut unready: Vec<u32> = (0..nodes).collect();
            let mut running = Vec::new();
            let mut taken = 0;
            while taken < nodes || !running.is_empty() {
                match random(4) {
                    3 if !running.is_empty() => {
                        // It comes up again, with its permits, on a thread that may run it.
                        let node: NodeId = running.swap_remove(random(running.len()));
                        queue.resume(node);
                        let wrong = Taker { anything: false, caller: false, worker: Some(9) };
                        assert_eq!(queue.take_resumed(wrong), None);
                        assert_eq!(queue.take_resumed(Taker::EVERYTHING), Some(node));
                        running.push(node);
                    }
                    0 if !unready.is_empty() => {
                        let node = unready.swap_remove(random(unready.len()));
                        queue.push(NodeId::new(node));
                        oracle.ready.push(node as usize);
                    }
                    1 if !running.is_empty() => {
                        let node: NodeId = running.swap_remove(random(running.len()));
                        queue.release(node);
                        let wishes = oracle.demands[node.index()].1.clone();
                        wishes.iter().for_each(|&(limit, permits)| oracle.permits[limit as usize] += permits);
                    }
                    _ => {
                        let worker = Some(random(4)).filter(|&worker| worker < 3);
                        let taker = Taker { anything: random(4) > 0, caller: random(3) == 0, worker };
                        let node = queue.take(taker);
                        assert_eq!(node.map(NodeId::index), oracle.take(taker));
                        taken += u32::from(node.is_some());
                        running.extend(node);
                    }
                }
                for (place, offered) in queue.on_offer() {
                    let mut ready = oracle.ready.iter();
                    let expected =
                        ready.any(|&node| oracle.demands[node].0 == place && oracle.may_start(node));
                    assert_eq!(offered, expected);
                }
            }
            assert_eq!(oracle.permits, permits);
            assert_eq!(queue.discard(), None);
        }
    }

    #[test]
    fn discarding_takes_no_permits() {
        let demands = [(Place::Anywhere, vec![(0, 1)]), (Place::Worker(1), vec![(0, 1)])];
        let mut queue = ReadyQueue::new(&demands, &[1], &[0, 1].map(NodeId::new));
        let taker = Taker { anything: true, caller: false, worker: None };
        queue.push(NodeId::new(0));
        queue.push(NodeId::new(1));
        assert_eq!(queue.discard(), Some(NodeId::new(0)));
        assert_eq!((queue.take(taker), queue.last_worker()), (None, Some(1)));
        assert_eq!(queue.take(Taker { worker: Some(1), ..taker }), Some(NodeId::new(1)));
        assert!(queue.on_offer().all(|(_, offered)| !offered));
    }
}
