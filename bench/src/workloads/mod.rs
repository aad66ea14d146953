//! `workloads`: work that people have, on graphs that they have it on.

mod cholesky;
mod frame;
mod lockfile;
mod tile;
mod trisolve;

use crate::body::Body;
use crate::busy::Watch;
use crate::graph::Graph;
use crate::lineup::{Entry, Lineup};
use crate::measure::Contender;
use crate::options::{Format, Nodes, Options, Timing};
use crate::plot::bars::{Bar, Bars};
use crate::statistics::{median, percentile};
use crate::system::SystemId;
use crate::table::{Table, duration, number};
use clap::Args;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The options of `workloads`.
#[derive(Args, Clone, Debug)]
pub struct Workloads {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    nodes: Nodes,
    #[command(flatten)]
    timing: Timing,
    /// Which workloads, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_parser = NAMES, value_name = "NAMES")]
    only: Vec<String>,
    /// How often the frame graph runs
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    frames: u32,
}

const NAMES: [&str; 4] = ["trisolve", "cholesky", "frame", "lockfile"];

/// The times of one system in one workload, in nanoseconds a run.
struct Reading {
    workload: &'static str,
    system: SystemId,
    threads: usize,
    graph: Arc<Graph>,
    median: f64,
    p99: f64,
    longest: f64,
}

impl Workloads {
    /// Measures and prints. `--nodes` asks for smaller matrices.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong, or a file can't be read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let watch = Watch::start();
        let mut readings = Vec::new();
        let nodes = self.nodes.nodes;
        for name in NAMES {
            if !self.only.is_empty() && !self.only.iter().any(|only| only == name) {
                continue;
            }
            readings.extend(match name {
                "trisolve" => {
                    let (graph, body) = trisolve::generated(nodes.unwrap_or(64_000));
                    self.measure(name, graph, body)?
                }
                "cholesky" => {
                    let (graph, body) = cholesky::generated(nodes.unwrap_or(1_000));
                    self.measure(name, graph, body)?
                }
                "frame" => {
                    let (graph, body) = frame::graph()?;
                    self.measure(name, graph, body)?
                }
                _ => {
                    let (graph, body) = lockfile::own()?;
                    self.measure(name, graph, body)?
                }
            });
        }
        self.print(&readings);
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            let title = "Median time of a run, logarithmic; shorter is better";
            let mut bars = Bars { title, format: duration, panels: Vec::new() };
            for reading in &readings {
                bars.add(reading.workload, Bar::new(reading.system, reading.threads, reading.median));
            }
            bars.draw(file)?;
        }
        Ok(())
    }

    fn measure<B: Body>(&self, name: &'static str, graph: Graph, body: B) -> Result<Vec<Reading>, String> {
        let (graph, mut plan) = (Arc::new(graph), self.timing.plan());
        if name == "frame" {
            // What counts is each single frame, the worst ones most of all.
            plan.runs = self.frames as usize;
            plan.shortest = Duration::ZERO;
        }
        let threads = [self.options.most_threads()];
        let mut lineup = Lineup::new(plan);
        for system in self.options.systems_or(SystemId::ALL) {
            lineup.add(system, &threads, &graph, body, None)?;
        }
        lineup.measure()?;
        for remark in lineup.remarks() {
            eprintln!("{name}: {remark}");
        }
        let reading = |(entry, contender): (&Entry, &Contender)| Reading {
            workload: name,
            system: entry.system,
            threads: entry.threads,
            graph: Arc::clone(&graph),
            median: median(&contender.runs),
            p99: percentile(&contender.runs, 99),
            longest: percentile(&contender.runs, 100),
        };
        Ok(lineup.results().map(reading).collect())
    }

    fn print(&self, readings: &[Reading]) {
        if self.options.format == Format::Tsv {
            println!("workload\tsystem\tthreads\tnodes\tedges\trun_ns_median\trun_ns_p99\trun_ns_max");
            for it in readings {
                let Reading { workload, system, threads, graph, median, p99, longest } = it;
                let (nodes, edges) = (graph.nodes, graph.edges.len());
                println!(
                    "{workload}\t{system}\t{threads}\t{nodes}\t{edges}\t{median:.0}\t{p99:.0}\t{longest:.0}"
                );
            }
            return;
        }
        let columns = ["workload", "system", "T", "nodes", "edges", "median", "99 %", "longest", "speedup"];
        let mut table = Table::new(&columns);
        for it in readings {
            let serial = readings
                .iter()
                .find(|other| other.workload == it.workload && other.system == SystemId::SerialTopo)
                .map_or(f64::NAN, |other| other.median);
            let sizes = [it.threads, it.graph.nodes, it.graph.edges.len()].map(|size| size.to_string());
            let names = [it.workload.to_owned(), it.system.to_string()];
            let times = [it.median, it.p99, it.longest].map(duration);
            table.row(names.into_iter().chain(sizes).chain(times).chain([number(serial / it.median)]));
        }
        println!("{table}");
        println!("speedup: over serial-topo, the plain loop over a known order");
    }
}
