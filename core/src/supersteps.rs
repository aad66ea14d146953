//! Supersteps: a schedule for a fixed number of threads that wait for each other now and then.

use crate::{DagView, NodeId};
use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// All nodes of a graph in *supersteps*, each of them divided among *lanes*: a lane's nodes of a superstep depend
/// on nothing but nodes of earlier supersteps, and nodes before them in the same lane.
///
/// So as many threads as there are lanes can run the graph without counters, if they wait for each other after
/// each superstep (bulk synchronous; Valiant, "A bridging model for parallel computation", 1990). Made by
/// [`DagView::supersteps`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, NodeId};
///
/// // Two chains that meet.
/// let dag = Dag::from_edges(5, &[(0, 1), (2, 3), (1, 4), (3, 4)])?;
/// let schedule = dag.view().supersteps(2, 1, |_| 10);
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
    cost: u64,
}

impl Supersteps {
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

    /// What a run is expected to take, in the unit of the weights: the longest parts of all supersteps, and the
    /// waits between them.
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

    /// Where in [`nodes`](Self::nodes) the parts of a superstep begin, and where the last one ends: one number
    /// more than there are lanes.
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
    /// assert_eq!(dag.view().supersteps(2, 1, |_| 10).bounds(0), [0, 2, 4]);
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

    /// Whether it is one of this graph: has all of its nodes once, and none before what it depends on, or beside
    /// it. O(V + E).
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
        dag.order().iter().all(|&node| {
            let place = places[node.index()];
            let mut successors = dag.successors(node).iter();
            place.is_some() && successors.all(|edge| comes_before(place, places[edge.target().index()]))
        })
    }
}

impl DagView<'_> {
    /// Divides the nodes among `lanes` threads, so that they have about equally much to do and seldom wait for
    /// each other. `weight` says what a node takes, `wait` what a wait takes, in any one unit.
    ///
    /// Greedy: the lane that has the least to do takes next the node with the longest way to go; or, of nodes that
    /// take less than a wait, the one of the lowest number, first of those that only it can take, since they
    /// depend on what it has in this superstep. When one has nothing left, the others go on for as long as
    /// a wait takes, and longer if waiting would give it nothing. After Böhnlein, Papp, Steiner and Yzelman,
    /// "Efficient parallel scheduling for sparse triangular solvers" (GrowLocal), 2025.
    /// O((V + E) · (lanes + log V)).
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

    /// As [`supersteps`](Self::supersteps), with wishes: if there is a `rank`, a lane takes of what it may the node
    /// of the lowest one; and the `bound` nodes are all in the first lane.
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
    /// let schedule = dag.view().supersteps_with(2, 1, |_| 10, Some(&backwards), |node| node.get() == 0);
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
        Grow::new(self, lanes, wait, weight, rank, bound).supersteps()
    }
}

/// In `touched`: nodes of several lanes, all of this superstep.
const SEVERAL: usize = usize::MAX;
/// How many waits a superstep lasts at the most, about. The threads that come late come at its end.
const LONGEST: u64 = 64;
/// How many nodes that take less than a wait a lane takes at once from those that are free, at the most: they lie
/// side by side in memory.
const CHUNK: usize = 16;

/// A ready node, the most urgent one first.
type Ready = BinaryHeap<Reverse<(u64, NodeId)>>;

/// Supersteps in the making.
struct Grow<'a, W, B> {
    dag: DagView<'a>,
    wait: u64,
    weight: W,
    bound: B,
    /// Of each node: what comes first. Empty: the number.
    urgency: Vec<u64>,
    /// Whether nodes take longer than a wait.
    coarse: bool,
    /// How many predecessors of a node are not placed.
    left: Vec<u32>,
    /// In which superstep a node's predecessors were placed last, and in which lane.
    touched: Vec<(u32, usize)>,
    /// Ready: whoever takes them.
    free: Ready,
    /// Ready, but not before the next superstep.
    later: Vec<NodeId>,
    lanes: Vec<Growing>,
    superstep: u32,
}

/// A lane's part of the superstep in the making.
#[derive(Default)]
struct Growing {
    /// Ready for this lane.
    own: Ready,
    nodes: Vec<NodeId>,
    load: u64,
}

impl<'a, W: Fn(NodeId) -> u32, B: Fn(NodeId) -> bool> Grow<'a, W, B> {
    fn new(
        dag: DagView<'a>,
        lanes: usize,
        wait: u32,
        weight: W,
        rank: Option<&dyn Fn(NodeId) -> u32>,
        bound: B,
    ) -> Self {
        let total: u64 = dag.order().iter().map(|&node| u64::from(weight(node))).sum();
        let nodes = dag.node_count();
        let coarse = total / nodes.max(1) as u64 >= u64::from(wait);
        let mut urgency = vec![0; if coarse || rank.is_some() { nodes } else { 0 }];
        for &node in dag.order().iter().rev().take(urgency.len()) {
            let ways = dag.successors(node).iter().map(|edge| u64::MAX - urgency[edge.target().index()]);
            let way = || u64::MAX - (ways.max().unwrap_or(0) + u64::from(weight(node)));
            urgency[node.index()] = rank.map_or_else(way, |rank| rank(node).into());
        }
        let mut grow = Self {
            dag,
            wait: wait.into(),
            weight,
            bound,
            urgency,
            coarse,
            left: dag.in_degrees().to_vec(),
            touched: vec![(0, 0); nodes],
            free: Ready::new(),
            later: dag.roots().to_vec(),
            lanes: Vec::new(),
            superstep: 0,
        };
        grow.lanes.resize_with(lanes, Growing::default);
        grow
    }

