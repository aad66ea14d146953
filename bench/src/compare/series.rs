//! All systems on one graph with one grain.

use super::Row;
use crate::body::{Grain, Stamp};
use crate::busy::{Load, Watch};
use crate::graph::Source;
use crate::lineup::{Entry, Lineup};
use crate::measure::{Contender, Plan};
use crate::slots::Slots;
use crate::system::SystemId;
use std::sync::Arc;

/// What all systems are to run.
pub(super) struct Series<'a> {
    pub(super) source: &'a Source,
    pub(super) nodes: Option<usize>,
    pub(super) grain: u64,
    pub(super) plan: Plan,
}

/// What came of it.
pub(super) struct Measured {
    pub(super) rows: Vec<Row>,
    /// What to know about the rows: smaller graphs, fewer runs, systems left out.
    pub(super) remarks: Vec<String>,
    pub(super) load: Load,
}

impl Series<'_> {
    /// Measures all systems side by side.
    pub(super) fn measure(&self, systems: &[SystemId], threads: &[usize]) -> Result<Measured, String> {
        let watch = Watch::start();
        let full = Arc::new(self.source.graph(self.nodes)?);
        let slots = [(); 3].map(|()| Slots::new(full.nodes));
        let mut lineup = Lineup::new(self.plan);
        for &system in systems {
            let mut graph = Arc::clone(&full);
            if full.nodes > system.max_nodes() && matches!(self.source, Source::Shape(_)) {
                graph = Arc::new(self.source.graph(Some(system.max_nodes()))?);
                lineup.remark(format!("{system}: a smaller graph, {} nodes", graph.nodes));
            }
            let [began, ended, out] = slots.map(|slots| slots.first(graph.nodes));
            let (body, stamp) = (Grain::new(out, self.grain), Stamp::new(began, ended));
            lineup.add(system, threads, &graph, body, Some(stamp))?;
        }
        lineup.measure()?;
        let rows = lineup.results().map(|(entry, contender)| self.row(entry, contender)).collect();
        Ok(Measured { rows, remarks: lineup.remarks(), load: watch.load() })
    }

    fn row(&self, entry: &Entry, contender: &Contender) -> Row {
        let nodes = entry.graph.nodes as f64;
        Row {
            system: entry.system,
            shape: entry.graph.name.clone(),
            threads: entry.threads,
            grain: self.grain,
            nodes: entry.graph.nodes,
            edges: entry.graph.edges.len(),
            build: contender.build / nodes,
            median: contender.median() / nodes,
            minimum: contender.minimum() / nodes,
            runs: contender.runs.len(),
        }
    }
}
