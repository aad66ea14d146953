//! From what a builder has collected to what a graph consists of.

use super::check::{Defined, check, name_cycle};
use super::collected::Collected;
use crate::typed::data::agenda::Agenda;
use crate::typed::data::described::Described;
use crate::typed::data::early::Early;
use crate::typed::data::graph_data::GraphData;
use crate::typed::data::schedule::Schedule;
use crate::typed::data::topology::Topology;
use crate::typed::error::graph_error::GraphError;
use crate::typed::limits::limited::Limited;
use crate::typed::memory::cutoffs::Cutoffs;
use crate::typed::memory::errors::Kept;
use crate::typed::memory::measured::Measured;
use crate::typed::memory::starts::Starts;
use dgraph_core::DagError;
use std::sync::Arc;

impl Collected {
    pub(crate) fn build(mut self) -> Result<GraphData, GraphError> {
        let count = u32::try_from(self.definitions.len()).expect("the builder has counted");
        self.add_gates();
        self.define_starts();
        check(&self.definitions, &self.names, &self.uses, &self.faults)?;
        let arranged = self.arrange_states()?;
        self.order_starts();
        let Self {
            store,
            mut graphs,
            mut names,
            definitions,
            uses,
            mut wishes,
            early,
            compared,
            mut starts,
            ..
        } = self;
        let joints = u32::try_from(definitions.len()).expect("the builder has counted") - count;
        let topology = Topology::new(count, joints, &uses, wishes.depth_first);
        let mut topology = topology.map_err(|error| match error {
            DagError::Cycle(cycle) => {
                let path: Vec<_> = cycle.path().map(|node| node.get()).collect();
                name_cycle(&path, &names, &arranged, &store.states)
            }
            other => GraphError::TooLarge(other),
        })?;
        let (limited_nodes, wanted) = wishes.collect_wanted(&names, &starts)?;
        let early = Early::new(definitions.len(), &early, &uses).map(Box::new);
        let cutoffs = Cutoffs::new(definitions.len(), compared, arranged.accesses.changing());
        let demands = wishes.collect(definitions.len(), &names, &starts)?;
        let inputs = (0..count).filter(|&node| definitions[node as usize] == Defined::Input);
        let inputs: Box<[u32]> = inputs.collect();
        let schedule = demands.map(|demands| Schedule::new(&demands, &inputs, &mut topology));
        let store = store.finish(limited_nodes);
        graphs.shrink();
        names.shrink();
        topology.find_rows(&store);
        let futures = (0..).take(store.futures()).map(|future| store.tasks.node_of_waker(future));
        topology.find_futures(futures);
        for start in &mut starts {
            start.waker = store.tasks.limited(start.start).expect("it may have to wait").1;
        }
        let starts = Starts::new(starts);
        let changed = vec![false; inputs.len()].into();
        let (measured, marks, failures) = (Measured::default(), Vec::new(), Kept::default());
        let (wakes, agenda) = (None, Agenda::default());
        let limited = (!wanted.is_empty()).then(|| Box::new(Limited::new(wanted.into())));
        let mut data = GraphData {
            #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
            alarm: None,
            store,
            graphs,
            topology,
            described: Arc::new(Described { names, arranged, inputs }),
            schedule: schedule.map(Box::new),
            limited,
            shuffled: None,
            changed,
            measured,
            early,
            cutoffs,
            starts,
            wakes,
            agenda,
            marks,
            failures,
            around: Arc::default(),
        };
        match data.limited_within() {
            within if within.is_empty() => Ok(data),
            within => Err(GraphError::LimitedWithin(within)),
        }
    }
}
