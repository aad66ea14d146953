//! Where lanes wait for each other: only for what their nodes depend on.

use super::{Supersteps, SyncPoint};
use crate::{DagView, NodeId};
use alloc::vec;
use alloc::vec::Vec;

/// What a node waits for: its position, the other lane, and a position in that.
type Need = (u32, u32, u32);

/// The points of `supersteps`, by superstep and lane, and where those of each part begin. Between two of one
/// part there is work for as long as a wait takes.
pub(super) fn points(
    dag: DagView<'_>,
    supersteps: &Supersteps,
    wait: u64,
    weight: impl Fn(NodeId) -> u32,
) -> (Vec<SyncPoint>, Vec<u32>) {
    let (nodes, bounds) = (&supersteps.nodes, &supersteps.bounds);
    let lane_of_part = |part: usize| number(part % supersteps.lanes);
    let mut needs = needs(dag, supersteps);

    // Whoever is waited for tells at certain positions how far it is: the next one after each node of
    // `needs`.
    let mut waited_for = vec![false; nodes.len()];
    needs.iter().for_each(|&(_, _, before)| waited_for[before as usize] = true);
    let mut told_at = vec![0; nodes.len()];
    for part in bounds.windows(2) {
        let (mut first, mut work) = (part[0], 0);
        let mut untold = false;
        for position in part[0]..part[1] {
            untold |= waited_for[position as usize];
            work += u64::from(weight(nodes[position as usize]));
            if position + 1 == part[1] || untold && work >= wait {
                told_at[first as usize..=position as usize].fill(position + 1);
                (first, work, untold) = (position + 1, 0, false);
            }
        }
    }
    needs.iter_mut().for_each(|(_, _, before)| *before = told_at[*before as usize]);

    let (mut points, mut starts) = (Vec::new(), vec![0]);
    // How far each lane knows the others to be.
    let mut known = vec![0; supersteps.lanes * supersteps.lanes];
    let mut needs = needs.into_iter().peekable();
    for (part, range) in bounds.windows(2).enumerate() {
        let lane = lane_of_part(part);
        // Where the last point is, or could be, and the work since then.
        let (mut place, mut work) = (range[0], 0);
        for position in range[0]..range[1] {
            if position > range[0] && told_at[position as usize - 1] == position {
                points.push(SyncPoint { position, lane, until: position });
                (place, work) = (position, 0);
            }
            while let Some((_, other, until)) = needs.next_if(|&(at, ..)| at == position) {
                let known = &mut known[lane as usize * supersteps.lanes + other as usize];
                if until > *known {
                    *known = until;
                    if work >= wait {
                        (place, work) = (position, 0);
                    }
                    points.push(SyncPoint { position: place, lane: other, until });
                }
            }
            work += u64::from(weight(nodes[position as usize]));
        }
        starts.push(number(points.len()));
    }
    (points, starts)
}

/// What nodes wait for in other lanes, by position; of each lane the last.
fn needs(dag: DagView<'_>, supersteps: &Supersteps) -> Vec<Need> {
    // The position and the lane of each node.
    let mut places = vec![(0, 0); supersteps.nodes.len()];
    for (part, range) in supersteps.bounds.windows(2).enumerate() {
        for position in range[0]..range[1] {
            let node = supersteps.nodes[position as usize];
            places[node.index()] = (position, number(part % supersteps.lanes));
        }
    }
    let mut needs = Vec::new();
    for &node in &*supersteps.nodes {
        let (position, lane) = places[node.index()];
        for edge in dag.successors(node) {
            let (next, other) = places[edge.target().index()];
            if other != lane {
                needs.push((next, lane, position));
            }
        }
    }
    needs.sort_unstable();
    // The last one of those for the same lane.
    needs.reverse();
    needs.dedup_by_key(|&mut (next, lane, _)| (next, lane));
    needs.reverse();
    needs
}

/// Positions, lanes and numbers of points have 32 bits, as nodes have.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether these points make each node wait for what it depends on in other lanes, and let each lane wait
/// only for what is told, in an earlier superstep.
pub(super) fn cover(dag: DagView<'_>, supersteps: &Supersteps) -> bool {
    let lanes = supersteps.lanes;
    // Of each position before which somebody may be told something: in which superstep that is, and the lane.
    let mut told = vec![None; supersteps.nodes.len() + 1];
    let mut known = vec![0; lanes * lanes];
    let mut needs = needs(dag, supersteps).into_iter().peekable();
    for superstep in 0..supersteps.len() {
        for (lane, range) in supersteps.bounds(superstep).windows(2).enumerate() {
            let mut points = supersteps.points(superstep, lane).iter().peekable();
            for position in range[0]..range[1] {
                while let Some(point) = points.next_if(|point| point.position == position) {
                    let (other, until) = (point.lane as usize, point.until);
                    if other == lane && until == position {
                        told[position as usize] = Some((superstep, lane));
                    } else if other < lanes
                        && told
                            .get(until as usize)
                            .copied()
                            .flatten()
                            .is_some_and(|told| told.0 < superstep && told.1 == other)
                    {
                        let known = &mut known[lane * lanes + other];
                        *known = until.max(*known);
                    } else {
                        return false;
                    }
                }
                while let Some((_, other, before)) = needs.next_if(|&(at, ..)| at == position) {
                    if known[lane * lanes + other as usize] <= before {
                        return false;
                    }
                }
            }
            if points.next().is_some() {
                return false;
            }
            if range[0] < range[1] {
                told[range[1] as usize] = Some((superstep, lane));
            }
        }
    }
    needs.next().is_none()
}
