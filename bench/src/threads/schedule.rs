//! A graph whose nodes sleep, or keep their cores busy, and how long it has to take.

use crate::body::{Body, Sleep, Spin};
use crate::graph::{Graph, Source};
use crate::statistics::median;
use crate::system::SystemId;
use dgraph_exec::{Dag, SchedulingPolicy, WhatIf};
use dgraph_tests::body::busy;
use dgraph_tests::schedule::lower_bound;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A graph with its durations scaled to milliseconds.
pub(super) struct Scaled {
    pub(super) graph: Arc<Graph>,
    /// Milliseconds for a unit of the file.
    unit: f64,
    bodies: Bodies,
    work: u64,
    critical_path: u64,
    what_if: WhatIf<Dag>,
}

/// What nodes do for as long as they are to take.
#[derive(Clone, Copy)]
enum Bodies {
    Sleep(Sleep),
    Spin(Spin),
}

/// Timed runs where nodes keep cores busy, whose times differ. The first run of a graph isn't one of them.
const RUNS: usize = 7;

impl Scaled {
    /// The graph of a source, with `mean` microseconds for a node on average, which sleeps or is busy
    /// meanwhile.
    pub(super) fn new(source: &Source, mean: f64, spin: bool) -> Result<Self, String> {
        let graph = source.graph(None)?;
        let durations = graph.durations.clone().unwrap_or_else(|| vec![1; graph.nodes]);
        let dag = Dag::from_edges(graph.nodes, &graph.edges).map_err(|error| error.to_string())?;
        let critical_path = dag.view().critical_path(|node| durations[node.index()]).length;
        let work: u64 = durations.iter().sum();
        let unit = mean / 1e3 * graph.nodes as f64 / (work as f64).max(1.0);
        let times: Vec<Duration> =
            durations.iter().map(|&units| Duration::from_secs_f64(unit / 1e3 * units as f64)).collect();
        let what_if = WhatIf::new(dag, |node| times[node.index()]);
        let bodies = if spin {
            let step = step();
            #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "positive, and small")]
            let steps = |time: &Duration| (time.as_secs_f64() / step) as u64;
            Bodies::Spin(Spin { steps: times.iter().map(steps).collect::<Vec<_>>().leak() })
        } else {
            Bodies::Sleep(Sleep { durations: Vec::leak(times) })
        };
        Ok(Self { graph: Arc::new(graph), unit, bodies, work, critical_path, what_if })
    }

    /// Milliseconds of a run: of the only one if nodes sleep, otherwise of the one in the middle.
    pub(super) fn run(&self, system: SystemId, workers: usize) -> Result<f64, String> {
        match self.bodies {
            Bodies::Sleep(body) => self.run_bodies(system, workers, body, 0, 1),
            Bodies::Spin(body) => self.run_bodies(system, workers, body, 1, RUNS),
        }
    }

    fn run_bodies(
        &self,
        system: SystemId,
        workers: usize,
        body: impl Body,
        warm_ups: usize,
        runs: usize,
    ) -> Result<f64, String> {
        let started = system.start(workers)?;
        let mut runner = started.build(&self.graph, body);
        let run = |_| {
            let start = Instant::now();
            runner.run();
            let elapsed = start.elapsed().as_secs_f64() * 1e3;
            runner.reset();
            elapsed
        };
        let times: Vec<f64> = (0..warm_ups + runs).map(run).collect();
        Ok(median(&times[warm_ups..]))
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

/// How many seconds a step of a busy body takes: of a few tries the fastest, since others may use the core.
fn step() -> f64 {
    const STEPS: u64 = 2_000_000;
    let tries = (0..7).map(|seed| {
        let start = Instant::now();
        black_box(busy(seed, STEPS));
        start.elapsed().as_secs_f64()
    });
    tries.fold(f64::INFINITY, f64::min) / STEPS as f64
}

/// Asks Linux to end sleeps on time: threads started from now on inherit it. Without it each takes 50 µs
/// longer.
pub(super) fn sleep_exactly() {
    if let Err(error) = fs::write("/proc/self/timerslack_ns", "1") {
        eprintln!("sleeps may take 50 µs longer than asked for: the timer slack can't be set: {error}");
    }
}
