//! A graph whose nodes sleep, and how long it has to take.

use crate::body::Sleep;
use crate::graph::{Graph, Source};
use crate::system::SystemId;
use dgraph_exec::{Dag, SchedulingPolicy, WhatIf};
use dgraph_tests::schedule::lower_bound;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A graph with its durations scaled to milliseconds.
pub(super) struct Scaled {
    pub(super) graph: Arc<Graph>,
    /// Milliseconds for a unit of the file.
    unit: f64,
    body: Sleep,
    work: u64,
    critical_path: u64,
    what_if: WhatIf<Dag>,
}

impl Scaled {
    /// The graph of a source, with `mean` microseconds for a node on average.
    pub(super) fn new(source: &Source, mean: f64) -> Result<Self, String> {
        let graph = source.graph(None)?;
        let durations = graph.durations.clone().unwrap_or_else(|| vec![1; graph.nodes]);
        let dag = Dag::from_edges(graph.nodes, &graph.edges).map_err(|error| error.to_string())?;
        let critical_path = dag.view().critical_path(|node| durations[node.index()]).length;
        let work: u64 = durations.iter().sum();
        let unit = mean / 1e3 * graph.nodes as f64 / (work as f64).max(1.0);
        let sleeps: Vec<Duration> =
            durations.iter().map(|&units| Duration::from_secs_f64(unit / 1e3 * units as f64)).collect();
        let body = Sleep { durations: Vec::leak(sleeps) };
        let what_if = WhatIf::new(dag, |node| body.durations[node.index()]);
        Ok(Self { graph: Arc::new(graph), unit, body, work, critical_path, what_if })
    }

    /// Milliseconds of a run.
    pub(super) fn run(&self, system: SystemId, workers: usize) -> Result<f64, String> {
        let started = system.start(workers)?;
        let mut runner = started.build(&self.graph, self.body);
        let start = Instant::now();
        runner.run();
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    /// Milliseconds that [`WhatIf`] predicts, for the systems whose scheduling it simulates.
    pub(super) fn predicted(&self, system: SystemId, workers: usize) -> Option<f64> {
        let policy = match system {
            SystemId::Dgraph | SystemId::DgraphTyped => SchedulingPolicy::WorkStealing,
            SystemId::DgraphRanked => SchedulingPolicy::LongestPathFirst,
            _ => return None,
        };
        Some(self.what_if.makespan(workers, policy).as_secs_f64() * 1e3)
    }

    /// The fewest milliseconds in which `workers` can do it.
    pub(super) fn lower_bound(&self, workers: usize) -> f64 {
        self.milliseconds(lower_bound(self.critical_path, self.work, workers))
    }

    /// The file's units in milliseconds.
    pub(super) fn milliseconds(&self, units: u64) -> f64 {
        self.unit * units as f64
    }
}

/// Asks Linux to end sleeps on time: threads started from now on inherit it. Without it each takes 50 µs
/// longer.
pub(super) fn sleep_exactly() {
    if let Err(error) = fs::write("/proc/self/timerslack_ns", "1") {
        eprintln!("sleeps may take 50 µs longer than asked for: the timer slack can't be set: {error}");
    }
}
