//! From what a builder has collected to what a graph consists of.

use super::check::{Defined, check, name_cycle};
use super::collected::Collected;
use crate::typed::data::agenda::Agenda;
use crate::typed::data::early::Early;
use crate::typed::data::graph_data::{GraphData, Rare};
use crate::typed::data::schedule::Schedule;
use crate::typed::data::topology::Topology;
use crate::typed::error::graph_error::GraphError;
use crate::typed::limits::limited::Limited;
use crate::typed::memory::cutoffs::Cutoffs;
use crate::typed::memory::records::Described;
use crate::typed::memory::starts::Starts;
use dgraph_core::DagError;

impl Collected {
    pub(crate) fn build(mut self) -> Result<GraphData, GraphError> {
        let count = u32::try_from(self.definitions.len()).expect("the builder has counted");
        self.add_gates();
        self.define_starts();
        check(&self.definitions, &self.names, &self.uses, &self.faults)?;
        let arranged = self.arrange_states()?;
        self.order_starts();
        let Self {
            store, mut graphs, names, definitions, uses, mut wishes, early, compared, mut starts, ..
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
        let early = Early::new(definitions.len(), &early, &uses);
        let cutoffs = Cutoffs::new(definitions.len(), compared, arranged.accesses.changing());
        let demands = wishes.collect(definitions.len(), &names, &starts)?;
        let inputs = (0..count).filter(|&node| definitions[node as usize] == Defined::Input);
        let inputs: Box<[u32]> = inputs.collect();
        let schedule = demands.map(|demands| Schedule::new(&demands, &inputs, &mut topology));
        let changed = vec![false; inputs.len()].into();
        let lasting = topology.find_lasting();
        let mut store = store.finish(Described { limited: limited_nodes.into(), inputs, names, lasting });
        graphs.shrink();
        topology.find_rows(&store);
        for start in &mut starts {
            start.waker = store.tasks.limited(start.start).expect("it may have to wait").1;
        }
        store.records.starts = Starts::new(starts);
        let limited = (!wanted.is_empty()).then(|| Limited::new(wanted.into()));
        let has_rare = !graphs.is_empty() || !arranged.accesses.is_empty();
        let has_rare = has_rare || limited.is_some() || early.is_some() || cutoffs.is_some();
        let rare = Rare { graphs, arranged, limited, early, cutoffs, ..Rare::default() };
        let mut data = GraphData {
            store,
            topology,
            changed,
            schedule: schedule.map(Box::new),
            shuffled: None,
            agenda: Agenda::default(),
            rare: has_rare.then(|| Box::new(rare)),
        };
        match data.limited_within() {
            within if within.is_empty() => Ok(data),
            within => Err(GraphError::LimitedWithin(within)),
        }
    }
}
