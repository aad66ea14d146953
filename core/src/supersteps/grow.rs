//! Supersteps of short nodes, grown as long as waiting is worth more than it costs.

use crate::{DagView, NodeId};
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// In `touched`: nodes of several lanes, all of this superstep.
const SEVERAL: usize = usize::MAX;
/// A superstep lasts no longer than two to so many waits, about, and the first ones not as long: threads that
/// come late come at its end.
const LONGEST: u32 = 6;
/// How many nodes a lane takes at once from those that are free, at the most, if they come in an order that
/// counts.
const CHUNK: usize = 16;

/// A lane goes on to the end of a chain, when a superstep ends, if that takes no longer than this part of
/// what it has in the superstep.
const REST: u64 = 8;

/// All nodes by superstep, in each by lane, and where these parts begin and end: see
/// [`DagView::supersteps_with`]. If it `ends_chains`, supersteps are longer, and don't end within a chain of
/// nodes whose end is near.
pub(super) fn grow(
    dag: DagView<'_>,
    lanes: usize,
    wait: u32,
    weight: impl Fn(NodeId) -> u32,
    rank: Option<&dyn Fn(NodeId) -> u32>,
    bound: impl Fn(NodeId) -> bool,
    ends_chains: bool,
) -> (Vec<NodeId>, Vec<u32>) {
    let wait = if ends_chains { wait.saturating_mul(2) } else { wait };
    let mut grow = Grow::new(dag, lanes, wait, weight, rank, bound);
    grow.ends_chains = ends_chains;
    grow.supersteps()
}

/// A ready node, the most urgent one first.
type Ready = BinaryHeap<Reverse<(u32, NodeId)>>;

/// Supersteps in the making.
struct Grow<'a, W, B> {
    dag: DagView<'a>,
    wait: u64,
    weight: W,
    bound: B,
    rank: Option<&'a dyn Fn(NodeId) -> u32>,
    /// How many predecessors of a node are not placed.
    left: Vec<u32>,
    /// In which superstep a node's predecessors were placed last, and in which lane.
    touched: Vec<(u32, usize)>,
    /// Ready: whoever takes them; and how long these take together.
    free: Ready,
    free_load: u64,
    /// Ready, but not before the next superstep.
    later: Vec<NodeId>,
    lanes: Vec<Growing>,
    superstep: u32,
    ends_chains: bool,
}

/// A lane's part of the superstep in the making.
#[derive(Default)]
struct Growing {
    /// Ready for this lane.
    own: Ready,
    nodes: Vec<NodeId>,
    load: u64,
}

impl<'a, W: Fn(NodeId) -> u32, B: Fn(NodeId) -> bool> Grow<'a, W, B> {
    fn new(
        dag: DagView<'a>,
        lanes: usize,
        wait: u32,
        weight: W,
        rank: Option<&'a dyn Fn(NodeId) -> u32>,
        bound: B,
    ) -> Self {
        let nodes = dag.node_count();
        let mut grow = Self {
            dag,
            wait: wait.into(),
            weight,
            bound,
            rank,
            left: dag.in_degrees().to_vec(),
            touched: vec![(0, 0); nodes],
            free: Ready::new(),
            free_load: 0,
            later: dag.roots().to_vec(),
            lanes: Vec::new(),
            superstep: 0,
            ends_chains: false,
        };
        grow.lanes.resize_with(lanes, Growing::default);
        grow
    }

    fn ready(&self, node: NodeId) -> Reverse<(u32, NodeId)> {
        Reverse((self.rank.map_or(0, |rank| rank(node)), node))
    }

    fn supersteps(mut self) -> (Vec<NodeId>, Vec<u32>) {
        let mut nodes = Vec::with_capacity(self.dag.node_count());
        let mut bounds = vec![0];
        loop {
            self.superstep += 1;
            let later = core::mem::take(&mut self.later);
            for node in later {
                self.make_free(self.ready(node));
            }
            // What the first lane has for itself may be bound to it: that stays.
            for lane in 1..self.lanes.len() {
                for ready in core::mem::take(&mut self.lanes[lane].own) {
                    self.make_free(ready);
                }
            }
            for ready in core::mem::take(&mut self.lanes[0].own) {
                self.make_free(ready);
            }
            if self.free.is_empty() && self.lanes[0].own.is_empty() {
                break;
            }
            self.grow();
            if self.ends_chains {
                (0..self.lanes.len()).for_each(|lane| self.end_chain(lane));
            }
            for lane in &mut self.lanes {
                nodes.append(&mut lane.nodes);
                bounds.push(u32::try_from(nodes.len()).unwrap_or(u32::MAX)); // node numbers have 32 bits
                lane.load = 0;
            }
        }
        (nodes, bounds)
    }

    /// The lane goes on to the end of the chain that it is in, nodes with consecutive numbers of which each
    /// depends on the one before, if that is near. A cut would go through all chains that depend on this one,
    /// superstep by superstep; and behind each cut memory is entered at another place.
    fn end_chain(&mut self, lane: usize) {
        let dag = self.dag;
        let Growing { nodes, load, own } = &self.lanes[lane];
        let follows = |&Reverse((_, next)): &Reverse<(u32, NodeId)>| {
            nodes.last().is_some_and(|&last| is_link(dag, last, next))
        };
        let Some(&Reverse((_, first))) = own.peek().filter(|next| follows(next)) else { return };
        let mut most = self.wait.max(load / REST);
        let mut last = first;
        for next in (first.get()..).take(dag.node_count() - first.index()).map(NodeId::new) {
            if next != first && !is_link(dag, last, next) {
                break;
            }
            let Some(rest) = most.checked_sub((self.weight)(next).into()) else { return };
            (most, last) = (rest, next);
        }
        for expected in first.get()..=last.get() {
            match self.lanes[lane].own.peek() {
                Some(&Reverse((_, next))) if next.get() == expected => {
                    let _ = self.lanes[lane].own.pop();
                    self.place(next, lane);
                }
                _ => return,
            }
        }
    }

