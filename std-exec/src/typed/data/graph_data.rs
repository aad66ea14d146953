//! What a graph consists of, for those who run it.

use super::agenda::Agenda;
use super::described::Described;
use super::early::Early;
use super::schedule::Schedule;
use super::shuffled::{self, Shuffled};
use super::topology::Topology;
use crate::executor::Handle;
use crate::observe::RunInfo;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
use crate::pool::timer::Alarm;
use crate::protocol::ready_queue::ReadyQueue;
use crate::typed::handle::names::{Label, NamedNode, Names};
use crate::typed::handle::node::GraphId;
use crate::typed::limits::limited::{Limited, Limits, Urgencies};
use crate::typed::limits::shared_limit::SharedLimit;
use crate::typed::memory::cutoffs::Cutoffs;
use crate::typed::memory::errors::Kept;
use crate::typed::memory::measured::Measured;
use crate::typed::memory::starts::Starts;
use crate::typed::memory::status::Status;
use crate::typed::memory::store::Store;
use crate::typed::memory::watch::{Watch, Watching};
use crate::typed::options::around::Around;
use crate::typed::options::run_options::RunOptions;
use crate::typed::options::shuffle::Shuffle;
use crate::wake::Wakes;
use dgraph_core::{Countdown, NodeId};
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

/// What a graph consists of, without the lifetime: results borrow that.
pub(crate) struct GraphData {
    pub(crate) store: Store,
    /// The nodes that are graphs.
    pub(crate) graphs: InnerGraphs,
    pub(crate) topology: Topology,
    pub(crate) described: Arc<Described>,
    /// Which of the inputs have been set since the last run.
    pub(crate) changed: Box<[bool]>,
    /// If the order matters.
    pub(crate) schedule: Option<Box<Schedule>>,
    /// If nodes are under limits that graphs share.
    pub(crate) limited: Option<Box<Limited>>,
    /// If the run is shuffled.
    pub(crate) shuffled: Option<Box<Shuffled>>,
    pub(crate) measured: Measured,
    /// If results are dropped early.
    pub(crate) early: Option<Box<Early>>,
    /// If updates stop where results are equal to the last ones.
    pub(crate) cutoffs: Option<Box<Cutoffs>>,
    /// If nodes wait for the start of others, or for moments.
    pub(crate) starts: Option<Arc<Starts>>,
    /// If there are nodes that give futures, or may have to wait for permits.
    pub(crate) wakes: Option<Arc<Wakes>>,
    /// The deadline of a run that may wait.
    #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
    pub(crate) alarm: Option<Alarm>,
    /// Of a run on one thread of a graph with such nodes.
    pub(crate) agenda: Agenda,
    /// Space for planning a run of a part of the graph; between runs, which nodes have [results from
    /// outside](GraphData::gives). Empty if there are none.
    pub(crate) marks: Vec<u8>,
    /// What went wrong in a run beside a panic that went on.
    pub(crate) failures: Kept,
    /// What a run tells of how it stops.
    pub(crate) around: Arc<Around>,
}

/// Where the data of the graph lies that is a node.
///
/// # Safety
///
/// The pointer is to a task of the type that the function was made for.
pub(crate) type InnerOf = unsafe fn(NonNull<u8>) -> *mut Option<Box<GraphData>>;

/// The nodes of a graph that are graphs, whether they repeat, and where these graphs lie.
#[derive(Default)]
pub(crate) struct InnerGraphs(Vec<(u32, bool, InnerOf)>);

/// A graph that is a node.
#[derive(Clone, Copy)]
pub(crate) struct InnerGraph<'a> {
    pub(crate) node: u32,
    /// It may run several times.
    pub(crate) repeats: bool,
    pub(crate) data: &'a GraphData,
}

impl InnerGraphs {
    /// Says that `node` is a graph, and whether that repeats.
    ///
    /// # Safety
    ///
    /// These go into one graph with the store that has the task of `node`, for which `inner` was made.
    pub(crate) unsafe fn push(&mut self, node: u32, repeats: bool, inner: InnerOf) {
        self.0.push((node, repeats, inner));
    }

    /// Gives back memory that isn't used: all nodes are there.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// The node that comes `at` this place in the list, and where the data of its graph lies.
    fn at(&self, store: &Store, at: usize) -> (u32, *mut Option<Box<GraphData>>) {
        let (node, _, inner) = self.0[at];
        // SAFETY: `inner` was made for the node's task, by the contract of `push`.
        (node, unsafe { inner(store.tasks.task(node)) })
    }
}

impl fmt::Debug for GraphData {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { described, topology, .. } = self;
        let names = &described.names;
        let listed = |node| {
            let predecessors = topology.predecessors(node);
            predecessors.map(|predecessor| names.label(predecessor.node)).collect::<Vec<Label<'_>>>()
        };
        f.debug_map().entries((0..topology.nodes()).map(|node| (names.label(node), listed(node)))).finish()
    }
}

