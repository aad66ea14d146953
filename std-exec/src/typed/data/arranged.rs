//! The accesses of a graph to its states, and which of its edges are there for their sake: for whoever asks.

use super::accesses::{Access, Accesses, Mode, phases};
use super::topology::Topology;
use super::turns::Turns;

/// The accesses of a graph, and what has come of them.
#[derive(Default)]
pub(crate) struct Arranged {
    pub(crate) accesses: Accesses,
    /// Who comes after whom, or needs whom, for the sake of states alone: node and dependency, ascending.
    added: Box<[(u32, u32)]>,
    /// The number of the first joint, and the state of each.
    first_joint: u32,
    joints: Box<[u32]>,
    /// The number of the first limit that keeps commuters apart: those before are the user's.
    first_limit: u32,
}

impl Arranged {
    /// What `turns` made of these, in a graph of so many nodes and limits.
    pub(crate) fn new(accesses: Accesses, nodes: u32, limits: u32, turns: &Turns) -> Self {
        let added = turns.uses.iter().map(|used| (used.node, used.dependency)).collect();
        Self { accesses, added, first_joint: nodes, joints: turns.joints[..].into(), first_limit: limits }
    }

    /// The state of a joint; `None` of any other node.
    pub(crate) fn joint(&self, node: u32) -> Option<u32> {
        let joint = node.checked_sub(self.first_joint)?;
        self.joints.get(joint as usize).copied()
    }

    /// Whether a limit is only there to keep commuters apart: the user has made none such.
    pub(crate) fn is_for_commuters(&self, limit: u32) -> bool {
        !self.accesses.is_empty() && limit >= self.first_limit
    }

    /// Whether one node comes after another, or needs it, for the sake of states alone.
    fn is_added(&self, node: u32, dependency: u32) -> bool {
        self.added.binary_search(&(node, dependency)).is_ok()
    }

    /// For the sake of which states one node comes after another, if that is for the sake of states alone.
    pub(crate) fn states_between(&self, node: u32, dependency: u32) -> impl Iterator<Item = u32> {
        let states = self.accesses.by_state().take_while(move |_| self.is_added(node, dependency));
        let states = states.filter(move |state| {
            let modes = [node, dependency].map(|node| self.mode(node, state));
            !modes.contains(&None) && modes != [Some(Mode::Read); 2]
        });
        states.map(|state| state[0].state)
    }

    /// What a node, or joint, does with the state that these are the accesses to. A joint stands for others.
    fn mode(&self, node: u32, accesses: &[Access]) -> Option<Mode> {
        match node.checked_sub(self.first_joint) {
            Some(joint) => (self.joints[joint as usize] == accesses[0].state).then_some(Mode::Commute),
            None => accesses.iter().find(|access| access.node == node).map(|access| access.mode),
        }
    }

    /// Neighbours in the order of a state, of which one changes it, that no dependencies put into this order:
    /// the state, the first node and the second. By the nodes.
    pub(crate) fn ambiguities(&self, topology: &Topology) -> Vec<(u32, u32, u32)> {
        let mut pairs = self.neighbours();
        pairs.sort_unstable_by_key(|&(state, first, second)| (second, first, state));
        let mut search = Search { mark: vec![0; topology.nodes() as usize], round: 0, stack: Vec::new() };
        let mut sought = None;
        pairs.retain(|&(_, first, second)| {
            if sought != Some(second) {
                sought = Some(second);
                search.from(second, |node, see| {
                    let predecessors = topology.predecessors(node).map(|before| before.node);
                    predecessors.filter(|&before| !self.is_added(node, before)).for_each(see);
                });
            }
            !search.has_found(first)
        });
        pairs.sort_unstable_by_key(|&(state, first, second)| (first, second, state));
        pairs
    }

    /// The state, the first node and the second, for all neighbours in its order of which one changes it.
    fn neighbours(&self) -> Vec<(u32, u32, u32)> {
        let mut pairs = Vec::new();
        for accesses in self.accesses.by_state() {
            let (mut changers, mut readers): (&[Access], &[Access]) = (&[], &[]);
            let mut all = |first: &[Access], second: &[Access]| {
                for after in second {
                    pairs.extend(first.iter().map(|before| (after.state, before.node, after.node)));
                }
            };
            for phase in phases(accesses) {
                if phase[0].mode == Mode::Read {
                    all(changers, phase);
                    readers = phase;
                } else {
                    all(if readers.is_empty() { changers } else { readers }, phase);
                    (changers, readers) = (phase, &[]);
                }
            }
        }
        pairs
    }
}

/// What is found from a node on, again and again in the same memory.
struct Search {
    mark: Vec<u32>,
    round: u32,
    stack: Vec<u32>,
}

impl Search {
    /// Finds all that `next` leads to, from `start` on.
    fn from(&mut self, start: u32, next: impl Fn(u32, &mut dyn FnMut(u32))) {
        let Self { mark, round, stack } = self;
        *round += 1;
        stack.push(start);
        while let Some(node) = stack.pop() {
            next(node, &mut |found| {
                if mark[found as usize] != *round {
                    mark[found as usize] = *round;
                    stack.push(found);
                }
            });
        }
    }

    fn has_found(&self, node: u32) -> bool {
        self.mark[node as usize] == self.round
    }
}
