//! `threads`: how the makespan falls with the number of workers, with bodies that sleep, or keep cores busy.
//!
//! A sleeping node occupies a worker but no core, so that 64 workers can be compared on any machine. What
//! shows is the schedule: which ready node is taken first, and how soon. With `--spin` nodes keep their cores
//! busy instead, which shows as well what memory and the cores themselves make of it, on as many workers as
//! there are cores. Nodes take as long as the files say, scaled. Beside what was measured stands what
//! `WhatIf` predicts for the same durations.

mod optimum;
mod schedule;

use crate::busy::Watch;
use crate::graph::{Source, recorded, workflows};
use crate::options::{Format, Options, Shapes};
use crate::plot::lines::{Axis, Figure, Line};
use crate::statistics::median;
use crate::system::SystemId;
use crate::table::{Table, number};
use clap::Args;
use optimum::Optimum;
use schedule::Scaled;
use std::error::Error;

/// The options of `threads`.
#[derive(Args, Clone, Debug)]
pub struct Threads {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    /// Nodes keep a core busy, instead of sleeping
    #[arg(long)]
    spin: bool,
    /// Microseconds that a node takes on average [default: 1000, with --spin 100]
    #[arg(long, value_name = "MICROSECONDS", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    mean: Option<u32>,
}

/// One run.
#[derive(Clone, Debug)]
struct Reading {
    system: SystemId,
    graph: String,
    nodes: usize,
    workers: usize,
    /// In milliseconds, as are the others.
    makespan: f64,
    predicted: Option<f64>,
    bound: f64,
    optimum: Option<f64>,
}

const WORKERS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

impl Threads {
    /// Measures and prints: the chosen files, or all recorded workflows and the Standard Task Graphs. Each
    /// graph runs once, since sleeping takes the same time each time; with `--spin` several times.
    ///
    /// # Errors
    ///
    /// If a file can't be read or written, or has no durations.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        if !self.spin {
            schedule::sleep_exactly();
        }
        let watch = Watch::start();
        let systems = self.options.systems_or(&[SystemId::Dgraph, SystemId::DgraphRanked, SystemId::Rayon]);
        let mut readings = Vec::new();
        for source in self.shapes.or(workflows()) {
            let workers = match self.options.threads.is_empty() {
                true if !self.spin => WORKERS.to_vec(),
                _ => self.options.thread_counts(),
            };
            readings.extend(self.measure(&systems, &source, &workers, None)?);
        }
        let mut stg = Vec::new();
        if let (Some(folder), true) = (recorded(), self.shapes.shapes.is_empty()) {
            for optimum in optimum::read(&folder)? {
                let known = optimum.lengths.iter().map(|(workers, _)| *workers);
                let workers: Vec<usize> = match (self.spin, self.options.threads.is_empty()) {
                    (true, _) => self.options.thread_counts(),
                    (false, true) => known.collect(),
                    (false, false) => {
                        known.filter(|workers| self.options.thread_counts().contains(workers)).collect()
                    }
                };
                let source = Source::File(optimum.file.clone());
                stg.extend(self.measure(&systems, &source, &workers, Some(&optimum))?);
            }
        }
        if self.options.format == Format::Tsv {
            println!("system\tgraph\tnodes\tworkers\tmakespan_ms\tpredicted_ms\tlower_bound_ms\toptimum_ms");
            for reading in readings.iter().chain(&stg) {
                println!("{}", reading.tsv());
            }
        } else {
            print(&readings);
            print_stg(&stg);
            print_predictions(readings.iter().chain(&stg));
        }
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            figure(&readings, self.spin).draw(file)?;
        }
        Ok(())
    }

    fn measure(
        &self,
        systems: &[SystemId],
        source: &Source,
        workers: &[usize],
        optimum: Option<&Optimum>,
    ) -> Result<Vec<Reading>, String> {
        let scaled = Scaled::new(
            source,
            f64::from(self.mean.unwrap_or(if self.spin { 100 } else { 1_000 })),
            self.spin,
        )?;
        let mut readings = Vec::new();
        for &workers in workers {
            for &system in systems.iter().filter(|system| system.is_parallel() || workers == 1) {
                if let Some(reason) = system.refusal(&scaled.graph) {
                    eprintln!("{system} left out on {source}: {reason}");
                    continue;
                }
                let makespan = match scaled.run(system, workers) {
                    Ok(makespan) => makespan,
                    Err(reason) => {
                        eprintln!("{system} left out on {workers} workers: {reason}");
                        continue;
                    }
                };
                let length =
                    optimum.and_then(|optimum| optimum.lengths.iter().find(|(count, _)| *count == workers));
                readings.push(Reading {
                    system,
                    graph: scaled.graph.name.clone(),
                    nodes: scaled.graph.nodes,
                    workers,
                    makespan,
                    predicted: scaled.predicted(system, workers),
                    bound: scaled.lower_bound(workers),
                    optimum: length.map(|(_, length)| scaled.milliseconds(*length)),
                });
            }
        }
        Ok(readings)
    }
}

