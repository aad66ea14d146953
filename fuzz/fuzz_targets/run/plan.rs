//! What the fuzzer chooses: a graph, what its nodes do, and how it is run.

use crate::EXECUTORS;
use arbitrary::Arbitrary;
use dgraph_exec::Executor;

/// A further attribute of nodes (a limit, a priority) is a field of [`Spec`], one of runs a field of [`Way`].
#[derive(Arbitrary, Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<Spec>,
    pub(crate) edges: Vec<(u8, u8, Kind)>,
    pub(crate) ways: Vec<Way>,
    /// Stirs the numbers of the nodes: edges go from lower to higher [`rank`](Plan::rank).
    stir: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) role: Role,
    /// Works for some microseconds.
    pub(crate) slow: bool,
}

/// What a node does.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Gives a value.
    Gives,
    /// Gives `None`, in graphs over keys.
    GivesNothing,
    /// Gives a value that comes from the input as well, if nothing else feeds it.
    ReadsInput,
    /// Runs a graph on the executor that it runs on.
    Nests,
    Fails,
    Panics,
    Cancels,
}

/// What an edge of a typed graph means. All edges of other graphs feed.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Feeds,
    /// Moves the result, if nobody else is fed it and nothing else feeds its dependent; otherwise feeds.
    Moves,
    OnlyOrders,
}

/// How to run.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Way {
    pub(crate) on: On,
    pub(crate) keep_going: bool,
    pub(crate) cancellable: bool,
    pub(crate) catch_panics: bool,
    pub(crate) update: bool,
    pub(crate) only: Option<u8>,
    pub(crate) input: Option<u8>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum On {
    ThisThread,
    One,
    Two,
    Three,
    Five,
    /// From two threads at once, where a graph permits that.
    TwoTwice,
}

impl On {
    pub(crate) fn executor(self) -> Option<&'static Executor> {
        match self {
            Self::ThisThread => None,
            Self::One => Some(&EXECUTORS[0]),
            Self::Two | Self::TwoTwice => Some(&EXECUTORS[1]),
            Self::Three => Some(&EXECUTORS[2]),
            Self::Five => Some(&EXECUTORS[3]),
        }
    }
}

impl Plan {
    /// Cut to sizes at which oracles are fast, with edges between nodes that there are, from lower to higher rank.
    pub(crate) fn sized(mut self) -> Self {
        self.nodes.truncate(48);
        self.edges.truncate(160);
        self.ways.truncate(5);
        let nodes = u8::try_from(self.nodes.len()).expect("they were cut");
        if nodes == 0 {
            self.edges.clear();
        }
        for edge in &mut self.edges {
            (edge.0, edge.1) = (edge.0 % nodes, edge.1 % nodes);
        }
        self.edges.retain(|(u, v, _)| u != v);
        let stir = self.stir;
        for edge in self.edges.iter_mut().filter(|(u, v, _)| rank(stir, *u) > rank(stir, *v)) {
            (edge.0, edge.1) = (edge.1, edge.0);
        }
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn role(&self, node: usize) -> Role {
        self.nodes[node].role
    }

    /// The nodes in a topological order: by rank.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&node| rank(self.stir, node as u8));
        order
    }

    pub(crate) fn pairs(&self) -> Vec<(u32, u32)> {
        self.edges.iter().map(|&(u, v, _)| (u.into(), v.into())).collect()
    }

    /// What `node` depends on, in listed order, with the kinds of its edges.
    pub(crate) fn before(&self, node: usize) -> impl Iterator<Item = (usize, Kind)> {
        self.edges
            .iter()
            .filter(move |edge| usize::from(edge.1) == node)
            .map(|&(u, _, kind)| (usize::from(u), kind))
    }

    /// What feeds `node` in a typed graph.
    pub(crate) fn feeding(&self, node: usize) -> Vec<usize> {
        self.before(node).filter(|(_, kind)| *kind != Kind::OnlyOrders).map(|(before, _)| before).collect()
    }

    /// The node that the result of `node` is moved into: the only one that it feeds, which nothing else feeds.
    pub(crate) fn taker(&self, node: usize) -> Option<usize> {
        let mut fed =
            self.edges.iter().filter(|(u, _, kind)| usize::from(*u) == node && *kind != Kind::OnlyOrders);
        match (fed.next(), fed.next()) {
            (Some(&(_, v, Kind::Moves)), None) if self.feeding(v.into()).len() == 1 => Some(v.into()),
            _ => None,
        }
    }

    pub(crate) fn has(&self, role: Role) -> bool {
        self.nodes.iter().any(|node| node.role == role)
    }
}

/// Each node's own, since an odd factor loses nothing modulo 2⁸. A stir of 0 or 1 leaves the numbers as they are.
fn rank(stir: u8, node: u8) -> u8 {
    node.wrapping_mul(stir | 1)
}
