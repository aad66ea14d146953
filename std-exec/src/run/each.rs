//! Runs in which each node has an item of its own, and reads those of its predecessors.
//!
//! There is no lock and no mark at an item: that a node has its own to itself, and that those before it are
//! finished, is the order of the run. So such a run [relies](Body::RELIES_ON_ORDER) on its order, and counts
//! by counters that nobody else can reach.

use crate::pool::shared::Shared;
use crate::run::body::{Body, Progress};
use crate::run::stealing;
use dgraph_core::{Dag, DagView, Edge, NodeId};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

/// The items of the nodes that a node depends on, in a [run](crate::Executor::run_each) in which each node
/// has its own.
///
/// There is one for each edge that leads to the node: of parallel edges each gives the same item again.
///
/// A run on one thread by [`Dag::run_each`] feeds `dgraph_core::Before`, a type of its own with the same
/// methods, which needs no unsafe code; this crate doesn't export that one.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Before, Dag, Executor, NodeId};
/// let dag = Dag::from_edges(3, &[(1, 2), (0, 2)])?;
/// let mut items = ["a".to_string(), "b".to_string(), String::new()];
/// Executor::new()?.run_each(&dag, &mut items, |node, own, before: Before<'_, String>| {
///     if node.get() == 2 {
///         *own = before.iter().cloned().collect::<String>() + &before[NodeId::new(0)];
///     }
/// });
/// assert_eq!(items[2], "aba");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Before<'a, T> {
    /// Nodes that are complete.
    predecessors: &'a [Edge],
    items: &'a Items<'a, T>,
}

/// The items of a run, by node.
struct Items<'a, T>(*mut T, PhantomData<&'a mut [T]>);

// SAFETY: what it refers to is a `&mut [T]`, of which threads use elements by `&mut T`, which needs `T:
// Send`, and by `&T`, which needs `T: Sync`.
unsafe impl<T: Send + Sync> Sync for Items<'_, T> {}

impl<'a, T> Before<'a, T> {
    /// The items, in ascending order of their nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    /// let dag = Dag::from_edges(4, &[(2, 3), (0, 3), (0, 1)])?;
    /// let mut paths = [1, 0, 1, 0]; // how many lead to each node
    /// Executor::new()?.run_each(&dag, &mut paths, |_, own, before| *own += before.iter().sum::<i32>());
    /// assert_eq!(paths, [1, 1, 1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a T> + use<'a, T> {
        let Self { predecessors, items } = *self;
        // SAFETY: these are the predecessors of the node that this was made for.
        predecessors.iter().map(|edge| unsafe { items.of_predecessor(edge.target()) })
    }

    /// The nodes that the items belong to, in the same order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    /// // The longest way to each node, and by which node it comes there.
    /// let dag = Dag::from_edges(4, &[(0, 1), (1, 2), (0, 3), (2, 3)])?;
    /// let mut longest = [(0, None); 4];
    /// Executor::new()?.run_each(&dag, &mut longest, |_, own, before| {
    ///     let ways = before.nodes().zip(before.iter()).map(|(node, (steps, _))| (steps + 1, Some(node)));
    ///     *own = ways.max().unwrap_or_default();
    /// });
    /// assert_eq!(longest[3], (3, Some(2.into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<'a, T> {
        self.predecessors.iter().map(|edge| edge.target())
    }

    /// The item of `node`, if that is one that this node depends on. O(log n) of these; indexing does the
    /// same, and panics if it isn't.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor, NodeId};
    /// let dag = Dag::from_edges(3, &[(0, 1), (1, 2)])?;
    /// Executor::new()?.run_each(&dag, &mut [10, 20, 30], |node, _, before| {
    ///     let first = before.get(NodeId::new(0)).copied();
    ///     assert_eq!(first, if node.get() == 1 { Some(10) } else { None });
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&'a T> {
        self.predecessors.binary_search_by_key(&node, |edge| edge.target()).ok()?;
        // SAFETY: it is among the predecessors of the node that this was made for.
        Some(unsafe { self.items.of_predecessor(node) })
    }
}

impl<T> Items<'_, T> {
    /// # Safety
    ///
    /// `node` is a predecessor of a node whose body is running, in the run that these items are for.
    unsafe fn of_predecessor(&self, node: NodeId) -> &T {
        // SAFETY: there is an item of each node. The body of this one has returned before the other one
        // began, and isn't called again: nobody has a `&mut` to its item any more.
        unsafe { &*self.0.wrapping_add(node.index()) }
    }
}

impl<T> Clone for Before<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Before<'_, T> {}

impl<T> Index<NodeId> for Before<'_, T> {
    type Output = T;

    /// The item of `node`.
    ///
    /// # Panics
    ///
    /// If this node doesn't depend on that one.
    #[track_caller]
    fn index(&self, node: NodeId) -> &T {
        self.get(node).unwrap_or_else(|| panic!("node {node} is none that this node depends on"))
    }
}

impl<T: fmt::Debug> fmt::Debug for Before<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.nodes().zip(self.iter())).finish()
    }
}

/// The body of such a run.
struct Each<'a, T, F> {
    /// Its successors are the predecessors.
    reversed: DagView<'a>,
    items: Items<'a, T>,
    body: F,
}

impl<'a, T, F> Each<'a, T, F> {
    /// # Safety
    ///
    /// It is called for nodes of `dag` only, for each once at the most, and not before it has returned for
    /// all predecessors of that node, which the calling thread then sees.
    #[track_caller]
    unsafe fn new(dag: &'a Dag, items: &'a mut [T], body: F) -> Self {
        let nodes = dag.view().node_count();
        assert!(items.len() == nodes, "{} items for the {nodes} nodes of a graph", items.len());
        Self { reversed: dag.reversed().view(), items: Items(items.as_mut_ptr(), PhantomData), body }
    }
}

impl<T: Send + Sync, F: Fn(NodeId, &mut T, Before<'_, T>) + Sync> Body for Each<'_, T, F> {
    const WAKES: bool = false;
    const RELIES_ON_ORDER: bool = true;

    #[inline]
    fn run(&self, node: NodeId) -> Progress {
        let before = Before { predecessors: self.reversed.successors(node), items: &self.items };
        // SAFETY: there is an item of each node, and by the contract of `new` this is the only call for this
        // one. The nodes that depend on it read its item, and they begin after this call has returned; no
        // other node touches it. The closure can't keep the reference, since it takes one of any lifetime.
        let own = unsafe { &mut *self.items.0.wrapping_add(node.index()) };
        (self.body)(node, own, before);
        Progress::Done
    }
}

/// Runs `body` for each node of `dag` with its item and those of its predecessors: on the calling thread and
/// the workers of `shared`, or on the calling thread alone. Blocks until all are done; resumes the first
/// panic of a body.
#[track_caller]
pub(crate) fn run_each<T: Send + Sync>(
    shared: Option<&Shared>,
    dag: &Dag,
    items: &mut [T],
    body: impl Fn(NodeId, &mut T, Before<'_, T>) + Sync,
) {
    // SAFETY: a run calls each node once, after its predecessors, and what these have written is visible to
    // it; after a panic it calls none of those that depend on the node. The order is that of a `Dag`, which
    // was checked and never changes, its supersteps, which are checked when they are kept, or that of
    // counters that are the run's alone, as the body relies on its order. `items` are borrowed until nobody
    // is in the run any more.
    let each = unsafe { Each::new(dag, items, body) };
    match shared {
        Some(shared) => stealing::run(shared, dag, &each),
        None => dag.run(|node| _ = each.run(node)),
    }
}
