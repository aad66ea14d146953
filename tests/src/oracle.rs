//! Naive, obvious answers to compare the real code with. Slow, and meant to be.

use crate::predecessors::Predecessors;
use std::collections::BTreeSet;

/// Checks that `order` holds each of the nodes `0..nodes` exactly once, and each after all that it depends
/// on.
///
/// # Errors
///
/// One line that says what is wrong.
pub fn check_order(nodes: usize, edges: &[(u32, u32)], order: &[u32]) -> Result<(), String> {
    let mut position = vec![None; nodes];
    for (at, &node) in order.iter().enumerate() {
        let slot = position.get_mut(node as usize).ok_or_else(|| format!("there is no node {node}"))?;
        if let Some(before) = slot.replace(at) {
            return Err(format!("node {node} ran twice, at {before} and at {at}"));
        }
    }
    if let Some(node) = position.iter().position(Option::is_none) {
        return Err(format!("node {node} did not run"));
    }
    match edges.iter().find(|(u, v)| position[*u as usize] >= position[*v as usize]) {
        Some((u, v)) => Err(format!("node {v} ran before {u}, which it depends on")),
        None => Ok(()),
    }
}

/// The level of each node, by removing nodes round after round: in each round all that depend on no node that
/// is still there. `None` if some nodes are never removed, because they depend on each other.
#[must_use]
pub fn levels(nodes: usize, edges: &[(u32, u32)]) -> Option<Vec<u32>> {
    let mut level_of = vec![None; nodes];
    for level in 0_u32.. {
        let mut waits = vec![false; nodes];
        for &(u, v) in edges {
            waits[v as usize] |= level_of[u as usize].is_none();
        }
        let removable: Vec<usize> = (0..nodes).filter(|&v| level_of[v].is_none() && !waits[v]).collect();
        if removable.is_empty() {
            break;
        }
        for node in removable {
            level_of[node] = Some(level);
        }
    }
    level_of.into_iter().collect()
}

/// Whether some nodes depend on each other in a circle.
#[must_use]
pub fn has_cycle(nodes: usize, edges: &[(u32, u32)]) -> bool {
    levels(nodes, edges).is_none()
}

/// Whether `path` is a cycle of the graph: it ends where it begins, each node depends on the next, and no
/// other node comes twice.
#[must_use]
pub fn is_real_cycle(edges: &[(u32, u32)], path: &[u32]) -> bool {
    let closed = path.len() >= 2 && path.first() == path.last();
    let linked = path.windows(2).all(|pair| edges.contains(&(pair[1], pair[0])));
    let mut inner = path.get(1..).unwrap_or_default().to_vec();
    inner.sort_unstable();
    closed && linked && inner.windows(2).all(|pair| pair[0] != pair[1])
}

/// The weight of the heaviest path, one weight a node: weights are passed on along all edges until nothing
/// changes.
///
/// # Panics
///
/// If there is a cycle.
#[must_use]
pub fn critical_path(edges: &[(u32, u32)], weights: &[u64]) -> u64 {
    let mut finish = weights.to_vec();
    for round in 0.. {
        assert!(round <= weights.len(), "the graph has a cycle");
        let before = finish.clone();
        for &(u, v) in edges {
            finish[v as usize] = finish[v as usize].max(finish[u as usize] + weights[v as usize]);
        }
        if finish == before {
            break;
        }
    }
    finish.into_iter().max().unwrap_or(0)
}

/// What `node` gives in graphs of tests: a number of its own, and what it is fed, in order.
pub fn value(node: usize, fed: impl IntoIterator<Item = u64>) -> u64 {
    fed.into_iter().fold(node as u64 + 1, |sum, fed| sum.wrapping_mul(31).wrapping_add(fed))
}

/// What each of the nodes gives, by [`value`], if those of `fed` feed it and it comes after those of `after`.
/// `None` for those that fail, or come after one that does. Repeats until nothing changes.
#[must_use]
pub fn values(
    nodes: usize,
    fed: &Predecessors,
    after: &Predecessors,
    fails: &BTreeSet<u32>,
) -> Vec<Option<u64>> {
    let mut values = vec![None; nodes];
    loop {
        let before = values.clone();
        for node in (0..nodes).filter(|node| !fails.iter().any(|&fails| fails as usize == *node)) {
            if after.of(node).iter().all(|&u| values[u as usize].is_some()) {
                let fed: Option<Vec<u64>> = fed.of(node).iter().map(|&u| values[u as usize]).collect();
                values[node] = fed.map(|fed| value(node, fed));
            }
        }
        if values == before {
            return values;
        }
    }
}
