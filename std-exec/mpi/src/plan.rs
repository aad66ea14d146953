//! Who owns which node, and what follows from that for one rank.

use std::sync::Arc;

/// The part of the description that lasts: the same on all ranks, but for `rank`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    rank: usize,
    ranks: usize,
    /// All names, one after the other.
    names: Arc<str>,
    /// Where the name of each node ends.
    name_ends: Box<[usize]>,
    owners: Box<[u32]>,
    /// Where the successors of each node begin, and one more.
    starts: Box<[u32]>,
    successors: Box<[u32]>,
    /// The nodes of other ranks that this one receives, ascending.
    received: Box<[u32]>,
    /// Of each node: its place among these, or `u32::MAX`.
    slots: Box<[u32]>,
}

impl Plan {
    /// `dependencies` has, for each node, the nodes that it depends on, which are lower.
    pub(crate) fn new(
        rank: usize,
        ranks: usize,
        names: &[String],
        owners: Box<[u32]>,
        dependencies: &[Box<[u32]>],
    ) -> Self {
        let mut starts = vec![0_u32; names.len() + 1];
        for &source in dependencies.iter().flatten() {
            starts[source as usize + 1] += 1;
        }
        for node in 0..names.len() {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut successors = vec![0; starts[names.len()] as usize];
        for (node, sources) in (0..).zip(dependencies) {
            for &source in sources {
                successors[next[source as usize] as usize] = node;
                next[source as usize] += 1;
            }
        }
        let mut end = 0;
        let name_ends = names.iter().map(|name| {
            end += name.len();
            end
        });
        let mut plan = Self {
            rank,
            ranks,
            name_ends: name_ends.collect(),
            names: names.concat().into(),
            owners,
            starts: starts.into(),
            successors: successors.into(),
            received: Box::default(),
            slots: Box::default(),
        };
        let comes_in = |&node: &u32| {
            plan.owner(node as usize) != rank && plan.own_successors(node as usize).next().is_some()
        };
        plan.received = (0..).take(plan.nodes()).filter(comes_in).collect();
        let mut slots = vec![u32::MAX; plan.nodes()];
        for (slot, &node) in (0..).zip(&plan.received) {
            slots[node as usize] = slot;
        }
        plan.slots = slots.into();
        plan
    }

    /// Keeps nothing any more.
    pub(crate) fn forget(&mut self) {
        *self = Self { rank: self.rank, ranks: self.ranks, ..Self::default() };
    }

    /// A node's number as messages have it.
    pub(crate) fn number(node: usize) -> u64 {
        u64::try_from(node).expect("numbers of nodes fit 64 bits")
    }

    pub(crate) fn rank(&self) -> usize {
        self.rank
    }

    pub(crate) fn ranks(&self) -> usize {
        self.ranks
    }

    pub(crate) fn nodes(&self) -> usize {
        self.owners.len()
    }

    pub(crate) fn owner(&self, node: usize) -> usize {
        self.owners[node] as usize
    }

    pub(crate) fn is_own(&self, node: usize) -> bool {
        self.owner(node) == self.rank
    }

    /// The name, empty if there is none.
    pub(crate) fn name(&self, node: usize) -> &str {
        let start = if node == 0 { 0 } else { self.name_ends[node - 1] };
        &self.names[start..self.name_ends[node]]
    }

    /// The name, or the number.
    pub(crate) fn label(&self, node: usize) -> String {
        match self.name(node) {
            "" => format!("#{node}"),
            name => name.to_owned(),
        }
    }

    pub(crate) fn successors(&self, node: usize) -> impl Iterator<Item = usize> {
        let range = self.starts[node] as usize..self.starts[node + 1] as usize;
        self.successors[range].iter().map(|&successor| successor as usize)
    }

    /// Those that depend on it and are this rank's.
    pub(crate) fn own_successors(&self, node: usize) -> impl Iterator<Item = usize> {
        self.successors(node).filter(|&successor| self.is_own(successor))
    }

    /// The other ranks that need the value of this rank's `node`, each once.
    pub(crate) fn recipients(&self, node: usize) -> Vec<usize> {
        let owner = self.owner(node);
        let mut ranks: Vec<_> = self.successors(node).map(|successor| self.owner(successor)).collect();
        ranks.retain(|&rank| rank != owner);
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    /// The nodes of other ranks that this one receives.
    pub(crate) fn received(&self) -> impl Iterator<Item = usize> {
        self.received.iter().map(|&node| node as usize)
    }

    /// How many these are.
    pub(crate) fn incoming(&self) -> usize {
        self.received.len()
    }

    /// Where what comes from `node` is kept.
    pub(crate) fn slot(&self, node: usize) -> Option<usize> {
        self.slots.get(node).copied().filter(|&slot| slot < u32::MAX).map(|slot| slot as usize)
    }

    /// How many dependencies lead from one rank to another, and how many values go from one rank to another,
    /// over all ranks.
    pub(crate) fn cut(&self) -> (usize, usize) {
        let nodes = 0..self.nodes();
        let crosses =
            |node: usize| self.successors(node).filter(|&to| self.owner(to) != self.owner(node)).count();
        let edges = nodes.clone().map(crosses).sum();
        (edges, nodes.map(|node| self.recipients(node).len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rank_receives_a_value_once() {
        let names = ["a", "", "b", "c"].map(String::from);
        let dependencies: [Box<[u32]>; 4] = [[].into(), [0].into(), [0, 0, 1].into(), [0].into()];
        let plan = |rank| Plan::new(rank, 3, &names, [0, 1, 1, 2].into(), &dependencies);
        assert_eq!(plan(0).recipients(0), [1, 2]);
        assert_eq!(plan(1).recipients(1), []);
        assert_eq!(plan(1).received().collect::<Vec<_>>(), [0]);
        assert_eq!((plan(1).slot(0), plan(1).slot(1)), (Some(0), None));
        assert_eq!(plan(0).incoming(), 0);
        assert_eq!((plan(0).label(0), plan(0).label(1)), ("a".into(), "#1".into()));
        assert_eq!(plan(2).cut(), (4, 2));
        assert_eq!(plan(1).own_successors(0).collect::<Vec<_>>(), [1, 2, 2]);
    }
}