    fn ready(&self, node: NodeId) -> Reverse<(u64, NodeId)> {
        Reverse((self.urgency.get(node.index()).copied().unwrap_or(0), node))
    }

    fn supersteps(mut self) -> Supersteps {
        let mut nodes = Vec::with_capacity(self.dag.node_count());
        let mut bounds = vec![0];
        let mut cost = 0;
        loop {
            self.superstep += 1;
            let later = core::mem::take(&mut self.later);
            for node in later {
                self.make_free(self.ready(node));
            }
            // What the first lane has for itself may be bound to it: that stays.
            for lane in 1..self.lanes.len() {
                let mut own = core::mem::take(&mut self.lanes[lane].own);
                self.free.append(&mut own);
            }
            for ready in core::mem::take(&mut self.lanes[0].own) {
                self.make_free(ready);
            }
            if self.free.is_empty() && self.lanes[0].own.is_empty() {
                break;
            }
            self.grow();
            cost += self.wait + self.lanes.iter().map(|lane| lane.load).max().unwrap_or(0);
            for lane in &mut self.lanes {
                nodes.append(&mut lane.nodes);
                bounds.push(u32::try_from(nodes.len()).unwrap_or(u32::MAX)); // node numbers have 32 bits
                lane.load = 0;
            }
        }
        Supersteps { nodes: nodes.into(), bounds: bounds.into(), lanes: self.lanes.len(), cost }
    }

    /// One superstep.
    fn grow(&mut self) {
        // The least that a lane has which can't get more.
        let mut stuck_at: Option<u64> = None;
        loop {
            let busy = |&lane: &usize| !self.lanes[lane].own.is_empty();
            let all = 0..self.lanes.len();
            let least =
                |lanes: &mut dyn Iterator<Item = usize>| lanes.min_by_key(|&lane| self.lanes[lane].load);
            let next = if self.free.is_empty() { least(&mut all.filter(busy)) } else { least(&mut { all }) };
            let Some(lane) = next else { return };
            if self.free.is_empty() {
                let idle = self.lanes.iter().filter(|lane| lane.own.is_empty()).map(|lane| lane.load).min();
                stuck_at = stuck_at.into_iter().chain(idle).min();
            } else if self.lanes[lane].own.is_empty()
                || !self.urgency.is_empty() && self.free.peek() > self.lanes[lane].own.peek()
            {
                self.take_free(lane);
            }
            if stuck_at.is_some_and(|least| self.lanes[lane].load >= least + self.wait) {
                let ready: usize = self.lanes.iter().map(|lane| lane.own.len()).sum();
                if ready + self.later.len() > 1 {
                    return;
                }
            }
            let Some(Reverse((_, node))) = self.lanes[lane].own.pop() else { return };
            self.place(node, lane);
            if self.lanes[lane].load >= self.wait.saturating_mul(LONGEST) && !self.coarse {
                return;
            }
        }
    }

    /// Whoever may have it takes it.
    fn make_free(&mut self, ready: Reverse<(u64, NodeId)>) {
        let Reverse((_, node)) = ready;
        if (self.bound)(node) { &mut self.lanes[0].own } else { &mut self.free }.push(ready);
    }

    /// Gives the lane some of the nodes that are free, of which there are some.
    fn take_free(&mut self, lane: usize) {
        let most = if self.coarse { 1 } else { CHUNK };
        let chunk = (self.free.len() / (2 * self.lanes.len())).clamp(1, most);
        for _ in 0..chunk {
            self.lanes[lane].own.extend(self.free.pop());
        }
    }

    fn place(&mut self, node: NodeId, lane: usize) {
        self.lanes[lane].nodes.push(node);
        self.lanes[lane].load += u64::from((self.weight)(node));
        let dag = self.dag;
        for edge in dag.successors(node) {
            let next = edge.target();
            let touched = &mut self.touched[next.index()];
            *touched = match *touched {
                (superstep, before) if superstep == self.superstep && before != lane => (superstep, SEVERAL),
                _ => (self.superstep, lane),
            };
            let alone = touched.1 == lane;
            self.left[next.index()] -= 1;
            if self.left[next.index()] == 0 {
                if alone && (lane == 0 || !(self.bound)(next)) {
                    let ready = self.ready(next);
                    self.lanes[lane].own.push(ready);
                } else {
                    self.later.push(next);
                }
            }
        }
    }
}
