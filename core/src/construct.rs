//! From a list of edges to a validated CSR: counting sort, then a topological order.
//!
//! If every edge leads to a node with a higher number, as where nodes are numbered while a problem is written
//! down, there is no cycle, and that numbering is kept: roots first, then the others, each ascending. A
//! program that numbers nodes so mostly lays out its data so, and a run goes through them in sequence.
//! Otherwise Kahn's algorithm finds an order.
//!
//! One implementation for all three graph types, so it works on plain slices and is `const`: `while` loops,
//! no iterators, nothing recursive, O(V + E).
//!
//! Sources: A. B. Kahn, "Topological sorting of large networks", CACM 5 (1962). With a first-in first-out
//! queue its order has the roots first, too.

use crate::{Cycle, DagError, DagView, Edge, NodeId};

/// The memory that [`DagView::from_edges`](crate::DagView::from_edges) writes a graph into.
///
/// For `n` nodes and `e` edges: `starts`, `in_degrees` and `order` have exactly `n` entries, `edges` has
/// exactly `e`. Their content doesn't matter.
///
/// # Examples
///
/// ```
/// use dgraph_core::{DagError, DagView, Edge, NodeId, Storage};
///
/// let (mut starts, mut in_degrees, mut order) = ([0; 3], [0; 3], [NodeId::default(); 3]);
/// let mut edges = [Edge::default(); 2];
/// for pairs in [[(0, 1), (1, 2)], [(0, 2), (1, 2)]] {
///     // The same memory for one graph after the other.
///     let storage = Storage {
///         starts: &mut starts,
///         edges: &mut edges,
///         in_degrees: &mut in_degrees,
///         order: &mut order,
///     };
///     let dag = DagView::from_edges(&pairs, storage, &mut [0; 3]).expect("no cycle");
///     assert_eq!(dag.order(), [0, 1, 2].map(NodeId::new));
/// }
/// let empty = Storage { starts: &mut [], edges: &mut [], in_degrees: &mut [], order: &mut [] };
/// let error = DagView::from_edges(&[(0, 1)], empty, &mut []).unwrap_err();
/// assert_eq!(error, DagError::WrongLength { slice: "edges", needed: 1, given: 0 });
/// ```
#[derive(Debug)]
pub struct Storage<'a> {
    /// Where each node's row of edges starts.
    pub starts: &'a mut [u32],
    /// The edges, grouped by source.
    pub edges: &'a mut [Edge],
    /// How many edges lead to each node.
    pub in_degrees: &'a mut [u32],
    /// The nodes in topological order.
    pub order: &'a mut [NodeId],
}

/// Why a list of edges is no graph, without the words; cycles are looked up by [`trace_cycle`] afterwards.
pub(crate) enum Fault {
    TooManyNodes,
    TooManyEdges,
    UnknownNode { edge: usize, node: u32 },
    Cycle,
}

/// Fills `out` from `pairs`, where `(u, v)` says that v depends on u. A row keeps the order of `pairs`.
///
/// The caller has checked the lengths in `out`; `scratch` has one entry per node. After [`Fault::Cycle`]
/// `scratch` is nonzero for exactly the nodes that are on a cycle or depend on one.
pub(crate) const fn construct(
    pairs: &[(u32, u32)],
    out: &mut Storage<'_>,
    scratch: &mut [u32],
) -> Result<(), Fault> {
    if out.order.len() > NodeId::MAX_NODES {
        return Err(Fault::TooManyNodes);
    }
    if pairs.len() > u32::MAX as usize {
        return Err(Fault::TooManyEdges);
    }
    let ascending = match count(pairs, out.starts, out.in_degrees) {
        Ok(ascending) => ascending,
        Err(fault) => return Err(fault),
    };
    place(pairs, out.starts, out.edges);
    mark(out.edges, out.in_degrees);
    if ascending {
        ascend(out.in_degrees, out.order);
        Ok(())
    } else if sort(out, scratch) == out.order.len() {
        Ok(())
    } else {
        Err(Fault::Cycle)
    }
}

