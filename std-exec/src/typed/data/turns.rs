//! Who comes before whom because of the states that they use. That two nodes are never at one state at once
//! of which one changes it rests on this.
//!
//! Of the [phases](super::accesses::phases) of a state each comes after the one before, and needs that the
//! last one that changed the state went well. Edges that are there already, for a dependency or another
//! state, are left out. Where many commuters meet many others, a *joint* stands between them: a node without
//! work, so that there are as many edges as nodes, and not as many as pairs.

use super::accesses::{Access, Accesses, Mode, phases};
use super::uses::{Kind, Use};
use std::mem;

/// What follows from the accesses to states.
#[derive(Default)]
pub(crate) struct Turns {
    /// What nodes depend on, and come after, beside what they do anyway. By node and dependency.
    pub(crate) uses: Vec<Use>,
    /// The states of the joints, which are numbered from behind the last node on.
    pub(crate) joints: Vec<u32>,
    /// The nodes that nothing keeps apart at a state that they change: they need a limit. By state.
    pub(crate) commuters: Vec<Access>,
}

/// It comes after that: an edge.
const EDGE: u8 = 1;
/// It depends on that: a predecessor, of which something has to come.
const NEED: u8 = 2;
/// Both are known already.
const KNOWN: u8 = 4;

/// That a node has these of the bits above to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    node: u32,
    dependency: u32,
    how: u8,
}

impl Turns {
    /// Of a graph of so many nodes, which depend on each other like this.
    pub(crate) fn new(accesses: &Accesses, nodes: u32, uses: &[Use]) -> Self {
        let mut turns = Self::default();
        let mut collected = Collected { wanted: Vec::new(), next: nodes };
        for of_state in accesses.by_state() {
            turns.take(of_state, &mut collected);
        }
        turns.uses = collected.without(nodes, uses);
        turns
    }

    fn take(&mut self, of_state: &[Access], collected: &mut Collected) {
        let phases: Vec<_> = phases(of_state).collect();
        // Those that changed the state last, and those that have read it since; or what stands for them.
        let (mut changers, mut readers) = (Vec::new(), Vec::new());
        for (at, phase) in phases.iter().enumerate() {
            let nodes: Vec<u32> = phase.iter().map(|access| access.node).collect();
            if phase[0].mode == Mode::Read {
                collected.add(&changers, &nodes, EDGE | NEED);
                readers = nodes;
                continue;
            }
            if readers.is_empty() {
                collected.add(&changers, &nodes, EDGE | NEED);
            } else {
                collected.add(&changers, &nodes, NEED);
                let before =
                    self.gather(mem::take(&mut readers), nodes.len(), EDGE, phase[0].state, collected);
                collected.add(&before, &nodes, EDGE);
            }
            if nodes.len() > 1 {
                self.commuters.extend_from_slice(phase);
            }
            let length = |at: usize| phases.get(at).map_or(0, |phase| phase.len());
            let read_next = phases.get(at + 1).is_some_and(|next| next[0].mode == Mode::Read);
            let behind = length(at + 1) + if read_next { length(at + 2) } else { 0 };
            changers = self.gather(nodes, behind, EDGE | NEED, phase[0].state, collected);
        }
    }

    /// These nodes as they are; or a joint behind them, if that makes edges much fewer to so many others.
    fn gather(
        &mut self,
        nodes: Vec<u32>,
        others: usize,
        how: u8,
        state: u32,
        collected: &mut Collected,
    ) -> Vec<u32> {
        let (straight, joined) = (nodes.len().saturating_mul(others), nodes.len() + others);
        if straight <= 2 * joined {
            return nodes;
        }
        let joint = collected.next;
        collected.next += 1;
        self.joints.push(state);
        collected.add(&nodes, &[joint], how);
        vec![joint]
    }
}

/// What nodes want of each other.
struct Collected {
    wanted: Vec<Wanted>,
    /// The number of the next joint.
    next: u32,
}

