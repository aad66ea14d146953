//! Who comes before whom: what the executor needs, and what a run needs to find out why a node can't run.

use super::stretch::{self, Stretch};
use super::uses::{Kind, Use};
use crate::typed::memory::status::{State, Status, Statuses};
use crate::typed::memory::store::Store;
use dgraph_core::{CycleBuf, Dag, DagError, NodeId};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ptr;
use std::sync::Arc;

/// The graph without what its nodes do. A clone has counters of its own, and shares everything else.
#[derive(Clone)]
pub(crate) struct Topology {
    pub(crate) dag: Dag,
    fixed: Arc<Fixed>,
}

/// What clones have in common beside the graph.
#[derive(Clone)]
struct Fixed {
    nodes: u32,
    /// How many of these the user has declared: the others, behind them, are [joints](super::turns).
    declared: u32,
    /// The predecessors of node `i` are `predecessors[starts[i]..starts[i + 1]]`: as listed, then those of
    /// `after`.
    starts: Box<[u32]>,
    predecessors: Box<[Predecessor]>,
    /// The order of a serial run, if it isn't simply the order of declaration.
    order: Option<Box<[NodeId]>>,
    /// Rows of that order, and of the one that is stored with the graph. None, as long as they aren't looked
    /// for.
    serial_rows: Box<[Stretch]>,
    stored_rows: Box<[Stretch]>,
    /// Some result is moved into its dependent.
    moves: bool,
}

/// A predecessor, in the low 31 bits, and in the highest whether it only comes before and feeds nothing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Predecessor(u32);

impl Predecessor {
    const ORDER: u32 = 1 << 31;

    pub(crate) fn node(self) -> u32 {
        self.0 & !Self::ORDER
    }

    pub(crate) fn feeds(self) -> bool {
        self.0 & Self::ORDER == 0
    }
}

impl Topology {
    /// Of so many nodes that the user has declared, and so many joints.
    pub(crate) fn new(
        declared: u32,
        joints: u32,
        uses: &[Use],
        depth_first: bool,
    ) -> Result<Self, DagError<CycleBuf>> {
        let nodes = declared + joints;
        let mut edges = Vec::with_capacity(uses.len());
        let orders = uses.iter().filter(|used| used.kind.orders());
        edges.extend(orders.map(|used| (used.dependency, used.node)));
        let mut dag = Dag::from_edges(nodes as usize, &edges)?;
        drop(edges);
        if depth_first {
            dag = dag.depth_first();
        }
        let (starts, predecessors) = group(dag.view().in_degrees(), uses);
        let sorted = uses.iter().all(|used| used.dependency < used.node);
        let (serial_rows, stored_rows) = (Box::default(), Box::default());
        let moves = uses.iter().any(|used| used.kind == Kind::Moved);
        let order = None;
        let fixed = Fixed { nodes, declared, starts, predecessors, order, serial_rows, stored_rows, moves };
        let mut new = Self { dag, fixed: Arc::new(fixed) };
        if depth_first {
            new.fixed_mut().order = Some(new.dag.view().order().into());
        } else if !sorted {
            new.fixed_mut().order = Some(order_by(&new.dag, |node| new.place(node)));
        }
        Ok(new)
    }

    /// To be changed: what others share stays with them.
    fn fixed_mut(&mut self) -> &mut Fixed {
        Arc::make_mut(&mut self.fixed)
    }

