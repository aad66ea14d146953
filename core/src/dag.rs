//! The owned graph.

#[cfg(target_has_atomic = "32")]
use crate::sync::{AtomicBool, AtomicU32, Ordering};
use crate::{AsDag, CycleBuf, DagError, DagView, Edge, NodeId, Storage, depth_first};
#[cfg(target_has_atomic = "ptr")]
use crate::{MakeSupersteps, Supersteps};
use alloc::boxed::Box;
#[cfg(target_has_atomic = "ptr")]
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
#[cfg(target_has_atomic = "ptr")]
use once_cell::race::OnceBox;

/// A dependency graph that owns its arrays, together with the counters of one run.
///
/// The graph itself never changes. The counters are lent to one run at a time; a run that starts while they
/// are away has to bring its own. In all 16 bytes per node and 4 per edge; 4 bytes more per node when an
/// executor has found [supersteps](AsDag::supersteps_by) for it; and what [`reversed`](Self::reversed) keeps.
///
/// A clone is the same graph, in the same memory, with counters of its own: 4 bytes per node. So any number
/// of runs go through one graph at once, each with a clone. (Where there are no atomic pointers, a clone is a
/// copy.)
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, NodeId};
///
/// // Built from data: who waits for whom.
/// let waits = [("roof", "walls"), ("walls", "floor"), ("paint", "walls")];
/// let names = ["floor", "walls", "roof", "paint"];
/// let number = |name| names.iter().position(|&known| known == name).unwrap() as u32;
/// let edges: Vec<_> = waits.iter().map(|&(later, sooner)| (number(sooner), number(later))).collect();
/// let house = Dag::from_edges(names.len(), &edges)?;
/// let mut done = Vec::new();
/// house.run(|node: NodeId| done.push(names[node.index()]));
/// assert_eq!(done, ["floor", "walls", "roof", "paint"]);
///
/// // The same plan for the house next door, at the same time.
/// let next_door = house.clone();
/// assert_eq!(next_door.view().order().as_ptr(), house.view().order().as_ptr());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Dag {
    arrays: Shared<Arrays>,
    #[cfg(target_has_atomic = "32")]
    counters: Box<[AtomicU32]>,
    /// True while a [`LentCountdown`] has the counters.
    #[cfg(target_has_atomic = "32")]
    lent: AtomicBool,
}

/// What clones have in common.
struct Arrays {
    /// (Each a slice of its own: a view that is made by adding up lengths costs each run some nanoseconds.)
    starts: Box<[u32]>,
    in_degrees: Box<[u32]>,
    edges: Box<[Edge]>,
    /// Behind them, if the order is depth first, the roots.
    order: Box<[NodeId]>,
    /// What `supersteps_by` keeps.
    #[cfg(target_has_atomic = "ptr")]
    supersteps: OnceBox<Option<Supersteps>>,
    /// What `reversed` keeps.
    #[cfg(target_has_atomic = "ptr")]
    reversed: OnceBox<Dag>,
}

#[cfg(target_has_atomic = "ptr")]
type Shared<T> = Arc<T>;
#[cfg(not(target_has_atomic = "ptr"))]
type Shared<T> = Box<T>;

impl Arrays {
    fn view(&self) -> DagView<'_> {
        DagView::new_unchecked(&self.starts, &self.edges, &self.in_degrees, &self.order)
    }
}

impl Clone for Arrays {
    /// A copy of the arrays, without what is kept with them.
    fn clone(&self) -> Self {
        Self {
            starts: self.starts.clone(),
            in_degrees: self.in_degrees.clone(),
            edges: self.edges.clone(),
            order: self.order.clone(),
            #[cfg(target_has_atomic = "ptr")]
            supersteps: OnceBox::new(),
            #[cfg(target_has_atomic = "ptr")]
            reversed: OnceBox::new(),
        }
    }
}