    /// One superstep.
    fn grow(&mut self) {
        // The least that a lane has which can't get more.
        let mut stuck_at: Option<u64> = None;
        loop {
            let busy = |&lane: &usize| !self.lanes[lane].own.is_empty();
            let all = 0..self.lanes.len();
            let least =
                |lanes: &mut dyn Iterator<Item = usize>| lanes.min_by_key(|&lane| self.lanes[lane].load);
            let next = if self.free.is_empty() { least(&mut all.filter(busy)) } else { least(&mut { all }) };
            let Some(lane) = next else { return };
            if self.free.is_empty() {
                let idle = self.lanes.iter().filter(|lane| lane.own.is_empty()).map(|lane| lane.load).min();
                stuck_at = stuck_at.into_iter().chain(idle).min();
            } else if self.lanes[lane].own.is_empty()
                || self.rank.is_some() && self.free.peek() > self.lanes[lane].own.peek()
            {
                self.take_free(lane);
            }
            if stuck_at.is_some_and(|least| self.lanes[lane].load >= least + self.wait) {
                let ready: usize = self.lanes.iter().map(|lane| lane.own.len()).sum();
                if ready + self.later.len() > 1 {
                    return;
                }
            }
            let Some(Reverse((_, node))) = self.lanes[lane].own.pop() else { return };
            self.place(node, lane);
            if self.lanes[lane].load >= self.longest() {
                return;
            }
        }
    }

    /// Whoever may have it takes it.
    fn make_free(&mut self, ready: Reverse<(u32, NodeId)>) {
        let Reverse((_, node)) = ready;
        if (self.bound)(node) {
            self.lanes[0].own.push(ready);
        } else {
            self.free_load += u64::from((self.weight)(node));
            self.free.push(ready);
        }
    }

    /// Gives the lane some of the nodes that are free, of which there are some. If their order doesn't count,
    /// it is the lane's share of all of them, as far as the superstep goes: neighbours, which mostly lie side
    /// by side in memory. What two lanes write to one cache line costs as much as ten short nodes.
    fn take_free(&mut self, lane: usize) {
        if self.rank.is_some() {
            let chunk = (self.free.len() / (2 * self.lanes.len())).clamp(1, CHUNK);
            (0..chunk).for_each(|_| _ = self.take_one(lane));
            return;
        }
        let without = self.lanes.iter().filter(|lane| lane.own.is_empty()).count() as u64;
        let goes_on = self.longest().saturating_sub(self.lanes[lane].load);
        let share = self.free_load.div_ceil(without.max(1)).min(goes_on);
        let mut taken = 0;
        while let Some(more) = self.take_one(lane) {
            taken += more;
            if taken >= share {
                return;
            }
        }
    }

    /// Gives the lane the first node that is free. How long that takes; `None` if there is none.
    fn take_one(&mut self, lane: usize) -> Option<u64> {
        let ready = self.free.pop()?;
        let Reverse((_, node)) = ready;
        let load = u64::from((self.weight)(node));
        self.free_load = self.free_load.saturating_sub(load); // who measures weights may measure on
        self.lanes[lane].own.push(ready);
        Some(load)
    }

    /// How long the superstep in the making may take.
    fn longest(&self) -> u64 {
        self.wait.saturating_mul(1 << self.superstep.min(LONGEST))
    }

    fn place(&mut self, node: NodeId, lane: usize) {
        self.lanes[lane].nodes.push(node);
        self.lanes[lane].load += u64::from((self.weight)(node));
        let dag = self.dag;
        for edge in dag.successors(node) {
            let next = edge.target();
            let touched = &mut self.touched[next.index()];
            *touched = match *touched {
                (superstep, before) if superstep == self.superstep && before != lane => (superstep, SEVERAL),
                _ => (self.superstep, lane),
            };
            let alone = touched.1 == lane;
            self.left[next.index()] -= 1;
            if self.left[next.index()] == 0 {
                if alone && (lane == 0 || !(self.bound)(next)) {
                    let ready = self.ready(next);
                    self.lanes[lane].own.push(ready);
                } else {
                    self.later.push(next);
                }
            }
        }
    }
}

/// Whether most nodes are in chains.
pub(super) fn has_chains(dag: DagView<'_>) -> bool {
    let links = |&&node: &&NodeId| is_link(dag, node, NodeId::new(node.get().wrapping_add(1)));
    2 * dag.order().iter().filter(links).count() > dag.node_count()
}

/// Whether `next` has the number after that of `node`, and depends on it.
fn is_link(dag: DagView<'_>, node: NodeId, next: NodeId) -> bool {
    next.get() == node.get().wrapping_add(1) && dag.successors(node).iter().any(|edge| edge.target() == next)
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::grow;
    use crate::Dag;
    use core::cell::Cell;

    /// A superstep takes a part of a wide graph, and what it leaves isn't gone through again and again.
    #[test]
    fn wide_graphs_take_linear_time() {
        const NODES: usize = 20_000;
        let dag = Dag::from_edges(NODES, &[]).expect("no edges, no cycle");
        for lanes in [1, 2, 7] {
            let asked = Cell::new(0);
            let weight = |_| {
                asked.set(asked.get() + 1);
                9
            };
            let (nodes, bounds) = grow(dag.view(), lanes, 10, weight, None, |_| false, true);
            assert!(nodes.len() == NODES && bounds.len() > 100, "many supersteps");
            assert!(asked.get() < 10 * NODES, "asked {} times for weights", asked.get());
        }
    }
}
