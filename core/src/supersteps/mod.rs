//! Supersteps: a schedule for a fixed number of threads that wait for each other now and then.

mod grow;
mod list;
mod points;

use crate::{DagView, NodeId};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// All nodes of a graph in *supersteps*, each of them divided among *lanes*: a lane's nodes of a superstep
/// depend on nothing but nodes of earlier supersteps, and nodes before them in the same lane.
///
/// So as many threads as there are lanes can run the graph without counters, if they wait for each other
/// after each superstep (bulk synchronous; Valiant, "A bridging model for parallel computation", 1990); or,
/// if there is a thread for each lane, only for what they need, at their [points](Self::points) (Park,
/// Smelyanskiy, Sundaram and Dubey, "Sparsifying synchronization for high-performance shared-memory sparse
/// triangular solver", 2014). Made by [`DagView::supersteps`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, NodeId};
///
/// // Two chains that meet.
/// let dag = Dag::from_edges(5, &[(0, 1), (2, 3), (1, 4), (3, 4)])?;
/// let schedule = dag.view().supersteps(2, 100, |_| 10);
/// assert_eq!((schedule.len(), schedule.lanes()), (2, 2));
/// assert_eq!(schedule.part(0, 0), [0, 1].map(NodeId::new));
/// assert_eq!(schedule.part(0, 1), [2, 3].map(NodeId::new));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supersteps {
    nodes: Box<[NodeId]>,
    /// Where in `nodes` each part begins, by superstep and lane; and where the last one ends.
    bounds: Box<[u32]>,
    lanes: usize,
    points: Box<[SyncPoint]>,
    /// Where in `points` those of each part begin, and where the last ones end.
    point_starts: Box<[u32]>,
    cost: u64,
    work: u64,
}

/// Where a lane tells the others how far it is, and perhaps waits for one of them. Positions are those in
/// [`Supersteps::nodes`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, SyncPoint};
/// let fork = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
/// let schedule = fork.view().supersteps(2, 1, |_| 10);
/// let points: &[SyncPoint] = schedule.points(1, 1); // of the second lane, in the second superstep
/// let first = points[0];
/// assert_eq!((first.position, first.lane, first.until), (2, 0, 1)); // it waits for node 0 in the first lane
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SyncPoint {
    /// What comes before this position has been run, and what is at it has not.
    pub position: u32,
    /// The lane waits for this one. If it is itself, there is nothing to wait for.
    pub lane: u32,
    /// It waits until the other one has told that it has run what it has before this position.
    pub until: u32,
}

impl Supersteps {
    /// `order` has all nodes by superstep, in each by lane, and `bounds` says where these parts begin and
    /// end.
    fn new(
        dag: DagView<'_>,
        (order, bounds): (Vec<NodeId>, Vec<u32>),
        lanes: usize,
        wait: u32,
        weight: impl Fn(NodeId) -> u32,
    ) -> Self {
        let (points, point_starts) = (Box::default(), Box::default());
        let mut new = Self {
            nodes: order.into(),
            bounds: bounds.into(),
            lanes,
            points,
            point_starts,
            cost: 0,
            work: 0,
        };
        let (points, starts) = points::points(dag, &new, wait.into(), &weight);
        (new.points, new.point_starts) = (points.into(), starts.into());
        new.work = new.nodes.iter().map(|&node| u64::from(weight(node))).sum();
        new.cost = new.cost_by(wait, weight);
        new
    }

