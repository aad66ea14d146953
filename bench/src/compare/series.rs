//! All systems on one graph with one grain.

use super::Row;
use crate::body::{Grain, Stamp};
use crate::busy::{Load, Watch};
use crate::graph::{Graph, Source};
use crate::measure::{Contender, Plan, interleaved};
use crate::slots::Slots;
use crate::system::{Started, SystemId};
use std::collections::BTreeSet;
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

/// A system, started, with its graph.
struct Entry {
    system: SystemId,
    threads: usize,
    graph: Arc<Graph>,
    /// The threads live as long as this.
    _started: Started,
}

impl Series<'_> {
    /// Measures all systems side by side.
    pub(super) fn measure(&self, systems: &[SystemId], threads: &[usize]) -> Result<Measured, String> {
        let watch = Watch::start();
        let full = Arc::new(self.source.graph(self.nodes)?);
        let slots = [(); 3].map(|()| Slots::new(full.nodes));
        let (mut entries, mut contenders, mut remarks) = (Vec::new(), Vec::new(), BTreeSet::new());
        for &system in systems {
            let Some(graph) = self.graph_for(system, &full, &mut remarks)? else { continue };
            let counts = if system.is_parallel() { threads } else { &[1] };
            for &threads in counts {
                let started = match system.start(threads) {
                    Ok(started) => started,
                    Err(reason) => {
                        remarks.insert(format!("{system} left out on {threads} threads: {reason}"));
                        continue;
                    }
                };
                let [began, ended, out] = slots.map(|slots| slots.first(graph.nodes));
                check_order(&started, &graph, Stamp::new(began, ended))
                    .map_err(|error| format!("{system} on {}, {threads} threads: {error}", graph.name))?;
                let body = Grain::new(out, self.grain);
                contenders.push(Contender::new(&started, system.is_rebuilt(), &graph, body, &self.plan));
                entries.push(Entry { system, threads, graph: Arc::clone(&graph), _started: started });
            }
        }
        interleaved(&mut contenders, &self.plan)
            .map_err(|(number, error)| format!("{} on {}: {error}", entries[number].system, full.name))?;
        let rows: Vec<Row> =
            entries.iter().zip(&contenders).map(|(entry, contender)| self.row(entry, contender)).collect();
        remarks.extend(rows.iter().filter_map(|row| self.fewer_runs(row)));
        Ok(Measured { rows, remarks: remarks.into_iter().collect(), load: watch.load() })
    }

    /// The graph that the system can take: the full one, a smaller one, or none.
    fn graph_for(
        &self,
        system: SystemId,
        full: &Arc<Graph>,
        remarks: &mut BTreeSet<String>,
    ) -> Result<Option<Arc<Graph>>, String> {
        let mut graph = Arc::clone(full);
        if full.nodes > system.max_nodes() && matches!(self.source, Source::Shape(_)) {
            graph = Arc::new(self.source.graph(Some(system.max_nodes()))?);
            remarks.insert(format!("{system}: a smaller graph, {} nodes", graph.nodes));
        }
        if let Some(reason) = system.refusal(&graph) {
            remarks.insert(format!("{system} left out: {reason}"));
            return Ok(None);
        }
        if system.is_rebuilt() {
            remarks.insert(format!("{system}: can't run a graph again, so each run has a new one (not timed)"));
        }
        Ok(Some(graph))
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

    fn fewer_runs(&self, row: &Row) -> Option<String> {
        (row.runs < self.plan.runs).then(|| {
            format!("{}: {} runs, stopped after {} s", row.label(), row.runs, self.plan.cap.as_secs_f64())
        })
    }
}

/// Runs the graph once with stamps from a common clock.
fn check_order(started: &Started, graph: &Arc<Graph>, stamp: Stamp) -> Result<(), String> {
    use crate::body::Body;
    stamp.clear();
    started.build(graph, stamp).run();
    stamp.check_order(graph.nodes, &graph.edges)
}
