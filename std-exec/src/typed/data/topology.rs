//! Who comes before whom: what the executor needs, and what a run needs to find out why a node can't run.

use super::stretch::Stretches;
use super::uses::{Kind, Use};
use crate::typed::memory::lasting::Lasting;
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
    /// One behind the other: of each node, where its predecessors start, and where all end; and the
    /// predecessors. Those of node `i` are `predecessors[starts[i]..starts[i + 1]]`: as listed, then those of
    /// `after`.
    starts_and_predecessors: Box<[u32]>,
    /// Of each of these, what the node wants of it. Empty if all are [lent](Kind::Lent).
    kinds: Box<[Kind]>,
    /// The order of a serial run, if it isn't simply the order of declaration.
    order: Option<Box<[NodeId]>>,
    /// The place of each node in that order, if there is one.
    places: Box<[u32]>,
    /// An order in which starts come after what they wait for, too, if there are any.
    forward: Option<Box<[NodeId]>>,
    /// Where orders may have rows. None, as long as they aren't looked for.
    stretches: Stretches,
    /// The order that is stored with the graph is that of the numbers.
    numbered: bool,
    /// Some node asks in a run for the status of another: a result is moved, or an outcome fed.
    asks: bool,
}

/// A node that another one depends on, and what that wants of it.
#[derive(Clone, Copy)]
pub(crate) struct Predecessor {
    pub(crate) node: u32,
    pub(crate) kind: Kind,
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
        let mut forward = None;
        if uses.iter().any(|used| used.kind == Kind::Start) {
            edges.extend(
                uses.iter().filter(|used| used.kind == Kind::Start).map(|used| (used.dependency, used.node)),
            );
            forward = Some(order_by(&Dag::from_edges(nodes as usize, &edges)?, NodeId::get));
        }
        drop(edges);
        if depth_first {
            dag = dag.depth_first();
        }
        let (starts_and_predecessors, kinds) = group(dag.view().in_degrees(), uses);
        let sorted = uses.iter().all(|used| used.dependency < used.node);
        let asks = uses.iter().any(|used| matches!(used.kind, Kind::Moved | Kind::Outcome));
        let stretches = Stretches::default();
        let fixed = Fixed {
            nodes,
            declared,
            starts_and_predecessors,
            kinds,
            order: None,
            places: Box::default(),
            forward,
            stretches,
            numbered: false,
            asks,
        };
        let mut new = Self { dag, fixed: Arc::new(fixed) };
        if depth_first {
            new.set_order(new.dag.view().order().into());
        } else if !sorted {
            new.set_order(order_by(&new.dag, |node| new.place(node)));
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

    /// Whether some node asks in a run for the status of another: a result is moved, or an outcome fed.
    pub(crate) fn asks(&self) -> bool {
        self.fixed.asks
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
        self.set_order(order_by(&self.dag, rank));
    }

    fn set_order(&mut self, order: Box<[NodeId]>) {
        let mut places = vec![0; order.len()];
        (0..).zip(&order).for_each(|(place, node)| places[node.index()] = place);
        let fixed = self.fixed_mut();
        (fixed.order, fixed.places) = (Some(order), places.into());
    }

    /// Finds out where orders may have rows.
    pub(crate) fn find_rows(&mut self, store: &Store) {
        let numbered = (0..).zip(self.dag.view().order()).all(|(number, node)| node.get() == number);
        let fixed = self.fixed_mut();
        (fixed.stretches, fixed.numbered) = (Stretches::find(store), numbered);
    }

    /// This order of all nodes; `None` if it is known to be that of their numbers.
    pub(crate) fn unless_numbered<'o>(&self, order: &'o [NodeId]) -> Option<&'o [NodeId]> {
        let numbered = self.fixed.numbered && ptr::eq(order, self.dag.view().order());
        (!numbered).then_some(order)
    }

    pub(crate) fn rows(&self) -> &Stretches {
        &self.fixed.stretches
    }

    pub(crate) fn nodes(&self) -> u32 {
        self.fixed.nodes
    }

    /// How many of the nodes the user has declared: those with the lowest numbers.
    pub(crate) fn declared(&self) -> u32 {
        self.fixed.declared
    }

    /// What `node` depends on.
    pub(crate) fn predecessors(&self, node: u32) -> impl Iterator<Item = Predecessor> {
        let node = node as usize;
        let Fixed { nodes, starts_and_predecessors, kinds, .. } = &*self.fixed;
        let (starts, predecessors) = starts_and_predecessors.split_at(*nodes as usize + 1);
        let range = starts[node] as usize..starts[node + 1] as usize;
        let kind = |at: usize| kinds.get(at).copied().unwrap_or(Kind::Lent);
        range.map(move |at| Predecessor { node: predecessors[at], kind: kind(at) })
    }

    /// What runs also after a failure: the nodes that depend on something in any case, and those that these
    /// need.
    pub(crate) fn find_lasting(&self) -> Lasting {
        if !self.fixed.kinds.iter().any(|kind| kind.is_in_any_case()) {
            return Lasting::default();
        }
        let mut lasting = vec![false; self.nodes() as usize];
        for node in self.forward().rev() {
            let is_lasting = lasting[node as usize];
            if is_lasting || self.predecessors(node).any(|before| before.kind.is_in_any_case()) {
                lasting[node as usize] = true;
                let needed = self.predecessors(node).filter(|before| !before.kind.is_in_any_case());
                needed.for_each(|before| lasting[before.node as usize] = true);
            }
        }
        Lasting::new(lasting.into())
    }

    /// Why `node`, which has not begun, can't begin: what it waits for has not been done, and perhaps a
    /// failure is to blame. `None` if it can.
    pub(crate) fn why_not_fed(&self, statuses: &Statuses, node: u32) -> Option<Status> {
        let (mut fed, mut not_chosen) = (true, None);
        for Predecessor { node: before, kind } in self.predecessors(node) {
            if kind.is_in_any_case() {
                continue;
            }
            match statuses.get(before).state() {
                State::Value => {}
                State::Failed | State::Panicked => return Some(Status::skipped(before)),
                State::Skipped { culprit } => return Some(Status::skipped(culprit)),
                State::EndedBranch | State::NotChosen { .. } if kind.is_for_a_state() => {}
                State::EndedBranch => not_chosen = not_chosen.or(Some(self.ender(before))),
                State::NotChosen { culprit } => not_chosen = not_chosen.or(Some(culprit)),
                State::NotRun | State::Interrupted => fed = false,
                State::Taken | State::NotNeeded | State::Unset | State::Moved { .. } | State::Dropped => {
                    fed &= !kind.feeds();
                }
            }
        }
        if fed { not_chosen.map(Status::not_chosen) } else { Some(Status::NOT_STARTED) }
    }

    /// What is to be named for the end of a branch at `node`: if that is the gate of a condition, the
    /// condition.
    fn ender(&self, node: u32) -> u32 {
        let mut conditions = self.predecessors(node).filter(|_| node >= self.declared());
        conditions.next().map_or(node, |condition| condition.node)
    }

    /// The order of a serial run. `None`: as declared.
    #[inline]
    pub(crate) fn order(&self) -> Option<&[NodeId]> {
        self.fixed.order.as_deref()
    }

    /// The place of a node in the order of a serial run.
    #[inline]
    pub(crate) fn serial_place(&self, node: NodeId) -> u32 {
        self.fixed.places.get(node.index()).copied().unwrap_or(node.get())
    }

    /// All nodes, each after its predecessors.
    pub(crate) fn forward(&self) -> impl DoubleEndedIterator<Item = u32> {
        let order = self.fixed.forward.as_ref().or(self.fixed.order.as_ref());
        (0..self.nodes()).map(move |at| order.map_or(at, |order| order[at as usize].get()))
    }
}

