//! Random graphs for property tests: irregular, with everything in them that a runner may trip over.

use crate::splitmix::SplitMix64;

/// The edges of a random acyclic graph on `0..nodes`, `density` edges a node on average.
///
/// Node numbers are shuffled, so that they say nothing about the order. About one node in eight stays
/// isolated, about one edge in eight repeats the one before (parallel edges), and predecessors are now near,
/// now far. No edges when fewer than two nodes can have any.
///
/// ```
/// use dgraph_tests::{oracle, random_dag::random_dag, splitmix::SplitMix64};
/// let edges = random_dag(&mut SplitMix64::new(1), 40, 3);
/// assert_eq!(edges.len(), 120);
/// assert!(!oracle::has_cycle(40, &edges));
/// ```
#[must_use]
pub fn random_dag(random: &mut SplitMix64, nodes: u32, density: u32) -> Vec<(u32, u32)> {
    let mut ids: Vec<u32> = (0..nodes).collect();
    random.shuffle(&mut ids);
    let connected = nodes - nodes / 8;
    if connected < 2 {
        return Vec::new();
    }
    let mut edges: Vec<(u32, u32)> = Vec::new();
    for _ in 0..u64::from(nodes) * u64::from(density) {
        let repeated = edges.last().copied().filter(|_| random.below(8) == 0);
        edges.push(repeated.unwrap_or_else(|| {
            let to = 1 + random.below(connected - 1);
            let reach = if random.below(2) == 0 { to.min(4) } else { to };
            let from = to - 1 - random.below(reach);
            (ids[from as usize], ids[to as usize])
        }));
    }
    edges
}
