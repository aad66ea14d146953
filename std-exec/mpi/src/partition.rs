//! Which rank owns which node, where the program doesn't say.

use std::fmt;

/// Which rank owns each of the nodes that were not [placed](crate::DistributedBuilder::place).
pub enum Owners {
    /// Blocks of the order of declaration, of about the same load: rank 0 has the first nodes, and so on. Few
    /// values travel where nodes that are declared near each other depend on each other; but a rank may wait
    /// for the one before it.
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

    /// The owner of each node. `placed` has those that the program has placed; `dependencies` are lower.
    pub(crate) fn assign(
        &self,
        ranks: usize,
        placed: &[Option<usize>],
        loads: &[u64],
        dependencies: &[Box<[u32]>],
    ) -> Vec<usize> {
        match self {
            Self::Blocks => blocks(ranks, placed, loads),
            Self::Greedy => greedy(ranks, placed, loads, dependencies),
            Self::By(owner) => placed
                .iter()
                .enumerate()
                .map(|(node, placed)| placed.unwrap_or_else(|| owner(node)))
                .collect(),
        }
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
fn total(loads: &[u64]) -> u128 {
    loads.iter().map(|&load| u128::from(load) + 1).sum()
}

fn blocks(ranks: usize, placed: &[Option<usize>], loads: &[u64]) -> Vec<usize> {
    let (total, mut before) = (total(loads).max(1), 0_u128);
    let mut owner_of = |(placed, &load): (&Option<usize>, &u64)| {
        // The middle of the node decides.
        let middle = before + u128::from(load).div_ceil(2);
        before += u128::from(load) + 1;
        let block = usize::try_from(middle * ranks as u128 / total).unwrap_or(0);
        placed.unwrap_or(block.min(ranks - 1))
    };
    placed.iter().zip(loads).map(&mut owner_of).collect()
}

fn greedy(ranks: usize, placed: &[Option<usize>], loads: &[u64], dependencies: &[Box<[u32]>]) -> Vec<usize> {
    // A rank that has more than its share, and a tenth, gets nothing for the sake of its neighbours.
    let share = total(loads) as f64 * 1.1 / ranks as f64;
    let mut owned = vec![0.0; ranks];
    let mut near = vec![0_u32; ranks];
    let mut owners: Vec<usize> = Vec::with_capacity(placed.len());
    for (node, sources) in dependencies.iter().enumerate() {
        let load = loads[node] as f64 + 1.0;
        let owner = placed[node].unwrap_or_else(|| {
            near.fill(0);
            // A foreign rank is an error that is told later.
            let known = sources.iter().map(|&source| owners[source as usize]).filter(|&rank| rank < ranks);
            known.for_each(|rank| near[rank] += 1);
            let score = |rank: usize| f64::from(near[rank]) * (1.0 - owned[rank] / share);
            let better = |best: usize, rank: usize| {
                let (a, b) = (score(best), score(rank));
                if b > a || (b == a && owned[rank] < owned[best]) { rank } else { best }
            };
            (1..ranks).fold(0, better)
        });
        if let Some(owned) = owned.get_mut(owner) {
            *owned += load;
        }
        owners.push(owner);
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains(chains: u32, length: u32) -> Vec<Box<[u32]>> {
        let node =
            |node: u32| -> Box<[u32]> { if node < chains { [].into() } else { [node - chains].into() } };
        (0..chains * length).map(node).collect()
    }

    #[test]
    fn blocks_have_about_the_same_load() {
        let loads: Vec<u64> = (0..100).map(|node| if node < 10 { 90 } else { 10 }).collect();
        let owners = Owners::Blocks.assign(3, &[None; 100], &loads, &chains(1, 100));
        assert!(owners.is_sorted());
        for rank in 0..3 {
            let load: u64 =
                loads.iter().zip(&owners).filter(|&(_, &owner)| owner == rank).map(|(load, _)| load).sum();
            assert!((500..700).contains(&load), "rank {rank} has {load} of 1800");
        }
        assert_eq!(Owners::Blocks.assign(4, &[None; 4], &[0; 4], &chains(1, 4)), [0, 1, 2, 3]);
    }

    #[test]
    fn greedy_keeps_chains_together_and_all_ranks_busy() {
        let dependencies = chains(8, 50);
        let owners = Owners::Greedy.assign(4, &[None; 400], &[1; 400], &dependencies);
        for rank in 0..4 {
            assert_eq!(owners.iter().filter(|&&owner| owner == rank).count(), 100);
        }
        let cut = dependencies
            .iter()
            .enumerate()
            .filter(|(node, from)| from.iter().any(|&from| owners[from as usize] != owners[*node]));
        assert_eq!(cut.count(), 0);
    }

    #[test]
    fn a_node_that_was_placed_stays_there() {
        let mut placed = [None; 10];
        placed[3] = Some(2);
        for owners in [Owners::Blocks, Owners::Greedy, Owners::by(|_| 0)] {
            let assigned = owners.assign(3, &placed, &[1; 10], &chains(1, 10));
            assert_eq!(assigned[3], 2, "{owners:?}");
            assert!(assigned.iter().all(|&owner| owner < 3));
        }
    }
}
