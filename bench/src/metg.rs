//! `metg`: the task duration below which a system wastes more than half, or 5 %, of the machine.
//!
//! METG is the minimum effective task granularity of Slaughter et al., "Task Bench" (SC 2020).

use crate::body::Grain;
use crate::busy::Watch;
use crate::graph::{Graph, Source, workflows};
use crate::measure::{Contender, Plan, interleaved};
use crate::options::{Format, Nodes, Options, Shapes, Timing};
use crate::plot::lines::{Axis, Figure, Line};
use crate::slots::Slots;
use crate::system::SystemId;
use crate::table::{Table, duration};
use clap::Args;
use dgraph_tests::shapes::Shape;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;

/// The options of `metg`.
#[derive(Args, Clone, Debug)]
pub struct Metg {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    #[command(flatten)]
    nodes: Nodes,
    #[command(flatten)]
    timing: Timing,
    /// The longest task tried, in microseconds
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    longest: u32,
}

/// One point of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    /// The serial time of one body, in nanoseconds.
    duration: f64,
    /// Serial time / (threads × time).
    efficiency: f64,
}

/// Where an efficiency is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reached {
    At(f64),
    /// The shortest task has it already.
    Below(f64),
    /// Not even the longest task has it.
    Above(f64),
}

/// A sweep ends where the efficiency has been at least this twice.
const ENOUGH: f64 = 0.96;
/// Below this, the next grain is four times as large, else twice.
const HOPELESS: f64 = 0.15;
/// Each point gets this part of `--seconds`.
const POINT: u32 = 4;
/// Generated graphs get smaller as tasks get longer, so that a serial run takes no more than this.
const SERIAL_RUN_NS: f64 = 5e7;
const SMALLEST: f64 = 2_000.0;

impl Metg {
    /// Sweeps and prints.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong, or a file can't be read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let options = &self.options;
        let systems = options.systems_or(&default_systems());
        let default = [Shape::Wave, Shape::Layered].map(Source::Shape).into_iter().chain(largest_workflow());
        let watch = Watch::start();
        let mut table = Table::new(&["workload", "threads", "system", "50 %", "95 %"]);
        let mut figure = Figure {
            title: "Efficiency by task duration",
            x: Axis::log("task duration, ns"),
            y: Axis::linear("efficiency, %"),
            panels: Vec::new(),
        };
        let tsv = options.format == Format::Tsv;
        if tsv {
            println!("system\tshape\tthreads\tmetg50_ns\tmetg95_ns");
        }
        for source in self.shapes.or(default) {
            for &threads in &options.thread_counts() {
                for &system in &systems {
                    if threads > 1 && !system.is_parallel() {
                        continue;
                    }
                    let points = self.sweep(system, &source, threads)?;
                    if points.is_empty() {
                        eprintln!("{system} left out on {source}: it can't run this graph");
                        continue;
                    }
                    let [half, most] = [0.5, 0.95].map(|target| reached(&points, target));
                    if tsv {
                        println!("{system}\t{source}\t{threads}\t{}\t{}", half.tsv(), most.tsv());
                    }
                    let cells = [source.to_string(), threads.to_string(), system.to_string()];
                    table.row(cells.into_iter().chain([half.text(), most.text()]));
                    let points = points.iter().map(|point| (point.duration, 100.0 * point.efficiency));
                    let line = Line { name: system.to_string(), points: points.collect(), dashed: false };
                    figure.add(&format!("{source}, T={threads}"), line);
                }
            }
        }
        if !tsv {
            println!(
                "Task duration at which the efficiency, serial time / (threads × time), is reached:\n{table}"
            );
        }
        watch.report(options.format);
        if let Some(file) = &options.svg {
            figure.draw(file)?;
        }
        Ok(())
    }

    /// Raises the grain until the system is efficient. No points if it can't run the graph.
    fn sweep(&self, system: SystemId, source: &Source, threads: usize) -> Result<Vec<Point>, String> {
        let serial = Rc::new(SystemId::SerialTopo.start(1)?);
        let started = Rc::new(system.start(threads)?);
        let plan = self.timing.plan();
        let plan = Plan { rounds: 3, warm_ups: 1, cap: plan.cap / POINT, ..plan };
        let longest = f64::from(self.longest) * 1e3;
        let mut points: Vec<Point> = Vec::new();
        let mut graph = None;
        let mut slots = None;
        let mut grain = 1_u64;
        loop {
            // A step takes about a nanosecond; the duration itself is measured.
            let nodes = self.size(system, source, grain as f64);
            let graph: &Arc<Graph> = match &mut graph {
                Some((size, graph)) if *size == nodes => graph,
                stale => &stale.insert((nodes, Arc::new(source.graph(nodes)?))).1,
            };
            if system.refusal(graph).is_some() {
                return Ok(Vec::new());
            }
            let slots: Slots = *slots.get_or_insert_with(|| Slots::new(graph.nodes));
            let body = Grain::new(slots.first(graph.nodes), grain);
            let mut pair = [
                Contender::new(&serial, false, graph, body, &plan),
                Contender::new(&started, system.is_rebuilt(), graph, body, &plan),
            ];
            interleaved(&mut pair, &plan).map_err(|(_, error)| format!("{system} on {source}: {error}"))?;
            let [work, time] = [pair[0].median(), pair[1].median()];
            let duration = work / graph.nodes as f64;
            let efficiency = work / (threads as f64 * time);
            points.push(Point { duration, efficiency });
            let enough =
                points.len() >= 2 && points.iter().rev().take(2).all(|last| last.efficiency >= ENOUGH);
            let step = if efficiency < HOPELESS { 4 } else { 2 };
            if enough || duration * step as f64 > longest {
                break;
            }
            grain *= step;
        }
        Ok(points)
    }

    /// How many nodes to ask for when a node takes this many nanoseconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
    fn size(&self, system: SystemId, source: &Source, duration: f64) -> Option<usize> {
        let default = source.default_nodes()?;
        let most = self.nodes.nodes.unwrap_or(default).min(system.max_nodes());
        Some(most.min((SERIAL_RUN_NS / duration).max(SMALLEST) as usize))
    }
}