/// The `starts_and_predecessors` and `kinds` of a [`Topology`].
type Grouped = (Box<[u32]>, Box<[Kind]>);

/// Puts the uses of each node together that it depends on (counting sort, stable).
fn group(in_degrees: &[u32], uses: &[Use]) -> Grouped {
    let depends = || uses.iter().filter(|used| used.kind.depends());
    let mut counts = Cow::Borrowed(in_degrees);
    if uses.iter().any(|used| !used.kind.depends() || !used.kind.orders()) {
        let counts = counts.to_mut();
        counts.fill(0);
        depends().for_each(|used| counts[used.node as usize] += 1);
    }
    let mut listed = Vec::with_capacity(counts.len() + 1 + uses.len());
    let mut end = 0;
    for count in &*counts {
        listed.push(end);
        end += count;
    }
    let mut next = listed.clone();
    listed.push(end);
    listed.resize(listed.len() + end as usize, 0);
    let predecessors = &mut listed[counts.len() + 1..];
    let all_lent = depends().all(|used| used.kind == Kind::Lent);
    let mut kinds = vec![Kind::Lent; if all_lent { 0 } else { end as usize }];
    for used in depends() {
        let slot = &mut next[used.node as usize];
        predecessors[*slot as usize] = used.dependency;
        if !all_lent {
            kinds[*slot as usize] = used.kind;
        }
        *slot += 1;
    }
    (listed.into(), kinds.into())
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