impl Collected {
    /// Each of `nodes` has that to each of `dependencies`.
    fn add(&mut self, dependencies: &[u32], nodes: &[u32], how: u8) {
        let all = nodes.iter().flat_map(|&node| dependencies.iter().map(move |&on| (node, on)));
        self.wanted.extend(all.map(|(node, dependency)| Wanted { node, dependency, how }));
    }

    /// What isn't there already by `uses` of so many nodes.
    fn without(mut self, nodes: u32, uses: &[Use]) -> Vec<Use> {
        let mut wants = vec![false; nodes as usize];
        for wanted in &self.wanted {
            if let Some(wants) = wants.get_mut(wanted.node as usize) {
                *wants = true;
            }
        }
        let known = uses.iter().filter(|used| wants[used.node as usize]);
        let known = known.map(|&Use { node, dependency, .. }| Wanted { node, dependency, how: KNOWN });
        self.wanted.extend(known);
        self.wanted.sort_unstable();
        let pairs = self.wanted.chunk_by(|a, b| (a.node, a.dependency) == (b.node, b.dependency));
        let new = pairs.filter_map(|pair| {
            let how = pair.iter().fold(0, |how, wanted| how | wanted.how);
            let kind = match (how & KNOWN, how & (EDGE | NEED)) {
                (KNOWN, _) => return None,
                (_, EDGE) => Kind::Follows,
                (_, NEED) => Kind::Needs,
                _ => Kind::Turn,
            };
            Some(Use { node: pair[0].node, dependency: pair[0].dependency, kind })
        });
        new.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Accesses, Kind, Mode, Turns, Use};

