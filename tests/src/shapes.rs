//! The workloads of the benchmark: graphs that every compared system and language generates alike.

use crate::splitmix::SplitMix64;
use std::fmt;
use std::str::FromStr;

/// A family of graphs, scalable to any size.
///
/// ```
/// use dgraph_tests::shapes::Shape;
/// let shape: Shape = "wave".parse()?;
/// let (nodes, edges) = shape.edges(9);
/// assert_eq!((nodes, edges.len()), (9, 12));
/// # Ok::<(), dgraph_tests::shapes::UnknownShape>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// i → i+1: no parallelism at all.
    Chain,
    /// Complete binary out-tree, i → 2i+1 and i → 2i+2: no joins.
    Tree,
    /// Square grid, each node feeds the one below and the one to the right.
    Wave,
    /// Layers of 100; each node depends on up to four random nodes of the layer before.
    Layered,
    /// No edges.
    Indep,
    /// One source, many nodes, one sink.
    Fan,
    /// Phases of 1 → 64 → 1 in a row.
    Forkjoin,
    /// Four nodes, 0 → 1, 2 → 3: the latency of one run.
    Diamond,
}

/// How many nodes run side by side in a phase of [`Shape::Forkjoin`].
const FORK: u32 = 64;

impl Shape {
    /// All shapes, in the order of the benchmark's tables.
    pub const ALL: [Self; 8] = [
        Self::Chain,
        Self::Tree,
        Self::Wave,
        Self::Layered,
        Self::Indep,
        Self::Fan,
        Self::Forkjoin,
        Self::Diamond,
    ];

    /// The name in tables and on command lines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Tree => "tree",
            Self::Wave => "wave",
            Self::Layered => "layered",
            Self::Indep => "indep",
            Self::Fan => "fan",
            Self::Forkjoin => "forkjoin",
            Self::Diamond => "diamond",
        }
    }

    /// The size that the benchmark uses.
    #[must_use]
    pub const fn default_nodes(self) -> usize {
        match self {
            Self::Chain | Self::Layered => 100_000,
            Self::Tree => (1 << 17) - 1,
            Self::Wave | Self::Indep => 512 * 512,
            Self::Fan => 100_002,
            Self::Forkjoin => 66_000,
            Self::Diamond => 4,
        }
    }

    /// The graph with about `nodes` nodes: how many it really has, and its edges `(u, v)`, v depends on u.
    ///
    /// Sizes are rounded to what the shape allows (a square, whole layers or phases) and up to its smallest
    /// form; [`default_nodes`](Self::default_nodes) is met exactly. Below 1,000 nodes
    /// [`Layered`](Self::Layered) makes its layers narrower, so that there are ten.
    ///
    /// # Panics
    ///
    /// If `nodes` doesn't fit 32 bits.
    #[must_use]
    pub fn edges(self, nodes: usize) -> (usize, Vec<(u32, u32)>) {
        let nodes = u32::try_from(nodes).expect("node ids have 32 bits");
        let (nodes, edges) = match self {
            Self::Chain => (nodes, (1..nodes).map(|node| (node - 1, node)).collect()),
            Self::Tree => (nodes, (1..nodes).map(|node| ((node - 1) / 2, node)).collect()),
            Self::Wave => wave(nodes.isqrt()),
            Self::Layered => {
                let width = (nodes / 10).clamp(1, 100);
                layers(nodes / width, width)
            }
            Self::Indep => (nodes, Vec::new()),
            Self::Fan => fan(nodes.max(3)),
            Self::Forkjoin => forkjoin((nodes / (FORK + 2)).max(1)),
            Self::Diamond => (4, vec![(0, 1), (0, 2), (1, 3), (2, 3)]),
        };
        (nodes as usize, edges)
    }
}

fn wave(side: u32) -> (u32, Vec<(u32, u32)>) {
    let mut edges = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let node = row * side + column;
            if row + 1 < side {
                edges.push((node, node + side));
            }
            if column + 1 < side {
                edges.push((node, node + 1));
            }
        }
    }
    (side * side, edges)
}

/// As many layers of this width, each node with up to four random predecessors in the layer before: how many
/// nodes that are, and the edges. [`Shape::Layered`] for any width.
///
/// ```
/// let (nodes, edges) = dgraph_tests::shapes::layers(3, 2);
/// assert_eq!(nodes, 6);
/// assert!(edges.iter().all(|(u, v)| u / 2 + 1 == v / 2));
/// ```
///
/// # Panics
///
/// If there would be 2³² nodes or more, or if the width is 0.
#[must_use]
pub fn layers(count: u32, width: u32) -> (u32, Vec<(u32, u32)>) {
    let nodes = count.checked_mul(width).expect("node ids have 32 bits");
    let mut random = SplitMix64::new(42);
    let mut edges = Vec::new();
    for layer in 1..count {
        for column in 0..width {
            let node = layer * width + column;
            let first = edges.len();
            for _ in 0..4 {
                let edge = ((layer - 1) * width + random.below(width), node);
                if !edges[first..].contains(&edge) {
                    edges.push(edge);
                }
            }
        }
    }
    (nodes, edges)
}

fn fan(nodes: u32) -> (u32, Vec<(u32, u32)>) {
    let sink = nodes - 1;
    (nodes, (1..sink).flat_map(|middle| [(0, middle), (middle, sink)]).collect())
}

fn forkjoin(phases: u32) -> (u32, Vec<(u32, u32)>) {
    let mut edges = Vec::new();
    for phase in 0..phases {
        let source = phase * (FORK + 2);
        let sink = source + FORK + 1;
        if phase > 0 {
            edges.push((source - 1, source));
        }
        edges.extend((source + 1..sink).flat_map(|middle| [(source, middle), (middle, sink)]));
    }
    (phases * (FORK + 2), edges)
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Shape {
    type Err = UnknownShape;

    fn from_str(name: &str) -> Result<Self, UnknownShape> {
        Self::ALL.into_iter().find(|shape| shape.name() == name).ok_or_else(|| UnknownShape(name.to_owned()))
    }
}

/// There is no [`Shape`] of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownShape(pub String);

impl fmt::Display for UnknownShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown shape {:?}, known are", self.0)?;
        Shape::ALL.iter().try_for_each(|shape| write!(f, " {shape}"))
    }
}

impl std::error::Error for UnknownShape {}