    /// The number of supersteps.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let fork = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert_eq!(fork.view().supersteps(2, 1, |_| 10).len(), 2); // both may begin when the first node is done
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        (self.bounds.len() - 1) / self.lanes
    }

    /// Whether there are none, which is so for the empty graph only.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// assert!(Dag::from_edges(0, &[])?.view().supersteps(2, 1, |_| 1).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For how many threads it is made.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// assert_eq!(Dag::from_edges(9, &[])?.view().supersteps(4, 1, |_| 1).lanes(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// What a run on as many threads as there are lanes is expected to take, in the unit of the weights, if
    /// what a lane has done is seen by the others after a wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let fork = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert_eq!(fork.view().supersteps(2, 1, |_| 10).cost(), 10 + 1 + 10 + 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// What all nodes together take, in the unit of the weights: what a run on one thread is expected to
    /// take.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let fork = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert_eq!(fork.view().supersteps(2, 1, |_| 10).work(), 30);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn work(&self) -> u64 {
        self.work
    }

    /// See [`cost`](Self::cost).
    fn cost_by(&self, wait: u32, weight: impl Fn(NodeId) -> u32) -> u64 {
        let mut clocks = vec![0; self.lanes];
        // When what is before each position of a lane is done, and told.
        let mut told = vec![0; self.nodes.len() + 1];
        for superstep in 0..self.len() {
            for (lane, bounds) in self.bounds(superstep).windows(2).enumerate() {
                let mut points = self.points(superstep, lane).iter().peekable();
                for position in bounds[0]..bounds[1] {
                    while let Some(point) = points.next_if(|point| point.position == position) {
                        if point.lane as usize != lane {
                            clocks[lane] = told[point.until as usize].max(clocks[lane]);
                        }
                    }
                    clocks[lane] += u64::from(weight(self.nodes[position as usize]));
                    told[position as usize + 1] = clocks[lane] + u64::from(wait);
                }
            }
        }
        if self.is_empty() { 0 } else { clocks.into_iter().max().unwrap_or(0) + u64::from(wait) }
    }

    /// The [cost](Self::cost), and what it takes that a lane's next node doesn't lie behind the one before in
    /// memory, if nodes lie there as they are numbered: an eighth of a wait, measured.
    fn cost_with_jumps(&self, wait: u32) -> u64 {
        let mut jumps: u64 = 0;
        for part in self.bounds.windows(2) {
            let nodes = &self.nodes[part[0] as usize..part[1] as usize];
            let breaks = nodes.windows(2).filter(|pair| pair[1].get() != pair[0].get().wrapping_add(1));
            jumps += u64::from(!nodes.is_empty()) + breaks.count() as u64;
        }
        self.cost.saturating_add(jumps.saturating_mul(wait.into()) / (8 * self.lanes as u64))
    }

    /// All nodes: by superstep, in each by lane. A topological order.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(3, &[(2, 1), (2, 0)])?;
    /// assert_eq!(dag.view().supersteps(2, 1, |_| 10).nodes(), [2, 0, 1].map(NodeId::new));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Where in [`nodes`](Self::nodes) the parts of a superstep begin, and where the last one ends: one
    /// number more than there are lanes.
    ///
    /// # Panics
    ///
    /// If there is no such superstep.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let dag = Dag::from_edges(4, &[])?;
    /// assert_eq!(dag.view().supersteps(2, 100, |_| 10).bounds(0), [0, 2, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn bounds(&self, superstep: usize) -> &[u32] {
        &self.bounds[superstep * self.lanes..=(superstep + 1) * self.lanes]
    }

    /// The nodes that a lane runs in a superstep, in this order.
    ///
    /// # Panics
    ///
    /// If there is no such superstep, or no such lane.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    /// let dag = Dag::from_edges(2, &[])?;
    /// assert_eq!(dag.view().supersteps(2, 1, |_| 10).part(0, 1), [NodeId::new(1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn part(&self, superstep: usize, lane: usize) -> &[NodeId] {
        let bounds = self.bounds(superstep);
        &self.nodes[bounds[lane] as usize..bounds[lane + 1] as usize]
    }

    /// Where a lane tells in a superstep how far it is, and what it waits for, by position. Beside these
    /// points it tells at the end of its part.
    ///
    /// If each lane tells and waits so, and whoever sees what it tells also sees what its nodes have done,
    /// each node runs after what it depends on.
    ///
    /// # Panics
    ///
    /// If there is no such superstep, or no such lane.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    /// let fork = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// let schedule = fork.view().supersteps(2, 1, |_| 10);
    /// assert_eq!(schedule.points(1, 0), []); // the first lane has run node 0 itself
    /// let point = schedule.points(1, 1)[0];
    /// assert_eq!((point.position, point.lane, point.until), (2, 0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn points(&self, superstep: usize, lane: usize) -> &[SyncPoint] {
        assert!(lane < self.lanes, "no lane {lane}");
        let part = superstep * self.lanes + lane;
        &self.points[self.point_starts[part] as usize..self.point_starts[part + 1] as usize]
    }

    /// Whether it is one of this graph: has all of its nodes once, and none before what it depends on, or
    /// beside it; and its points are those of this graph. O((V + E) log E).
    pub(crate) fn is_of(&self, dag: DagView<'_>) -> bool {
        // The superstep, the lane and the position of each node.
        let mut places = vec![None; dag.node_count()];
        for superstep in 0..self.len() {
            for lane in 0..self.lanes {
                for (position, node) in self.part(superstep, lane).iter().enumerate() {
                    let place = places.get_mut(node.index());
                    if place.is_none_or(|place| place.replace((superstep, lane, position)).is_some()) {
                        return false;
                    }
                }
            }
        }
        let comes_before = |before: Option<(usize, usize, usize)>, after: Option<(usize, usize, usize)>| {
            before.zip(after).is_some_and(|(before, after)| {
                before.0 < after.0 || (before.0, before.1) == (after.0, after.1) && before.2 < after.2
            })
        };
        let are_ordered = dag.order().iter().all(|&node| {
            let place = places[node.index()];
            let mut successors = dag.successors(node).iter();
            place.is_some() && successors.all(|edge| comes_before(place, places[edge.target().index()]))
        });
        are_ordered && points::cover(dag, self)
    }
}