/// Counts the edges out of each node into `out_degrees` and into each node into `in_degrees`. Returns whether
/// all edges lead to higher numbers.
const fn count(pairs: &[(u32, u32)], out_degrees: &mut [u32], in_degrees: &mut [u32]) -> Result<bool, Fault> {
    let nodes = in_degrees.len();
    let mut node = 0;
    while node < nodes {
        out_degrees[node] = 0;
        in_degrees[node] = 0;
        node += 1;
    }
    let mut ascending = true;
    let mut edge = 0;
    while edge < pairs.len() {
        let (from, to) = pairs[edge];
        ascending &= from < to;
        if from as usize >= nodes {
            return Err(Fault::UnknownNode { edge, node: from });
        }
        if to as usize >= nodes {
            return Err(Fault::UnknownNode { edge, node: to });
        }
        out_degrees[from as usize] += 1;
        in_degrees[to as usize] += 1;
        edge += 1;
    }
    Ok(ascending)
}

/// Turns out-degrees into row starts and puts each edge into its source's row (counting sort, stable).
const fn place(pairs: &[(u32, u32)], starts: &mut [u32], edges: &mut [Edge]) {
    // First to row ends, so that filling from the back leaves each entry at its row's start.
    let mut end = 0;
    let mut node = 0;
    while node < starts.len() {
        end += starts[node];
        starts[node] = end;
        node += 1;
    }
    let mut edge = pairs.len();
    while edge > 0 {
        edge -= 1;
        let (from, to) = pairs[edge];
        starts[from as usize] -= 1;
        edges[starts[from as usize] as usize] = Edge::to(NodeId::new(to));
    }
}

/// Marks the sole edges.
const fn mark(edges: &mut [Edge], in_degrees: &[u32]) {
    let mut at = 0;
    while at < edges.len() {
        if in_degrees[edges[at].target().index()] == 1 {
            edges[at] = edges[at].marked_sole();
        }
        at += 1;
    }
}

/// The order of the numbers, but for the roots, which come first.
#[expect(clippy::cast_possible_truncation, reason = "construct has checked the number of nodes")]
const fn ascend(in_degrees: &[u32], order: &mut [NodeId]) {
    let mut ordered = 0;
    let mut roots = true;
    loop {
        let mut node = 0;
        while node < in_degrees.len() {
            if (in_degrees[node] == 0) == roots {
                order[ordered] = NodeId::new(node as u32);
                ordered += 1;
            }
            node += 1;
        }
        if !roots {
            return;
        }
        roots = false;
    }
}

/// Kahn's algorithm. Returns how many nodes could be ordered.
#[expect(clippy::cast_possible_truncation, reason = "construct has checked the number of nodes")]
const fn sort(out: &mut Storage<'_>, remaining: &mut [u32]) -> usize {
    let nodes = out.order.len();
    let mut ordered = 0;
    let mut node = 0;
    while node < nodes {
        remaining[node] = out.in_degrees[node];
        if remaining[node] == 0 {
            out.order[ordered] = NodeId::new(node as u32);
            ordered += 1;
        }
        node += 1;
    }
    let mut next = 0;
    while next < ordered {
        let node = out.order[next].index();
        let end = row_end(out.starts, out.edges.len(), node);
        let mut at = out.starts[node] as usize;
        while at < end {
            let target = out.edges[at].target();
            remaining[target.index()] -= 1;
            if remaining[target.index()] == 0 {
                out.order[ordered] = target;
                ordered += 1;
            }
            at += 1;
        }
        next += 1;
    }
    ordered
}

/// Where the row of `node` ends: at the next one's start, or with the edges.
pub(crate) const fn row_end(starts: &[u32], edges: usize, node: usize) -> usize {
    if node + 1 < starts.len() { starts[node + 1] as usize } else { edges }
}

