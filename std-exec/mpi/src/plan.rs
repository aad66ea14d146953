//! Who owns which node, and what follows from that for one rank.

use crate::description::Description;
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
    /// Of each of these: whether it is fed the value, or only comes after the node.
    fed: Box<[bool]>,
    /// The nodes of other ranks that this one receives, ascending.
    received: Box<[u32]>,
    /// Of each node: its place among these, or `u32::MAX`.
    slots: Box<[u32]>,
}

impl Plan {
    pub(crate) fn new(rank: usize, ranks: usize, description: &Description, owners: Box<[u32]>) -> Self {
        let nodes = description.nodes();
        let mut starts = vec![0_u32; nodes.len() + 1];
        for &before in nodes.iter().flat_map(|node| node.predecessors()) {
            starts[before as usize + 1] += 1;
        }
        for node in 0..nodes.len() {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut successors = vec![0; starts[nodes.len()] as usize];
        let mut fed = vec![false; successors.len()];
        for (number, node) in (0..).zip(nodes) {
            for (listed, &before) in node.predecessors().iter().enumerate() {
                let next = &mut next[before as usize];
                successors[*next as usize] = number;
                fed[*next as usize] = listed < node.sources().len();
                *next += 1;
            }
        }
        let mut end = 0;
        let name_ends = nodes.iter().map(|node| {
            end += node.name.len();
            end
        });
        let mut plan = Self {
            rank,
            ranks,
            name_ends: name_ends.collect(),
            names: nodes.iter().map(|node| node.name.as_str()).collect::<String>().into(),
            owners,
            starts: starts.into(),
            successors: successors.into(),
            fed: fed.into(),
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

    /// The nodes that come after `node`, and whether they are fed its value.
    fn fed_successors(&self, node: usize) -> impl Iterator<Item = (usize, bool)> {
        let range = self.starts[node] as usize..self.starts[node + 1] as usize;
        let fed = self.fed[range.clone()].iter().copied();
        self.successors[range].iter().map(|&successor| successor as usize).zip(fed)
    }

    pub(crate) fn successors(&self, node: usize) -> impl Iterator<Item = usize> {
        self.fed_successors(node).map(|(successor, _)| successor)
    }

    /// Those that come after it and are this rank's.
    pub(crate) fn own_successors(&self, node: usize) -> impl Iterator<Item = usize> {
        self.successors(node).filter(|&successor| self.is_own(successor))
    }

    /// Whether a node of this rank is fed the value of `node`.
    pub(crate) fn feeds_own(&self, node: usize) -> bool {
        self.fed_successors(node).any(|(successor, fed)| fed && self.is_own(successor))
    }

    /// The other ranks that need the value of this rank's `node`, and those that only need to know that it
    /// has one, each once.
    pub(crate) fn recipients(&self, node: usize) -> Recipients {
        let owner = self.owner(node);
        // Of a rank: those that are fed first.
        let mut ranks: Vec<_> = self.fed_successors(node).map(|(to, fed)| (self.owner(to), !fed)).collect();
        ranks.retain(|&(rank, _)| rank != owner);
        ranks.sort_unstable();
        ranks.dedup_by_key(|&mut (rank, _)| rank);
        let with =
            |only_told| ranks.iter().filter(move |&&(_, told)| told == only_told).map(|&(rank, _)| rank);
        Recipients { fed: with(false).collect(), told: with(true).collect() }
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

    /// How many dependencies lead from one rank to another, and how many messages these take, over all ranks.
    pub(crate) fn cut(&self) -> (usize, usize) {
        let nodes = 0..self.nodes();
        let crosses =
            |node: usize| self.successors(node).filter(|&to| self.owner(to) != self.owner(node)).count();
        let edges = nodes.clone().map(crosses).sum();
        (edges, nodes.map(|node| self.recipients(node).all().count()).sum())
    }
}

/// The other ranks that have to hear of a node.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recipients {
    /// They need its value.
    pub(crate) fed: Box<[usize]>,
    /// They only need to know that it has one.
    pub(crate) told: Box<[usize]>,
}

impl Recipients {
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        self.fed.iter().chain(&self.told).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::Described;

    #[test]
    fn each_rank_receives_a_value_once() {
        let mut description = Description::default();
        for (name, sources, after) in [
            ("a", vec![], vec![]),
            ("", vec![0], vec![]),
            ("b", vec![0, 0, 1], vec![0]),
            ("c", vec![0], vec![]),
            ("d", vec![], vec![0, 1]),
        ] {
            let mut node = Described::new(name, "()");
            node.feed(sources);
            after.into_iter().for_each(|before| node.come_after(before));
            description.add(node);
        }
        let plan = |rank| Plan::new(rank, 4, &description, [0, 1, 1, 2, 3].into());
        let recipients = plan(0).recipients(0);
        assert_eq!((&recipients.fed[..], &recipients.told[..]), (&[1, 2][..], &[3][..]));
        assert_eq!(plan(1).recipients(1).all().collect::<Vec<_>>(), [3]);
        assert_eq!(plan(1).received().collect::<Vec<_>>(), [0]);
        assert_eq!((plan(1).slot(0), plan(1).slot(1)), (Some(0), None));
        assert_eq!((plan(1).feeds_own(0), plan(3).feeds_own(0)), (true, false));
        assert_eq!(plan(3).received().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(plan(0).incoming(), 0);
        assert_eq!((plan(0).label(0), plan(0).label(1)), ("a".into(), "#1".into()));
        assert_eq!(plan(2).cut(), (7, 4));
        assert_eq!(plan(1).own_successors(0).collect::<Vec<_>>(), [1, 2, 2, 2]);
    }
}
