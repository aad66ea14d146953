//! Which runs a recorder has seen, of which graphs: what there is once per run, and so behind a lock.

use super::outcome::RunOutcome;
use super::run_info::{Parent, RunInfo};
use dgraph_core::NodeId;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// How many graphs are kept.
const GRAPHS: usize = 1024;

/// The runs and graphs that a recorder has seen last.
#[derive(Debug)]
pub(crate) struct Registry {
    runs: BTreeMap<u64, Seen>,
    /// How many runs are kept.
    most: usize,
    graphs: HashMap<u64, Arc<Shape>>,
    /// Those, from the oldest on.
    graphs_in_order: VecDeque<u64>,
}

/// A run that was seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) shape: Arc<Shape>,
    pub(crate) parent: Option<Arc<Parent>>,
    pub(crate) to_run: usize,
    pub(crate) threads: usize,
    /// In ticks of the clock.
    pub(crate) begin: u64,
    pub(crate) end: Option<(u64, RunOutcome)>,
}

/// The names and edges of a graph.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) names: Vec<Box<str>>,
    /// Each once, sorted.
    pub(crate) edges: Vec<(u32, u32)>,
}

impl Registry {
    /// So many runs are kept.
    pub(crate) fn new(most: usize) -> Self {
        let (graphs, graphs_in_order) = (HashMap::new(), VecDeque::new());
        Self { runs: BTreeMap::new(), most, graphs, graphs_in_order }
    }

    /// A run has begun.
    pub(crate) fn begins(&mut self, run: &RunInfo<'_>, now: u64) {
        let shape = match self.graphs.get(&run.graph()) {
            Some(shape) => Arc::clone(shape),
            None => self.add(run),
        };
        let (parent, to_run, threads) = (run.parent.map(Arc::clone), run.to_run(), run.threads());
        self.runs.insert(run.number(), Seen { shape, parent, to_run, threads, begin: now, end: None });
        if self.runs.len() > self.most {
            self.runs.pop_first();
        }
    }

    fn add(&mut self, run: &RunInfo<'_>) -> Arc<Shape> {
        if self.graphs_in_order.len() == GRAPHS {
            self.graphs_in_order.pop_front().map(|oldest| self.graphs.remove(&oldest));
        }
        let shape = Arc::new(Shape::of(run));
        self.graphs.insert(run.graph(), Arc::clone(&shape));
        self.graphs_in_order.push_back(run.graph());
        shape
    }

    /// A run is over.
    pub(crate) fn ends(&mut self, run: &RunInfo<'_>, outcome: RunOutcome, now: u64) {
        if let Some(seen) = self.runs.get_mut(&run.number()) {
            seen.end = Some((now, outcome));
        }
    }

    /// Forgets the runs that are over.
    pub(crate) fn clear(&mut self) {
        self.runs.retain(|_, seen| seen.end.is_none());
    }

    /// The runs, by their numbers.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (u64, &Seen)> {
        self.runs.iter().map(|(&number, seen)| (number, seen))
    }
}

impl Shape {
    fn of(run: &RunInfo<'_>) -> Self {
        let nodes = (0..).map(NodeId::new).take(run.dag().node_count());
        let mut edges: Vec<(u32, u32)> = nodes
            .clone()
            .flat_map(|node| {
                run.dag().successors(node).iter().map(move |edge| (node.get(), edge.target().get()))
            })
            .collect();
        edges.sort_unstable();
        edges.dedup();
        Self { names: nodes.map(|node| run.name(node).into()).collect(), edges }
    }
}