impl Dag {
    /// Builds the graph of `nodes` nodes from its edges, where `(u, v)` says that v depends on u.
    ///
    /// Parallel edges are kept and counted. A node's successors keep the order of `edges`. O(V + E), nothing
    /// recursive.
    ///
    /// # Errors
    ///
    /// [`DagError::TooManyNodes`] or [`TooManyEdges`](DagError::TooManyEdges) beyond 2³¹ nodes or 2³² − 1
    /// edges, [`UnknownNode`](DagError::UnknownNode) for an edge outside `0..nodes`,
    /// [`Cycle`](DagError::Cycle) with its path, [`OutOfMemory`](DagError::OutOfMemory).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{DagError, Dag};
    ///
    /// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
    /// assert_eq!((dag.view().node_count(), dag.view().edge_count()), (4, 4));
    ///
    /// let Err(DagError::Cycle(cycle)) = Dag::from_edges(3, &[(0, 1), (1, 2), (2, 1)]) else { panic!() };
    /// assert_eq!(cycle.to_string(), "1 -> 2 -> 1");
    /// # Ok::<(), DagError<dgraph_core::CycleBuf>>(())
    /// ```
    pub fn from_edges(nodes: usize, edges: &[(u32, u32)]) -> Result<Self, DagError<CycleBuf>> {
        if nodes > NodeId::MAX_NODES {
            return Err(DagError::TooManyNodes { nodes });
        }
        let mut starts = allocate::<u32>(nodes)?;
        let mut in_degrees = allocate::<u32>(nodes)?;
        let mut row = allocate::<Edge>(edges.len())?;
        let mut order = allocate::<NodeId>(nodes)?;
        let mut scratch = allocate::<u32>(nodes)?;
        let storage =
            Storage { starts: &mut starts, edges: &mut row, in_degrees: &mut in_degrees, order: &mut order };
        DagView::from_edges(edges, storage, &mut scratch).map_err(|error| error.map_cycle(CycleBuf::from))?;
        drop(scratch);
        #[cfg(target_has_atomic = "32")]
        let counters = {
            let mut counters = reserve(nodes)?;
            counters.extend(in_degrees.iter().map(|&in_degree| AtomicU32::new(in_degree)));
            counters.into_boxed_slice()
        };
        let arrays = Arrays {
            starts,
            in_degrees,
            edges: row,
            order,
            #[cfg(target_has_atomic = "ptr")]
            supersteps: OnceBox::new(),
            #[cfg(target_has_atomic = "ptr")]
            reversed: OnceBox::new(),
        };
        Ok(Self {
            arrays: Shared::new(arrays),
            #[cfg(target_has_atomic = "32")]
            counters,
            #[cfg(target_has_atomic = "32")]
            lent: AtomicBool::new(false),
        })
    }

    /// The graph, for everything that only reads it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    ///
    /// let dag = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert_eq!(dag.view().successors(NodeId::new(0)).len(), 2);
    /// assert_eq!(dag.view().levels().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("levels", "order", "successors", "roots", "reversed", "critical_path", "dot"))]
    #[inline]
    #[must_use]
    pub fn view(&self) -> DagView<'_> {
        self.arrays.view()
    }

    /// Gives up the [supersteps](AsDag::supersteps_by) that it keeps: others may be found. Clones keep
    /// theirs; if there are some, this one gets a copy of the graph.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, Dag};
    /// let mut dag = Dag::from_edges(3, &[])?;
    /// let kept = dag.supersteps_by(Some(&mut |dag| Some(dag.supersteps(1, 1, |_| 1))));
    /// assert_eq!(kept.map(|kept| kept.lanes()), Some(1));
    /// dag.forget_supersteps();
    /// let kept = dag.supersteps_by(Some(&mut |dag| Some(dag.supersteps(2, 1, |_| 1))));
    /// assert_eq!(kept.map(|kept| kept.lanes()), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(target_has_atomic = "ptr")]
    pub fn forget_supersteps(&mut self) {
        if self.arrays.supersteps.get().is_some() {
            Shared::make_mut(&mut self.arrays).supersteps = OnceBox::new();
        }
    }

    /// Gives the graph an order that keeps few results alive at once where one thread goes through it: depth
    /// first, so that a node's dependents come soon after it. O(V + E).
    ///
    /// The usual order has all roots first, which is as good if nothing is given up before the end. (In typed
    /// graphs results are given up that are moved, or to be dropped early.) Runs on several threads are depth
    /// first in any case, except for short ones, which may go through [supersteps](AsDag::supersteps_by):
    /// this one keeps none. Its order has roots among the others, so [`DagView::from_parts`] doesn't take it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    ///
    /// // Load, use; load, use. Declared layer by layer.
    /// let dag = Dag::from_edges(4, &[(0, 2), (1, 3)])?;
    /// assert_eq!(dag.view().order(), [0, 1, 2, 3].map(NodeId::new));
    /// let dag = dag.depth_first();
    /// assert_eq!(dag.view().order(), [0, 2, 1, 3].map(NodeId::new));
    /// assert_eq!(dag.view().roots(), [0, 1].map(NodeId::new));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn depth_first(mut self) -> Self {
        let order = depth_first::order_and_roots(self.view()).into();
        #[cfg(target_has_atomic = "ptr")]
        let arrays = Shared::make_mut(&mut self.arrays);
        #[cfg(not(target_has_atomic = "ptr"))]
        let arrays = &mut *self.arrays;
        arrays.order = order;
        #[cfg(target_has_atomic = "ptr")]
        {
            arrays.supersteps = OnceBox::new();
        }
        self
    }

    /// What this call, or an earlier one for a clone, gave.
    #[cfg(target_has_atomic = "ptr")]
    pub(crate) fn reversed_by(&self, make: impl FnOnce(DagView<'_>) -> Self) -> &Self {
        self.arrays.reversed.get_or_init(|| Box::new(make(self.view())))
    }

    #[cfg(all(test, dgraph_loom))]
    pub(crate) fn counters(&self) -> &[AtomicU32] {
        &self.counters
    }

    /// Runs `body` once for each node in topological order, on this thread. See [`DagView::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    ///
    /// // Longest paths, as a fold over the graph.
    /// let dag = Dag::from_edges(4, &[(0, 1), (1, 2), (0, 3)])?;
    /// let mut steps = [1; 4];
    /// dag.run(|node| {
    ///     for edge in dag.view().successors(node) {
    ///         let longer = steps[node.index()] + 1;
    ///         steps[edge.target().index()] = longer.max(steps[edge.target().index()]);
    ///     }
    /// });
    /// assert_eq!(steps, [1, 2, 3, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn run(&self, body: impl FnMut(NodeId)) {
        self.view().run(body);
    }
}