/// After [`Fault::Cycle`]: writes a cycle into the front of `out.order`, each node depending on the next and
/// the last on the first, and returns its length.
///
/// Each node left over by Kahn's algorithm has a predecessor that is left over too, so walking to
/// predecessors must come round. Nothing but the arrays at hand is needed: `order` is free, since there is
/// none.
#[expect(clippy::cast_possible_truncation, reason = "construct has checked the number of nodes")]
pub(crate) const fn trace_cycle(out: &mut Storage<'_>, left_over: &mut [u32]) -> usize {
    let nodes = left_over.len();
    // One left-over predecessor of each left-over node, in `order`; the lowest-numbered start.
    let mut start = nodes;
    let mut from = nodes;
    while from > 0 {
        from -= 1;
        if left_over[from] > 0 {
            start = from;
            let end = row_end(out.starts, out.edges.len(), from);
            let mut at = out.starts[from] as usize;
            while at < end {
                out.order[out.edges[at].target().index()] = NodeId::new(from as u32);
                at += 1;
            }
        }
    }
    if start == nodes {
        return 0;
    }
    // Walk until a node comes twice; zero marks the nodes already seen.
    let mut node = start;
    while left_over[node] > 0 {
        left_over[node] = 0;
        node = out.order[node].index();
    }
    // `node` is on the cycle. Go round once, into `left_over`, then copy.
    let first = node;
    let mut length = 0;
    loop {
        left_over[length] = node as u32;
        length += 1;
        node = out.order[node].index();
        if node == first {
            break;
        }
    }
    let mut at = 0;
    while at < length {
        out.order[at] = NodeId::new(left_over[at]);
        at += 1;
    }
    length
}

impl<'a> Storage<'a> {
    pub(crate) fn into_view(self) -> DagView<'a> {
        DagView::new_unchecked(self.starts, self.edges, self.in_degrees, self.order)
    }
}

impl<'a> DagView<'a> {
    /// Builds a graph in memory that the caller provides, with no allocator.
    ///
    /// The number of nodes is `storage.order.len()`; in `pairs`, `(u, v)` says that v depends on u. Parallel
    /// edges are kept and counted. `scratch` needs one entry per node and is free again afterwards. O(V + E).
    ///
    /// # Errors
    ///
    /// Each variant of [`DagError`] but `OutOfMemory`. The [`Cycle`] lies in `storage.order`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagView, Edge, NodeId, Storage};
    ///
    /// let (mut starts, mut edges) = ([0; 3], [Edge::default(); 2]);
    /// let (mut in_degrees, mut order, mut scratch) = ([0; 3], [NodeId::default(); 3], [0; 3]);
    /// let storage = Storage {
    ///     starts: &mut starts,
    ///     edges: &mut edges,
    ///     in_degrees: &mut in_degrees,
    ///     order: &mut order,
    /// };
    /// let dag = DagView::from_edges(&[(2, 1), (1, 0)], storage, &mut scratch).expect("no cycle");
    /// assert_eq!(dag.order(), [2, 1, 0].map(NodeId::new));
    /// ```
    pub fn from_edges(
        pairs: &[(u32, u32)],
        mut storage: Storage<'a>,
        scratch: &mut [u32],
    ) -> Result<Self, DagError<Cycle<'a>>> {
        let nodes = storage.order.len();
        let lengths = [
            ("starts", nodes, storage.starts.len()),
            ("in_degrees", nodes, storage.in_degrees.len()),
            ("edges", pairs.len(), storage.edges.len()),
        ];
        for (slice, needed, given) in lengths {
            if needed != given {
                return Err(DagError::WrongLength { slice, needed, given });
            }
        }
        let given = scratch.len();
        let scratch = scratch.get_mut(..nodes).ok_or(DagError::WrongLength {
            slice: "scratch",
            needed: nodes,
            given,
        })?;
        match construct(pairs, &mut storage, scratch) {
            Ok(()) => Ok(storage.into_view()),
            Err(Fault::TooManyNodes) => Err(DagError::TooManyNodes { nodes }),
            Err(Fault::TooManyEdges) => Err(DagError::TooManyEdges { edges: pairs.len() }),
            Err(Fault::UnknownNode { edge, node }) => Err(DagError::UnknownNode { edge, node, nodes }),
            Err(Fault::Cycle) => {
                let length = trace_cycle(&mut storage, scratch);
                Err(DagError::Cycle(Cycle::new(&storage.order[..length])))
            }
        }
    }
}
