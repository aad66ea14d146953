//! From what a builder has collected to what a graph consists of.

use super::check::{Definition, check};
use super::collected::Collected;
use crate::typed::data::agenda::Agenda;
use crate::typed::data::graph_data::GraphData;
use crate::typed::data::schedule::Schedule;
use crate::typed::data::topology::Topology;
use crate::typed::error::graph_error::GraphError;
use crate::typed::memory::errors::Kept;
use crate::typed::memory::measured::Measured;
use dgraph_core::DagError;

impl Collected {
    pub(crate) fn build(self) -> Result<GraphData, GraphError> {
        let Self { mut store, mut graphs, names, definitions, uses, wishes, faults } = self;
        check(&definitions, &names, &uses, &faults)?;
        let count = u32::try_from(definitions.len()).expect("the builder has counted");
        let mut topology = Topology::new(count, &uses, wishes.depth_first).map_err(|error| match error {
            DagError::Cycle(cycle) => GraphError::Cycle(names.all_named(cycle.path().map(|node| node.get()))),
            other => GraphError::TooLarge(other),
        })?;
        let demands = wishes.collect(definitions.len(), &names)?;
        let inputs = (0..count).filter(|&node| definitions[node as usize] == Definition::Input);
        let inputs: Box<[u32]> = inputs.collect();
        let schedule = demands.map(|demands| Schedule::new(&demands, &inputs, &mut topology));
        store.shrink();
        graphs.shrink();
        topology.find_rows(&store);
        let changed = vec![false; inputs.len()].into();
        let (measured, marks, failures) = (Measured::default(), Vec::new(), Kept::default());
        let (wakes, agenda) = (None, Agenda::default());
        Ok(GraphData {
            #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
            alarm: None,
            store,
            graphs,
            names,
            topology,
            schedule,
            inputs,
            changed,
            measured,
            wakes,
            agenda,
            marks,
            failures,
        })
    }
}