impl Reading {
    fn tsv(&self) -> String {
        let Self { system, graph, nodes, workers, makespan, predicted, bound, optimum } = self;
        let [predicted, optimum] =
            [predicted, optimum].map(|time| time.map_or(String::new(), |time| format!("{time:.2}")));
        format!("{system}\t{graph}\t{nodes}\t{workers}\t{makespan:.2}\t{predicted}\t{bound:.2}\t{optimum}")
    }

    /// How long it took, by how long it was to take.
    fn by_prediction(&self) -> Option<f64> {
        self.predicted.map(|predicted| self.makespan / predicted)
    }
}

fn print(readings: &[Reading]) {
    let mut table = Table::new(&[
        "graph",
        "system",
        "workers",
        "makespan ms",
        "predicted ms",
        "/ predicted",
        "lower bound ms",
        "/ bound",
    ]);
    for it in readings {
        let names = [it.graph.clone(), it.system.to_string(), it.workers.to_string()];
        let known = |time: Option<f64>| time.map_or("-".to_owned(), number);
        let prediction = [known(it.predicted), known(it.by_prediction())];
        let bound = [it.bound, it.makespan / it.bound].map(number);
        table.row(names.into_iter().chain([number(it.makespan)]).chain(prediction).chain(bound));
    }
    println!("{table}");
}

/// How far off the predictions are, over all graphs.
fn print_predictions<'r>(readings: impl Iterator<Item = &'r Reading>) {
    let mut ratios: Vec<((SystemId, usize), Vec<f64>)> = Vec::new();
    for (key, ratio) in readings.filter_map(|it| Some(((it.system, it.workers), it.by_prediction()?))) {
        match ratios.iter_mut().find(|(other, _)| *other == key) {
            Some((_, ratios)) => ratios.push(ratio),
            None => ratios.push((key, vec![ratio])),
        }
    }
    if ratios.is_empty() {
        return;
    }
    let mut table =
        Table::new(&["all graphs", "workers", "graphs", "makespan / predicted", "lowest", "highest"]);
    for ((system, workers), ratios) in ratios {
        let names = [system.to_string(), workers.to_string(), ratios.len().to_string()];
        let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = ratios.iter().copied().fold(0.0, f64::max);
        table.row(names.into_iter().chain([median(&ratios), lowest, highest].map(number)));
    }
    println!("{table}");
}

/// One line for all Standard Task Graphs together.
fn print_stg(readings: &[Reading]) {
    if readings.is_empty() {
        return;
    }
    let mut table =
        Table::new(&["Standard Task Graphs", "workers", "graphs", "makespan / optimum", "worst", "/ bound"]);
    let mut seen = Vec::new();
    for it in readings {
        if seen.contains(&(it.system, it.workers)) {
            continue;
        }
        seen.push((it.system, it.workers));
        let same =
            || readings.iter().filter(|other| (other.system, other.workers) == (it.system, it.workers));
        let ratios: Vec<f64> = same().filter_map(|other| Some(other.makespan / other.optimum?)).collect();
        let bounds: Vec<f64> = same().map(|other| other.makespan / other.bound).collect();
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        let names = [it.system.to_string(), it.workers.to_string(), ratios.len().to_string()];
        table.row(names.into_iter().chain([median(&ratios), worst, median(&bounds)].map(number)));
    }
    println!("{table}");
}

fn figure(readings: &[Reading], spin: bool) -> Figure<'static> {
    let mut figure = Figure {
        title: if spin {
            "Makespan by number of workers, busy nodes"
        } else {
            "Makespan by number of workers, sleeping nodes"
        },
        x: Axis::log("workers"),
        y: Axis::log("makespan, ms"),
        panels: Vec::new(),
    };
    for reading in readings {
        let workers = reading.workers as f64;
        figure.add_point(&reading.graph, reading.system.name(), (workers, reading.makespan));
    }
    let mut bounds: Vec<(&str, Vec<(f64, f64)>)> = Vec::new();
    for reading in readings {
        let point = (reading.workers as f64, reading.bound);
        match bounds.iter_mut().find(|(graph, _)| *graph == reading.graph) {
            Some((_, points)) if points.last() == Some(&point) => {}
            Some((_, points)) => points.push(point),
            None => bounds.push((&reading.graph, vec![point])),
        }
    }
    for (graph, points) in bounds {
        figure.add(graph, Line { name: "lower bound".to_owned(), points, dashed: true });
    }
    figure
}
