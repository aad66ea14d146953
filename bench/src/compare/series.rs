//! All systems on one graph with one body.

use super::Row;
use crate::body::{Grain, Stamp, Yielding};
use crate::busy::{Load, Watch};
use crate::graph::Source;
use crate::lineup::{Entry, Lineup};
use crate::measure::{Contender, Plan};
use crate::slots::Slots;
use crate::system::SystemId;
use std::sync::Arc;

/// What all systems are to run.
pub(crate) struct Series<'a> {
    pub(crate) source: &'a Source,
    pub(crate) nodes: Option<usize>,
    pub(crate) grain: u64,
    /// Nodes that are futures yield once.
    pub(crate) yields: bool,
    pub(crate) plan: Plan,
}

/// What came of it.
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    /// What to know about the rows: smaller graphs, fewer runs, systems left out.
    pub(crate) remarks: Vec<String>,
    pub(crate) load: Load,
}

impl Series<'_> {
    /// Measures all systems side by side.
    pub(crate) fn measure(&self, systems: &[SystemId], threads: &[usize]) -> Result<Measured, String> {
        let watch = Watch::start();
        let lineup = self.line_up(systems, threads)?;
        Ok(Measured { rows: self.rows(&lineup), remarks: lineup.remarks(), load: watch.load() })
    }

    /// Measures all systems side by side, and gives the systems themselves, for measurements of another kind.
    pub(crate) fn line_up(&self, systems: &[SystemId], threads: &[usize]) -> Result<Lineup, String> {
        let full = Arc::new(self.source.graph(self.nodes)?);
        let slots = [(); 3].map(|()| Slots::new(full.nodes));
        let mut lineup = Lineup::new(self.plan);
        for &system in systems {
            let mut graph = Arc::clone(&full);
            if full.nodes > system.max_nodes() && self.source.default_nodes().is_some() {
                graph = Arc::new(self.source.graph(Some(system.max_nodes()))?);
                lineup.remark(format!("{system}: a smaller graph, {} nodes", graph.nodes));
            }
            let [began, ended, out] = slots.map(|slots| slots.first(graph.nodes));
            let (body, stamp) = (Grain::new(out, self.grain), Stamp::new(began, ended));
            if self.yields {
                lineup.add(system, threads, &graph, Yielding(body), Some(stamp.yielding()))?;
            } else {
                lineup.add(system, threads, &graph, body, Some(stamp))?;
            }
        }
        lineup.measure()?;
        Ok(lineup)
    }

    /// What was measured.
    pub(crate) fn rows(&self, lineup: &Lineup) -> Vec<Row> {
        lineup.results().map(|(entry, contender)| self.row(entry, contender)).collect()
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