impl DagView<'_> {
    /// Divides the nodes among `lanes` threads, so that they have about equally much to do and seldom wait
    /// for each other. `weight` says what a node takes, `wait` what a wait takes, in any one unit.
    ///
    /// Greedy: the lane that has the least to do takes next the node with the longest way to go; or, of nodes
    /// that take less than a wait, the one of the lowest number, first of those that only it can take, since
    /// they depend on what it has in this superstep. When one has nothing left, the others go on for as long
    /// as a wait takes, and longer if waiting would give it nothing. After Böhnlein, Papp, Steiner and
    /// Yzelman, "Efficient parallel scheduling for sparse triangular solvers" (GrowLocal), 2025. If most nodes
    /// depend on the one with the number before, such chains are cut only where that pays: memory is entered at
    /// another place behind each cut. O((V + E) · (lanes + log V)).
    ///
    /// # Panics
    ///
    /// If `lanes` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::Dag;
    ///
    /// // Four stages of six, each of which needs all of the stage before.
    /// let edge = |stage: u32, from: u32, to: u32| (stage * 6 + from, stage * 6 + 6 + to);
    /// let edges: Vec<_> =
    ///     (0..3).flat_map(|stage| (0..36).map(move |pair| edge(stage, pair / 6, pair % 6))).collect();
    /// let dag = Dag::from_edges(24, &edges)?;
    /// let schedule = dag.view().supersteps(2, 100, |_| 1_000);
    /// assert_eq!(schedule.cost(), 4 * (3_000 + 100)); // on one thread 24,000
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn supersteps(self, lanes: usize, wait: u32, weight: impl Fn(NodeId) -> u32) -> Supersteps {
        self.supersteps_with(lanes, wait, weight, None, |_| false)
    }

    /// Divides the nodes among `lanes` threads as [`supersteps`](Self::supersteps) does, but for two demands:
    /// if there is a `rank`, a lane takes of what it may the node of the lowest one; and the `bound` nodes
    /// are all in the first lane.
    ///
    /// # Panics
    ///
    /// If `lanes` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId};
    ///
    /// let dag = Dag::from_edges(4, &[])?;
    /// let backwards = |node: NodeId| 9 - node.get();
    /// let schedule = dag.view().supersteps_with(2, 100, |_| 10, Some(&backwards), |node| node.get() == 0);
    /// assert_eq!(schedule.part(0, 0), [3, 1, 0].map(NodeId::new));
    /// assert_eq!(schedule.part(0, 1), [NodeId::new(2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn supersteps_with(
        self,
        lanes: usize,
        wait: u32,
        weight: impl Fn(NodeId) -> u32,
        rank: Option<&dyn Fn(NodeId) -> u32>,
        bound: impl Fn(NodeId) -> bool,
    ) -> Supersteps {
        assert!(lanes > 0, "no lanes");
        let total: u64 = self.order().iter().map(|&node| u64::from(weight(node))).sum();
        let long = total / self.node_count().max(1) as u64 >= u64::from(wait);
        if long {
            let parts = list::schedule(self, lanes, wait, &weight, rank, bound);
            return Supersteps::new(self, parts, lanes, wait, weight);
        }
        let grow = |ends_chains| {
            let parts = grow::grow(self, lanes, wait, &weight, rank, &bound, ends_chains);
            Supersteps::new(self, parts, lanes, wait, &weight)
        };
        let grown = grow(false);
        if rank.is_some() || !grow::has_chains(self) {
            return grown;
        }
        let whole = grow(true);
        if whole.cost_with_jumps(wait) < grown.cost_with_jumps(wait) { whole } else { grown }
    }
}
