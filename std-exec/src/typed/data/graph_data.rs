//! What a graph consists of, for those who run it.

use super::agenda::Agenda;
use super::arranged::Arranged;
use super::early::Early;
use super::schedule::Schedule;
use super::shuffled::{self, Shuffled};
use super::topology::Topology;
use crate::executor::Handle;
use crate::observe::RunInfo;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
use crate::pool::timer::Alarm;
use crate::protocol::ready_queue::ReadyQueue;
use crate::typed::handle::names::Label;
use crate::typed::limits::limited::{Limited, Urgencies};
use crate::typed::memory::cutoffs::Cutoffs;
use crate::typed::memory::errors::Kept;
use crate::typed::memory::measured::Measured;
use crate::typed::memory::status::Status;
use crate::typed::memory::store::Store;
use crate::typed::memory::watch::{Watch, Watching};
use crate::typed::options::run_options::RunOptions;
use crate::typed::options::shuffle::Shuffle;
use dgraph_core::NodeId;
use std::fmt;
use std::ptr::NonNull;

/// What a graph consists of, without the lifetime: results borrow that.
pub(crate) struct GraphData {
    pub(crate) store: Store,
    pub(crate) topology: Topology,
    /// Which of the inputs have been set since the last run.
    pub(crate) changed: Box<[bool]>,
    /// If the order matters.
    pub(crate) schedule: Option<Box<Schedule>>,
    /// If the run is shuffled.
    pub(crate) shuffled: Option<Box<Shuffled>>,
    /// Of a run on one thread of a graph with nodes that give futures, or may have to wait for permits.
    pub(crate) agenda: Agenda,
    /// What few graphs have: this one, if it has, or has had, any of it.
    pub(crate) rare: Option<Box<Rare>>,
}

/// What few graphs have.
#[derive(Default)]
pub(crate) struct Rare {
    /// The nodes that are graphs.
    pub(crate) graphs: InnerGraphs,
    /// Who uses which state.
    pub(crate) arranged: Arranged,
    /// If nodes are under limits that graphs share.
    pub(crate) limited: Option<Limited>,
    /// If results are dropped early.
    pub(crate) early: Option<Early>,
    /// If updates stop where results are equal to the last ones.
    pub(crate) cutoffs: Option<Cutoffs>,
    pub(crate) measured: Measured,
    /// The deadline of a run that may wait.
    #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
    pub(crate) alarm: Option<Alarm>,
    /// Space for planning a run of a part of the graph; between runs, which nodes have [results from
    /// outside](GraphData::gives). Empty if there are none.
    pub(crate) marks: Vec<u8>,
    /// What went wrong in a run beside a panic that went on.
    pub(crate) failures: Kept,
}

/// Where the data of the graph lies that is a node.
///
/// # Safety
///
/// The pointer is to a task of the type that the function was made for.
pub(crate) type InnerOf = unsafe fn(NonNull<u8>) -> *mut Option<Box<GraphData>>;

/// The nodes of a graph that are graphs, whether they repeat, and where these graphs lie.
#[derive(Default)]
pub(crate) struct InnerGraphs(pub(super) Vec<(u32, bool, InnerOf)>);

impl fmt::Debug for GraphData {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, topology, .. } = self;
        let names = store.names();
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
    pub(crate) rare: Option<&'r Rare>,
    /// If the order matters.
    pub(crate) urgencies: Option<&'r Urgencies>,
    /// The order of a shuffled run.
    pub(crate) shuffled: Option<&'r [NodeId]>,
}