/// What of a graph a run goes through.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'r> {
    pub(crate) store: &'r Store,
    pub(crate) topology: &'r Topology,
    /// The order of a shuffled run.
    pub(crate) shuffled: Option<&'r [NodeId]>,
    pub(crate) wakes: Option<&'r Wakes>,
    pub(crate) limits: Option<Limits<'r>>,
    /// Which results that are dropped early have users left.
    pub(crate) early: Option<Countdown<'r>>,
    pub(crate) cutoffs: Option<&'r Cutoffs>,
    measured: &'r Measured,
    pub(crate) names: &'r Names,
    pub(crate) around: &'r Arc<Around>,
    pub(crate) starts: Option<&'r Arc<Starts>>,
}

impl<'r> Parts<'r> {
    /// Who is told what the run does: whom the options name.
    pub(crate) fn watch(&self, options: &'r RunOptions, watching: Watching) -> Watch<'r> {
        let Watching { number, to_run, threads, .. } = watching;
        let graph = self.store.id().number();
        let (parent, dag) = (options.parent.as_ref(), self.topology.dag.view());
        let run = RunInfo { number, graph, parent, dag, names: self.names, to_run, threads };
        let (observer, statuses) = (options.observer.get(), &self.store.statuses);
        Watch { watching, run, observer, measured: options.measure.then_some(self.measured), statuses }
    }
}

impl GraphData {
    /// The same graph, with memory of its own for runs. No input is set.
    ///
    /// # Safety
    ///
    /// As for [`Store::another`].
    pub(crate) unsafe fn another(&self) -> Self {
        let Self { store, topology, described, schedule, limited, early, cutoffs, starts, .. } = self;
        let inputs = &described.inputs;
        Self {
            // SAFETY: by contract.
            store: unsafe { store.another(inputs) },
            graphs: InnerGraphs::default(),
            topology: topology.clone(),
            described: Arc::clone(described),
            changed: vec![false; inputs.len()].into(),
            schedule: schedule.clone(),
            limited: limited.as_ref().map(|limited| Box::new(limited.another())),
            shuffled: None,
            measured: Measured::default(),
            early: early.as_ref().map(|early| Box::new(early.another())),
            cutoffs: cutoffs.as_ref().map(|cutoffs| cutoffs.another()),
            starts: starts.as_ref().map(|starts| starts.another()),
            wakes: None,
            #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
            alarm: None,
            agenda: Agenda::default(),
            marks: Vec::new(),
            failures: Kept::default(),
            around: Arc::default(),
        }
    }

    /// Whether both are the same graph, and still go by the same order.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.store.is_as(&other.store) && self.topology.is_as(&other.topology)
    }

    /// The graph with that number: this one, or one that is a node of it.
    pub(crate) fn find(&self, graph: GraphId) -> Option<&Self> {
        if graph == self.store.id() {
            return Some(self);
        }
        self.inner_graphs().find_map(|inner| inner.data.find(graph))
    }

    /// The same, to be changed.
    pub(crate) fn find_mut(&mut self, graph: GraphId) -> Option<&mut Self> {
        if graph == self.store.id() {
            return Some(self);
        }
        self.inner_data().find_map(|(_, inner)| inner.find_mut(graph))
    }

    /// The nodes that are graphs. Not during a run.
    pub(crate) fn inner_data(&mut self) -> impl Iterator<Item = (u32, &mut Self)> {
        let Self { store, graphs, .. } = &*self;
        (0..graphs.0.len()).filter_map(|at| {
            let (node, inner) = graphs.at(store, at);
            // SAFETY: `self` is borrowed by nobody else, and each of them is looked at once.
            Some((node, unsafe { &mut *inner }.as_deref_mut()?))
        })
    }

