//! Which rank owns which node, where the program doesn't say.

use crate::description::{Described, Description};
use std::fmt;

/// Which rank owns each of the nodes that were not [placed](crate::DistributedBuilder::place).
pub enum Owners {
    /// Blocks of the order of declaration, of about the same load: rank 0 has the first nodes, and so on. Few
    /// values travel where nodes that are declared near each other depend on each other; but a rank may wait
    /// for the one before it. (Nodes that were defined before what they depend on have a place after that.)
    Blocks,
    /// One node after the other, each to the rank that has most of what it depends on, less what that rank is
    /// ahead of the others in load (Stanton and Kliot, "Streaming graph partitioning for large distributed
    /// graphs", 2012).
    Greedy,
    /// The rank that the function gives for a node: nodes are numbered in the order in which they are
    /// declared. It has to give the same on all ranks.
    By(Box<dyn Fn(usize) -> usize>),
}

impl Owners {
    /// [`By`](Self::By), without the box.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::Owners;
    /// let even_and_odd = Owners::by(|node| node % 2);
    /// ```
    pub fn by(owner: impl Fn(usize) -> usize + 'static) -> Self {
        Self::By(Box::new(owner))
    }

    /// The owner of each node, in an order in which each comes after its predecessors.
    pub(crate) fn assign(&self, ranks: usize, description: &Description, order: &[u32]) -> Vec<usize> {
        let mut owners = vec![0; order.len()];
        match self {
            Self::Blocks => blocks(ranks, description, order, &mut owners),
            Self::Greedy => greedy(ranks, description, order, &mut owners),
            Self::By(owner) => {
                for (node, (owned, described)) in owners.iter_mut().zip(description.nodes()).enumerate() {
                    *owned = described.placed.unwrap_or_else(|| owner(node));
                }
            }
        }
        owners
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocks => "Blocks",
            Self::Greedy => "Greedy",
            Self::By(_) => "By",
        })
    }
}

/// A sum that doesn't overflow, with one more per node, so that nodes without a load are spread too.
fn total(description: &Description) -> u128 {
    description.nodes().iter().map(|node| u128::from(node.load) + 1).sum()
}

fn blocks(ranks: usize, description: &Description, order: &[u32], owners: &mut [usize]) {
    let (total, mut before) = (total(description).max(1), 0_u128);
    for node in order.iter().map(|&node| node as usize) {
        let Described { load, placed, .. } = description.nodes()[node];
        // The middle of the node decides.
        let middle = before + u128::from(load).div_ceil(2);
        before += u128::from(load) + 1;
        let block = usize::try_from(middle * ranks as u128 / total).unwrap_or(0);
        owners[node] = placed.unwrap_or(block.min(ranks - 1));
    }
}

fn greedy(ranks: usize, description: &Description, order: &[u32], owners: &mut [usize]) {
    // A rank that has more than its share, and a tenth, gets nothing for the sake of its neighbours.
    let share = total(description) as f64 * 1.1 / ranks as f64;
    let mut owned = vec![0.0; ranks];
    let mut near = vec![0_u32; ranks];
    for node in order.iter().map(|&node| node as usize) {
        let described = &description.nodes()[node];
        let owner = described.placed.unwrap_or_else(|| {
            near.fill(0);
            // A foreign rank is an error that is told later.
            let known = described.predecessors().iter().map(|&before| owners[before as usize]);
            known.filter(|&rank| rank < ranks).for_each(|rank| near[rank] += 1);
            let score = |rank: usize| f64::from(near[rank]) * (1.0 - owned[rank] / share);
            let better = |best: usize, rank: usize| {
                let (a, b) = (score(best), score(rank));
                if b > a || (b == a && owned[rank] < owned[best]) { rank } else { best }
            };
            (1..ranks).fold(0, better)
        });
        if let Some(owned) = owned.get_mut(owner) {
            *owned += described.load as f64 + 1.0;
        }
        owners[node] = owner;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chains, side by side, whose nodes have these loads.
    fn chains(chains: u32, loads: &[u64]) -> Description {
        let mut description = Description::default();
        for (node, &load) in (0..).zip(loads) {
            let mut described = Described::new("", "()");
            described.load = load;
            described.feed(if node < chains { vec![] } else { vec![node - chains] });
            description.add(described);
        }
        description
    }

    fn assign(owners: &Owners, ranks: usize, description: &Description) -> Vec<usize> {
        owners.assign(ranks, description, &description.order().unwrap())
    }

    #[test]
    fn blocks_have_about_the_same_load() {
        let loads: Vec<u64> = (0..100).map(|node| if node < 10 { 90 } else { 10 }).collect();
        let owners = assign(&Owners::Blocks, 3, &chains(1, &loads));
        assert!(owners.is_sorted());
        for rank in 0..3 {
            let load: u64 =
                loads.iter().zip(&owners).filter(|&(_, &owner)| owner == rank).map(|(load, _)| load).sum();
            assert!((500..700).contains(&load), "rank {rank} has {load} of 1800");
        }
        assert_eq!(assign(&Owners::Blocks, 4, &chains(1, &[0; 4])), [0, 1, 2, 3]);
    }

    #[test]
    fn blocks_go_by_what_comes_first_not_by_numbers() {
        let mut description = Description::default();
        for before in [1, 2, 3] {
            let mut described = Described::new("", "()");
            described.feed(vec![before]);
            description.add(described);
        }
        description.add(Described::new("", "()"));
        assert_eq!(assign(&Owners::Blocks, 2, &description), [1, 1, 0, 0]);
        assert_eq!(assign(&Owners::by(|node| node % 2), 2, &description), [0, 1, 0, 1]);
    }

    #[test]
    fn greedy_keeps_chains_together_and_all_ranks_busy() {
        let description = chains(8, &[1; 400]);
        let owners = assign(&Owners::Greedy, 4, &description);
        for rank in 0..4 {
            assert_eq!(owners.iter().filter(|&&owner| owner == rank).count(), 100);
        }
        let nodes = description.nodes().iter().zip(&owners);
        let cut = nodes.filter(|&(node, owner)| {
            node.predecessors().iter().any(|&before| owners[before as usize] != *owner)
        });
        assert_eq!(cut.count(), 0);
    }

    #[test]
    fn a_node_that_was_placed_stays_there() {
        let mut description = chains(1, &[1; 10]);
        description.node_mut(3).placed = Some(2);
        for owners in [Owners::Blocks, Owners::Greedy, Owners::by(|_| 0)] {
            let assigned = assign(&owners, 3, &description);
            assert_eq!(assigned[3], 2, "{owners:?}");
            assert!(assigned.iter().all(|&owner| owner < 3));
        }
    }
}
