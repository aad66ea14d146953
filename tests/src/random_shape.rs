//! Random graphs of an extreme kind: all of one thing, where [`random_dag`] has a little of everything.

use crate::random_dag::random_dag;
use crate::splitmix::SplitMix64;

/// The edges of a random acyclic graph on `0..nodes`, whose numbers say nothing about the order: a deep
/// chain; one source, many nodes, one sink; few pairs with many parallel edges between them; isolated nodes
/// beside a pair; a comb, which is a chain with a leaf at each node; or, half the time, a [`random_dag`] of
/// this density.
///
/// ```
/// use dgraph_tests::{oracle, random_shape::random_shape, splitmix::SplitMix64};
/// let mut random = SplitMix64::new(1);
/// for _ in 0..100 {
///     assert!(!oracle::has_cycle(30, &random_shape(&mut random, 30, 2)));
/// }
/// ```
#[must_use]
pub fn random_shape(random: &mut SplitMix64, nodes: u32, density: u32) -> Vec<(u32, u32)> {
    let mut ids: Vec<u32> = (0..nodes).collect();
    random.shuffle(&mut ids);
    let last = nodes.saturating_sub(1);
    // Positions, the lower before the higher.
    let edges: Vec<(u32, u32)> = match random.below(10) {
        0 => (0..last).map(|node| (node, node + 1)).collect(),
        1 => (1..last).flat_map(|node| [(0, node), (node, last)]).collect(),
        2 => (0..last).step_by(3).flat_map(|node| vec![(node, node + 1); 40]).collect(),
        3 => (0..last.min(1)).map(|node| (node, node + 1)).collect(),
        4 => (0..last).map(|node| (node / 2 * 2, node + 1)).collect(),
        _ => return random_dag(random, nodes, density),
    };
    edges.into_iter().map(|(u, v)| (ids[u as usize], ids[v as usize])).collect()
}