impl<'r> Parts<'r> {
    /// Who is told what the run does: whom the options name.
    #[cold]
    pub(crate) fn watch(&self, options: &'r RunOptions, watching: Watching) -> Watch<'r> {
        let Self { store, topology, rare, .. } = *self;
        let Watching { number, to_run, threads, .. } = watching;
        let graph = store.id().number();
        let (parent, dag) = (options.parent.as_ref(), topology.dag.view());
        let run = RunInfo { number, graph, parent, dag, names: store.names(), to_run, threads };
        let measured = rare.map(|rare| &rare.measured).filter(|_| options.measure);
        Watch { watching, run, observer: options.observer.get(), measured, statuses: &store.records.statuses }
    }
}

impl Rare {
    /// The same, for other runs, of a graph without states or graphs that are nodes. `None` if there is nothing.
    fn another(&self) -> Option<Box<Self>> {
        let Self { limited, early, cutoffs, .. } = self;
        (limited.is_some() || early.is_some() || cutoffs.is_some()).then(|| {
            Box::new(Self {
                limited: limited.as_ref().map(Limited::another),
                early: early.as_ref().map(Early::another),
                cutoffs: cutoffs.as_ref().map(Cutoffs::another),
                ..Self::default()
            })
        })
    }
}

impl GraphData {
    /// The same graph, with memory of its own for runs. No input is set.
    ///
    /// # Safety
    ///
    /// As for [`Store::another`].
    pub(crate) unsafe fn another(&self) -> Self {
        let Self { store, topology, changed, schedule, rare, .. } = self;
        Self {
            // SAFETY: by contract.
            store: unsafe { store.another() },
            topology: topology.clone(),
            changed: vec![false; changed.len()].into(),
            schedule: schedule.clone(),
            shuffled: None,
            agenda: Agenda::default(),
            rare: rare.as_ref().and_then(|rare| rare.another()),
        }
    }

    /// Whether both are the same graph, and still go by the same order.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.store.is_as(&other.store) && self.topology.is_as(&other.topology)
    }

    /// What few graphs have, to be looked at.
    pub(crate) fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    /// The same, to be changed: from now on there is some.
    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether an update may stop at nodes of this graph, and which ones.
    pub(crate) fn cutoffs(&self) -> Option<&Cutoffs> {
        self.rare()?.cutoffs.as_ref()
    }

    /// Who uses which state, if there are states.
    pub(crate) fn arranged(&self) -> Option<&Arranged> {
        self.rare().map(|rare| &rare.arranged)
    }

    /// What a run goes through; the queue, if order matters; what a run on one thread keeps of its own.
    pub(crate) fn parts(&mut self) -> (Parts<'_>, Option<&mut ReadyQueue>, &mut Agenda) {
        let Self { store, topology, schedule, shuffled, agenda, rare, .. } = self;
        let (mut urgencies, mut queue, mut order) = (None, None, None);
        if let Some(schedule) = schedule {
            (urgencies, queue) = (Some(&schedule.urgencies), Some(&mut schedule.queue));
        }
        if let Some(shuffled) = shuffled {
            (order, queue) = (Some(&*shuffled.order), Some(&mut shuffled.queue));
        }
        let parts = Parts { store, topology, rare: rare.as_deref(), urgencies, shuffled: order };
        (parts, queue, agenda)
    }

    /// Whether `node` runs in the run that is [prepared](Self::prepare), or may run.
    pub(crate) fn may_run(&self, node: u32) -> bool {
        let undecided = self.cutoffs().is_some_and(|cutoffs| cutoffs.is_undecided(node));
        undecided || self.store.records.statuses.get(node) == Status::NOT_RUN
    }

    /// Who is told what a run does, for before and after it.
    pub(crate) fn watch<'r>(&'r self, options: &'r RunOptions, watching: Watching) -> Watch<'r> {
        let Self { store, topology, .. } = self;
        Parts { store, topology, rare: self.rare(), urgencies: None, shuffled: None }.watch(options, watching)
    }

    /// Draws the order of a run, which is [prepared](Self::prepare).
    #[cold]
    pub(crate) fn shuffle(&mut self, shuffle: &Shuffle) {
        let Self { store, topology, schedule, .. } = &*self;
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
            tried.names = store.names().all_named(0..topology.declared());
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
        self.shuffled = None;
        if let Some(rare) = &mut self.rare {
            rare.marks.clear();
            rare.measured.forget_all();
            rare.failures = Kept::default();
        }
        self.store.empty();
    }

    /// Whether an executor would leave all nodes to the run's caller.
    pub(crate) fn is_serial_on(&self, executor: &Handle) -> bool {
        let demanded = self.schedule.as_ref().and_then(|schedule| schedule.queue.last_worker());
        executor.threads() == 1 && demanded.is_none()
    }
}
