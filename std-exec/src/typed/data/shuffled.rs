//! The order of a run that is shuffled: drawn by a seed before the run's first node.
//!
//! An even seed takes any of the ready nodes, all with the same probability. That alone would hardly ever
//! delay a node by many others: past a chain of `n`, in one run of 2ⁿ. So an odd seed gives each node a
//! random priority, and one of them, in turn, the lowest: that comes after all that it may come after. So of
//! `2n` consecutive seeds, for `n` nodes, one has the nodes of a missing edge the other way round, whichever
//! edge it is. (After Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with
//! probabilistic guarantees of finding bugs", ASPLOS 2010.)

use super::schedule::Demands;
use super::topology::{Topology, order_by};
use crate::protocol::ready_queue::ReadyQueue;
use dgraph_core::{DagView, NodeId};

/// What a shuffled run has in place of its graph's order.
pub(crate) struct Shuffled {
    /// All nodes, each after its predecessors.
    pub(crate) order: Box<[NodeId]>,
    /// Has that order for its urgency, so one thread takes nodes exactly in it, unless a future waits.
    pub(crate) queue: ReadyQueue,
}

impl Shuffled {
    /// That order, and the places and limits of `queue`, if the graph has one. Roots that are `idle` run
    /// nothing.
    pub(crate) fn new(
        order: Box<[NodeId]>,
        topology: &Topology,
        queue: Option<&ReadyQueue>,
        is_idle: impl Fn(u32) -> bool,
    ) -> Self {
        let mut queue = queue.cloned().unwrap_or_else(|| {
            let Demands { demands, permits, .. } = Demands::none(order.len());
            ReadyQueue::new(&demands, &permits, &order)
        });
        queue.set_urgency(&order);
        // (Others have to be told what they depend on.)
        let mut given: Vec<u32> = topology.dag.view().roots().iter().map(|node| node.get()).collect();
        given.retain(|&node| is_idle(node));
        given.sort_unstable();
        Self { queue: queue.with_given(given.into()), order }
    }
}

/// The topological order that `seed` draws. What is `idle` comes as soon as it is ready, since it makes no
/// difference to anybody.
pub(super) fn draw(topology: &Topology, seed: u64, is_idle: impl Fn(u32) -> bool) -> Box<[NodeId]> {
    let mut random = SplitMix64(seed);
    if seed % 2 == 0 {
        return any_ready(topology.dag.view(), random, is_idle);
    }
    let last = seed / 2 % u64::from(topology.declared()).max(1);
    let rank = |node| match random.next() {
        _ if is_idle(node) => 0,
        _ if u64::from(node) == last => u64::MAX,
        random => random,
    };
    let ranks: Vec<u64> = (0..topology.nodes()).map(rank).collect();
    order_by(&topology.dag, |node| ranks[node.index()])
}

/// This order, as far as it is one of the graph's.
pub(super) fn closest_to(order: &[NodeId], topology: &Topology) -> Box<[NodeId]> {
    let mut places = vec![usize::MAX; topology.nodes() as usize];
    for (place, node) in order.iter().enumerate() {
        places.get_mut(node.index()).into_iter().for_each(|at| *at = place);
    }
    order_by(&topology.dag, |node| places[node.index()])
}

/// Takes each time one of the ready nodes.
fn any_ready(dag: DagView<'_>, mut random: SplitMix64, is_idle: impl Fn(u32) -> bool) -> Box<[NodeId]> {
    let mut remaining = dag.in_degrees().to_vec();
    let (mut idle, mut ready): (Vec<_>, Vec<_>) = dag.roots().iter().partition(|root| is_idle(root.get()));
    let mut order = Vec::with_capacity(dag.node_count());
    while let Some(node) = idle.pop().or_else(|| random.take(&mut ready)) {
        order.push(node);
        for edge in dag.successors(node) {
            let left = &mut remaining[edge.target().index()];
            *left -= 1;
            if *left == 0 {
                let to = if is_idle(edge.target().get()) { &mut idle } else { &mut ready };
                to.push(edge.target());
            }
        }
    }
    order.into()
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014). A
/// few lines of our own, so that a seed draws the same order on every machine, and in every version.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Takes one of the items. (One that is more likely than others is so by less than one in 2³².)
    fn take<T>(&mut self, items: &mut Vec<T>) -> Option<T> {
        let at = (u128::from(self.next()) * items.len() as u128) >> 64;
        let at = usize::try_from(at).expect("less than the length");
        (!items.is_empty()).then(|| items.swap_remove(at))
    }
}