    /// The graphs that are nodes, to be looked at. Not during a run.
    pub(crate) fn inner_graphs(&self) -> impl Iterator<Item = InnerGraph<'_>> {
        let Self { store, graphs, .. } = self;
        (0..graphs.0.len()).filter_map(|at| {
            let (node, inner) = graphs.at(store, at);
            // SAFETY: while `self` is borrowed only a run could change them, and by the contract of
            // `Tasks::call` there is none.
            let data = unsafe { &*inner }.as_deref()?;
            Some(InnerGraph { node, repeats: graphs.0[at].1, data })
        })
    }

    /// The nodes that are graphs, and under a limit that nodes of these are under, too.
    pub(crate) fn limited_within(&mut self) -> Vec<NamedNode> {
        let Some(limited) = self.limited.take() else { return Vec::new() };
        let tasks = Arc::clone(&self.store.tasks);
        let within = self.inner_data().filter_map(|(node, inner)| {
            let (number, _) = tasks.limited(node)?;
            limited.of(number).iter().any(|(limit, _)| inner.is_under(limit)).then_some(node)
        });
        let within: Vec<_> = within.collect();
        self.limited = Some(limited);
        self.described.names.all_named(within)
    }

    /// Whether some node is under this limit, here or in graphs that are nodes.
    fn is_under(&self, limit: &SharedLimit) -> bool {
        self.limited.as_ref().is_some_and(|limited| limited.has(limit))
            || self.inner_graphs().any(|inner| inner.data.is_under(limit))
    }

    /// Drops what is left of an earlier run that panicked, here and in graphs that are nodes.
    pub(crate) fn forget_failures(&mut self) {
        self.failures = Kept::default();
        for (_, inner) in self.inner_data() {
            inner.failures = Kept::default();
        }
    }

    /// What a run goes through; the queue, if order matters; what a run on one thread keeps of its own.
    pub(crate) fn parts(&mut self) -> (Parts<'_>, Option<&mut ReadyQueue>, &mut Agenda) {
        let Self { store, topology, described, schedule, limited, shuffled, measured, early, .. } = self;
        let Self { cutoffs, starts, wakes, agenda, around, .. } = self;
        let (urgencies, queue) = match schedule.as_deref_mut().map(Schedule::parts) {
            Some((urgencies, queue)) => (urgencies, Some(queue)),
            None => (Urgencies::default(), None),
        };
        let (shuffled, queue) = match shuffled.as_deref_mut() {
            Some(Shuffled { order, queue }) => (Some(&**order), Some(queue)),
            None => (None, queue),
        };
        let (names, wakes, limited) = (&described.names, wakes.as_deref(), limited.as_deref());
        let limits = limited.map(|limited| Limits { limited, urgencies });
        let early = early.as_ref().map(|early| early.countdown());
        let (cutoffs, starts) = (cutoffs.as_deref(), starts.as_ref());
        let parts = Parts {
            store,
            topology,
            shuffled,
            wakes,
            limits,
            early,
            cutoffs,
            measured,
            names,
            around,
            starts,
        };
        (parts, queue, agenda)
    }

    /// Whether `node` runs in the run that is [prepared](Self::prepare), or may run.
    pub(crate) fn may_run(&self, node: u32) -> bool {
        let undecided = self.cutoffs.as_ref().is_some_and(|cutoffs| cutoffs.is_undecided(node));
        undecided || self.store.statuses.get(node) == Status::NOT_RUN
    }

    /// Who is told what a run does, for before and after it.
    pub(crate) fn watch<'r>(&'r self, options: &'r RunOptions, watching: Watching) -> Watch<'r> {
        let Self { store, topology, described, measured, wakes, around, .. } = self;
        let (names, wakes) = (&described.names, wakes.as_deref());
        let (shuffled, limits, early, cutoffs, starts) = (None, None, None, None, None);
        Parts { store, topology, shuffled, wakes, limits, early, cutoffs, measured, names, around, starts }
            .watch(options, watching)
    }

    /// Draws the order of a run, which is [prepared](Self::prepare).
    #[cold]
    pub(crate) fn shuffle(&mut self, shuffle: &Shuffle) {
        let Self { topology, described, schedule, .. } = &*self;
        let runs = |node: u32| node < topology.declared() && self.may_run(node);
        let queue = schedule.as_ref().map(|schedule| &schedule.queue);
        let mut tried = shuffle.probe.as_ref().map(|probe| probe.tried());
        let wanted = tried.as_mut().and_then(|tried| tried.wanted.take());
        let order = match wanted {
            Some(order) => shuffled::closest_to(&order, topology),
            None => shuffled::draw(topology, shuffle.seed, |node| !runs(node)),
        };
        if let Some(mut tried) = tried.filter(|tried| tried.taken.is_none()) {
            tried.taken = Some(order.clone());
            tried.names = described.names.all_named(0..topology.declared());
        }
        let shuffled = Shuffled::new(order, topology, queue, |node| !runs(node));
        self.shuffled = Some(Box::new(shuffled));
    }

    /// Drops all results and inputs, and what is left of earlier runs, as if there had been none.
    ///
    /// # Panics
    ///
    /// When all that is done, with the first panic of a destructor.
    pub(crate) fn empty(&mut self) {
        self.changed.fill(false);
        self.marks.clear();
        self.shuffled = None;
        self.measured.forget_all();
        self.failures = Kept::default();
        self.store.empty(&self.described.inputs);
    }

    /// Whether an executor would leave all nodes to the run's caller.
    pub(crate) fn is_serial_on(&self, executor: &Handle) -> bool {
        let demanded = self.schedule.as_ref().and_then(|schedule| schedule.queue.last_worker());
        executor.threads() == 1 && demanded.is_none()
    }
}