    /// Whether it is the same as the other, but for counters.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.fixed, &other.fixed) && ptr::eq(self.dag.view().order(), other.dag.view().order())
    }

    /// Whether some result is moved into its dependent.
    pub(crate) fn moves(&self) -> bool {
        self.fixed.moves
    }

    /// Where a node comes in the order of declaration. A joint: before the first node that waits for it.
    fn place(&self, node: NodeId) -> u32 {
        let joins = node.get() >= self.fixed.declared;
        let waiting = self.dag.view().successors(node).iter().map(|edge| edge.target().get());
        if joins { waiting.min().unwrap_or(node.get()) } else { node.get() }
    }

    /// The nodes as they come as long as nothing else makes a difference: in the order of declaration, or
    /// depth first.
    pub(crate) fn undemanded(&self) -> Box<[NodeId]> {
        let dag = self.dag.view();
        if dag.is_depth_first() {
            return dag.order().into();
        }
        let mut nodes: Box<[NodeId]> = (0..self.fixed.nodes).map(NodeId::new).collect();
        if self.fixed.declared < self.fixed.nodes {
            nodes.sort_by_cached_key(|&node| (self.place(node), Reverse(node)));
        }
        nodes
    }

    /// From now on serial runs take of the ready nodes always the one of the lowest rank.
    pub(crate) fn order_by(&mut self, rank: impl Fn(NodeId) -> u32) {
        let order = order_by(&self.dag, rank);
        let fixed = self.fixed_mut();
        (fixed.order, fixed.serial_rows) = (Some(order), Box::default());
    }

    /// Looks for the rows of both orders.
    pub(crate) fn find_rows(&mut self, store: &Store) {
        let serial_rows = stretch::find(self.forward(), store);
        let stored_rows = stretch::find(self.dag.view().order().iter().map(|node| node.get()), store);
        let fixed = self.fixed_mut();
        (fixed.serial_rows, fixed.stored_rows) = (serial_rows, stored_rows);
    }

    pub(crate) fn serial_rows(&self) -> &[Stretch] {
        &self.fixed.serial_rows
    }

    pub(crate) fn stored_rows(&self) -> &[Stretch] {
        &self.fixed.stored_rows
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.fixed.nodes
    }

    /// How many of the nodes the user has declared: those with the lowest numbers.
    pub(crate) fn declared(&self) -> u32 {
        self.fixed.declared
    }

    pub(crate) fn predecessors(&self, node: u32) -> &[Predecessor] {
        let node = node as usize;
        &self.fixed.predecessors[self.fixed.starts[node] as usize..self.fixed.starts[node + 1] as usize]
    }

    /// Why `node`, which has not begun, can't begin: what it waits for has not been done, and perhaps a
    /// failure is to blame. `None` if it can.
    pub(crate) fn why_not_fed(&self, statuses: &Statuses, node: u32) -> Option<Status> {
        let mut fed = true;
        for predecessor in self.predecessors(node) {
            match statuses.get(predecessor.node()).state() {
                State::Value => {}
                State::Failed | State::Panicked => return Some(Status::skipped(predecessor.node())),
                State::Skipped { culprit } => return Some(Status::skipped(culprit)),
                State::NotRun | State::Interrupted => fed = false,
                State::Taken | State::NotNeeded | State::Unset | State::Moved { .. } => {
                    fed &= !predecessor.feeds();
                }
            }
        }
        if fed { None } else { Some(Status::NOT_STARTED) }
    }

    /// The order of a serial run. `None`: as declared.
    #[inline]
    pub(crate) fn order(&self) -> Option<&[NodeId]> {
        self.fixed.order.as_deref()
    }

    /// All nodes, each after its predecessors; as in a serial run.
    pub(crate) fn forward(&self) -> impl DoubleEndedIterator<Item = u32> {
        (0..self.nodes()).map(|at| self.fixed.order.as_ref().map_or(at, |order| order[at as usize].get()))
    }
}

/// Puts the uses of each node together that it depends on (counting sort, stable).
fn group(in_degrees: &[u32], uses: &[Use]) -> (Box<[u32]>, Box<[Predecessor]>) {
    let depends = || uses.iter().filter(|used| used.kind.depends());
    let mut counts = Cow::Borrowed(in_degrees);
    if uses.iter().any(|used| !used.kind.depends() || !used.kind.orders()) {
        let counts = counts.to_mut();
        counts.fill(0);
        depends().for_each(|used| counts[used.node as usize] += 1);
    }
    let mut starts = Vec::with_capacity(counts.len() + 1);
    let mut end = 0;
    for count in &*counts {
        starts.push(end);
        end += count;
    }
    let mut next = starts.clone();
    starts.push(end);
    let mut predecessors = vec![Predecessor::default(); end as usize];
    for used in depends() {
        let order = if used.kind.feeds() { 0 } else { Predecessor::ORDER };
        let slot = &mut next[used.node as usize];
        predecessors[*slot as usize] = Predecessor(used.dependency | order);
        *slot += 1;
    }
    (starts.into(), predecessors.into())
}

/// The topological order that has of the ready nodes always the one of the lowest rank next. With nodes'
/// numbers for ranks it is the one that stays closest to the order of declaration. O(E + V log V).
pub(super) fn order_by<R: Ord>(dag: &Dag, rank: impl Fn(NodeId) -> R) -> Box<[NodeId]> {
    let dag = dag.view();
    let mut remaining = dag.in_degrees().to_vec();
    let mut ready: BinaryHeap<_> = dag.roots().iter().map(|&root| Reverse((rank(root), root))).collect();
    let mut order = Vec::with_capacity(dag.node_count());
    while let Some(Reverse((_, node))) = ready.pop() {
        order.push(node);
        for edge in dag.successors(node) {
            let left = &mut remaining[edge.target().index()];
            *left -= 1;
            if *left == 0 {
                ready.push(Reverse((rank(edge.target()), edge.target())));
            }
        }
    }
    order.into()
}