/// The systems that people write such code with; DAG crates and single-threaded ones only if asked for.
fn default_systems() -> Vec<SystemId> {
    let names = ["dgraph", "crossbeam-keep-one", "rayon", "tokio", "async-executor", "onetbb", "openmp"];
    SystemId::ALL.iter().copied().filter(|system| names.contains(&system.name())).collect()
}

/// The recorded workflow with the most nodes.
fn largest_workflow() -> Option<Source> {
    workflows().into_iter().max_by_key(|source| source.graph(None).map_or(0, |graph| graph.nodes))
}

/// Interpolates between the last point below the target and the next one, over the logarithm of the duration.
fn reached(points: &[Point], target: f64) -> Reached {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Reached::Above(0.0) };
    match points.iter().rposition(|point| point.efficiency < target) {
        None => Reached::Below(first.duration),
        Some(at) if at + 1 == points.len() => Reached::Above(last.duration),
        Some(at) => {
            let (low, high) = (points[at], points[at + 1]);
            let part = (target - low.efficiency) / (high.efficiency - low.efficiency);
            Reached::At(low.duration * (high.duration / low.duration).powf(part))
        }
    }
}

impl Reached {
    fn text(self) -> String {
        match self {
            Self::At(ns) => duration(ns),
            Self::Below(ns) => format!("< {}", duration(ns)),
            Self::Above(ns) => format!("> {}", duration(ns)),
        }
    }

    fn tsv(self) -> String {
        match self {
            Self::At(ns) => format!("{ns:.2}"),
            Self::Below(ns) => format!("<{ns:.2}"),
            Self::Above(ns) => format!(">{ns:.2}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(duration: f64, efficiency: f64) -> Point {
        Point { duration, efficiency }
    }

    #[test]
    fn interpolates_over_the_logarithm() {
        let points = [point(1.0, 0.1), point(10.0, 0.4), point(1000.0, 0.6)];
        assert_eq!(reached(&points, 0.05), Reached::Below(1.0));
        assert_eq!(reached(&points, 0.7), Reached::Above(1000.0));
        let Reached::At(ns) = reached(&points, 0.5) else { panic!("it is between two points") };
        assert!((ns - 100.0).abs() < 1e-9, "{ns}");
    }

    #[test]
    fn a_dip_counts() {
        let points = [point(1.0, 0.6), point(2.0, 0.4), point(4.0, 0.4), point(8.0, 0.6)];
        let Reached::At(ns) = reached(&points, 0.5) else { panic!("it is between two points") };
        assert!((4.0..8.0).contains(&ns), "{ns}");
    }
}