impl crate::view::sealed::Sealed for Dag {}

impl AsDag for Dag {
    #[inline]
    fn view(&self) -> DagView<'_> {
        self.view()
    }

    #[cfg(target_has_atomic = "32")]
    #[inline]
    fn lend_countdown(&self) -> Option<LentCountdown<'_>> {
        // Ordering: Acquire pairs with the Release in `LentCountdown::drop`: this run sees the counters at
        // rest, as the run before has left them.
        let lent = self.lent.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        lent.is_ok().then(|| LentCountdown { dag: self })
    }

    #[cfg(target_has_atomic = "ptr")]
    fn supersteps_by(&self, make: Option<MakeSupersteps<'_>>) -> Option<&Supersteps> {
        let supersteps = &self.arrays.supersteps;
        let Some(make) = make else { return supersteps.get()?.as_ref() };
        let dag = self.view();
        // In supersteps, all results of a superstep are alive.
        let mut make = || if dag.is_depth_first() { None } else { make(dag).filter(|made| made.is_of(dag)) };
        supersteps.get_or_init(|| Box::new(make())).as_ref()
    }

    #[cfg(target_has_atomic = "ptr")]
    fn wants_supersteps(&self) -> bool {
        self.arrays.supersteps.get().is_none()
    }
}

impl Clone for Dag {
    /// A graph that shares the arrays with this one, and has counters of its own.
    fn clone(&self) -> Self {
        let arrays = Shared::clone(&self.arrays);
        #[cfg(target_has_atomic = "32")]
        let counters =
            arrays.view().in_degrees().iter().map(|&in_degree| AtomicU32::new(in_degree)).collect();
        Self {
            arrays,
            #[cfg(target_has_atomic = "32")]
            counters,
            #[cfg(target_has_atomic = "32")]
            lent: AtomicBool::new(false),
        }
    }
}

impl fmt::Debug for Dag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dag").field(&self.view()).finish()
    }
}

/// The counters of a [`Dag`], lent to one run. Dropping it gives them back.
///
/// For schedulers, which must leave the counters at rest: each node that has become ready is completed before
/// this is dropped. Otherwise later runs of this graph start nodes too early or not at all; what must never
/// happen (as in code that hands out references to what predecessors have written) must not rest on a graph
/// that others can reach. Forgetting it (`mem::forget`) only costs later runs a pass over the graph each, for
/// counters of their own.
///
/// # Examples
///
/// ```
/// use dgraph_core::{AsDag, Dag, NodeId};
/// let dag = Dag::from_edges(2, &[(0, 1)])?;
/// let lent = dag.lend_countdown().expect("nobody else has it");
/// let mut ready = Vec::new();
/// lent.countdown().complete(NodeId::new(0), |node| ready.push(node));
/// assert_eq!(ready, [NodeId::new(1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(target_has_atomic = "32")]
#[derive(Debug)]
pub struct LentCountdown<'a> {
    dag: &'a Dag,
}

#[cfg(target_has_atomic = "32")]
impl LentCountdown<'_> {
    /// The counters.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, Dag};
    ///
    /// let dag = Dag::from_edges(2, &[(0, 1)])?;
    /// {
    ///     let lent = dag.lend_countdown().expect("nobody else has it");
    ///     assert!(dag.lend_countdown().is_none()); // a second run meanwhile brings its own
    ///     let countdown = lent.countdown();
    ///     dag.run(|node| countdown.complete(node, |_| {}));
    ///     assert!(countdown.is_at_rest());
    /// }
    /// assert!(dag.lend_countdown().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn countdown(&self) -> crate::Countdown<'_> {
        crate::Countdown::at_rest(self.dag.view(), &self.dag.counters)
    }
}

#[cfg(target_has_atomic = "32")]
impl Drop for LentCountdown<'_> {
    #[inline]
    fn drop(&mut self) {
        // Ordering: Release pairs with the Acquire in `lend_countdown`: the next run sees the counters at
        // rest.
        self.dag.lent.store(false, Ordering::Release);
    }
}

/// `length` default values, or an error where `vec!` would abort.
fn allocate<T: Default + Clone>(length: usize) -> Result<Box<[T]>, DagError<CycleBuf>> {
    let mut memory = reserve(length)?;
    memory.resize(length, T::default());
    Ok(memory.into_boxed_slice())
}

fn reserve<T>(length: usize) -> Result<Vec<T>, DagError<CycleBuf>> {
    let mut memory = Vec::new();
    let refused = |_| DagError::OutOfMemory { bytes: length.saturating_mul(size_of::<T>()) };
    memory.try_reserve_exact(length).map_err(refused)?;
    Ok(memory)
}