    /// A number below `below`.
    fn random(state: &mut u32, below: u32) -> u32 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) % below
    }

    /// Naive: which nodes are reached from each by these edges.
    fn reached(nodes: usize, edges: &[(u32, u32)]) -> Vec<Vec<bool>> {
        let mut reached = vec![vec![false; nodes]; nodes];
        for &(from, to) in edges {
            reached[from as usize][to as usize] = true;
        }
        for by in 0..nodes {
            let further = reached[by].clone();
            for from in reached.iter_mut().filter(|from| from[by]) {
                from.iter_mut().zip(&further).for_each(|(to, further)| *to |= further);
            }
        }
        reached
    }

    /// Whether of these two, of which the first was defined first, one has to go well for the other.
    fn needs(list: &[Access], first: usize, second: usize) -> bool {
        let (before, after) = (list[first], list[second]);
        let commute = |access: &Access| access.mode == Mode::Commute;
        let one_phase = list[first..=second].iter().filter(|it| it.state == before.state).all(commute);
        before.state == after.state && before.mode != Mode::Read && !one_phase
    }

    /// Every two nodes that must not meet are ordered or under a limit; every node needs exactly those that
    /// have changed its states before; and edges are few.
    #[test]
    fn agree_with_all_pairs() {
        for seed in 1..400 {
            let state = &mut { seed };
            let (nodes, states) = (1 + random(state, 40), 1 + random(state, 3));
            let favourite = [Mode::Read, Mode::Write, Mode::Commute][random(state, 3) as usize];
            let mut list = Vec::new();
            for node in 0..nodes {
                for used in 0..states {
                    let mode = match random(state, 12) {
                        0..=1 => Mode::Read,
                        2 => Mode::Write,
                        3..=4 => Mode::Commute,
                        5..=9 => favourite,
                        _ => continue,
                    };
                    list.push(Access { state: used, node, mode });
                }
            }
            let mut uses = Vec::new();
            for _ in 0..random(state, 20) {
                let (a, b) = (random(state, nodes), random(state, nodes));
                if a != b {
                    uses.push(Use { node: a.max(b), dependency: a.min(b), kind: Kind::Order });
                }
            }
            check(nodes, &list, &uses);
        }
    }

    fn check(nodes: u32, list: &[Access], uses: &[Use]) {
        let accesses = Accesses::new(list.to_vec()).expect("one access per node and state");
        let turns = Turns::new(&accesses, nodes, uses);
        let all = nodes as usize + turns.joints.len();
        let of = |without: Kind| -> Vec<(u32, u32)> {
            let both = uses.iter().chain(&turns.uses).filter(|used| used.kind != without);
            both.map(|used| (used.dependency, used.node)).collect()
        };
        let (edges, needed) = (of(Kind::Needs), of(Kind::Follows));
        let (ordered, need) = (reached(all, &edges), reached(all, &needed));
        assert!((0..all).all(|node| !ordered[node][node]), "a cycle");
        let limited = |access: &Access| {
            turns.commuters.iter().any(|it| (it.node, it.state) == (access.node, access.state))
        };
        let plain: Vec<_> = uses.iter().map(|used| (used.dependency, used.node)).collect();
        let mut expected = plain.clone();
        for (second, after) in list.iter().enumerate() {
            for (first, before) in list[..second].iter().enumerate() {
                if before.state != after.state || before.node == after.node {
                    continue;
                }
                let apart = ordered[before.node as usize][after.node as usize];
                let (reads, changes) = ([Mode::Read; 2], [Mode::Commute; 2]);
                let modes = [before.mode, after.mode];
                assert!(modes == reads || apart || modes == changes && limited(before) && limited(after));
                if needs(list, first, second) {
                    expected.push((before.node, after.node));
                }
            }
        }
        let expected = reached(nodes as usize, &expected);
        for from in 0..nodes as usize {
            for to in 0..nodes as usize {
                assert_eq!(need[from][to], expected[from][to], "{from} to {to}");
                assert!(!need[from][to] || ordered[from][to], "it is needed, and may come later");
            }
        }
        assert!(turns.uses.len() <= 6 * list.len(), "{} for {}", turns.uses.len(), list.len());
        assert!(turns.uses.is_sorted_by_key(|used| (used.node, used.dependency)));
        let pair = |used: &Use| (used.dependency, used.node);
        assert!(turns.uses.iter().all(|used| !plain.contains(&pair(used))), "it was there already");
        assert!(turns.uses.windows(2).all(|two| pair(&two[0]) != pair(&two[1])), "it is there twice");
    }

    #[test]
    fn a_crowd_meets_a_crowd() {
        let access = |node, mode| Access { state: 0, node, mode };
        let crowd = |from: u32, mode| (from..from + 1000).map(move |node| access(node, mode));
        let list: Vec<_> = crowd(0, Mode::Read)
            .chain(crowd(1000, Mode::Commute))
            .chain(crowd(2000, Mode::Read))
            .chain(crowd(3000, Mode::Commute))
            .chain([access(4000, Mode::Write)])
            .collect();
        let accesses = Accesses::new(list).expect("one access each");
        let turns = Turns::new(&accesses, 4001, &[]);
        let of = |kind| turns.uses.iter().filter(|used| used.kind == kind).count();
        assert_eq!(turns.joints, [0, 0, 0]);
        // To the readers' joint and from it, twice; to that of the commuters, to whose readers it leads, and
        // which the later commuters need; from these to the writer.
        assert_eq!([of(Kind::Follows), of(Kind::Turn), of(Kind::Needs)], [4000, 3000, 1000]);
        // A writer by itself is no crowd.
        let list = crowd(0, Mode::Read).chain([access(1000, Mode::Write)]).chain(crowd(1001, Mode::Read));
        let accesses = Accesses::new(list.collect()).expect("one access each");
        let turns = Turns::new(&accesses, 2001, &[]);
        assert_eq!((turns.joints.len(), turns.uses.len()), (0, 2000));
    }

    #[test]
    fn one_edge_for_two_states() {
        let list = [(0, 0, Mode::Read), (0, 1, Mode::Write), (1, 0, Mode::Write), (1, 1, Mode::Read)];
        let list = list.map(|(state, node, mode)| Access { state, node, mode });
        let accesses = Accesses::new(list.to_vec()).expect("one access each");
        let turns = Turns::new(&accesses, 2, &[]);
        assert_eq!(turns.uses.len(), 1);
        assert_eq!(turns.uses[0].kind, Kind::Turn); // the stronger of the two
        let known = [Use { node: 1, dependency: 0, kind: Kind::Lent }];
        assert!(Turns::new(&accesses, 2, &known).uses.is_empty());
    }
}
