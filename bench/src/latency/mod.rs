//! `latency`: what one run of a small graph takes, when the threads are awake and when they sleep.

pub(crate) mod handover;
pub(crate) mod wake;

use crate::body::{Body, Grain};
use crate::busy::Watch;
use crate::graph::Graph;
use crate::lineup::Lineup;
use crate::measure::{Contender, nanoseconds};
use crate::options::{Format, Options, Timing};
use crate::plot::lines::{Axis, Figure};
use crate::slots::Slots;
use crate::statistics::{median, percentile};
use crate::system::SystemId;
use crate::table::{Table, duration};
use clap::Args;
use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The options of `latency`.
#[derive(Args, Clone, Debug)]
pub struct Latency {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    timing: Timing,
    /// Milliseconds to wait before a run whose threads are to be asleep
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    pause: u16,
}

/// How many nodes the graphs have.
const SIZES: [u32; 4] = [1, 4, 16, 64];
/// Runs that are timed one by one, for the percentile.
const SINGLE_RUNS: usize = 1_000;

/// One measurement.
struct Reading {
    what: &'static str,
    system: String,
    threads: usize,
    nodes: usize,
    times: Vec<f64>,
    /// In how many runs there was nothing to time.
    missed: usize,
}

impl Latency {
    /// Measures and prints.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong, or the picture can't be written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let systems = self.options.systems_or(SystemId::ALL);
        let (threads, watch) = (self.options.most_threads(), Watch::start());
        let mut readings = Vec::new();
        for size in SIZES {
            readings.extend(self.small_graph(&systems, threads, size)?);
        }
        for what in ["handover", "handover-parked"] {
            let pause = (what == "handover-parked").then(|| self.pause());
            for &system in systems.iter().filter(|system| system.is_parallel() && threads > 1) {
                match handover::measure(system, threads, self.runs(), pause) {
                    Ok((times, missed)) => {
                        let system = system.to_string();
                        readings.push(Reading { what, system, threads, nodes: 2, times, missed });
                    }
                    Err(reason) => eprintln!("{system} left out: {reason}"),
                }
            }
            for (system, apart) in [("bare unpark", false), ("bare unpark, other core", true)] {
                if let Some(times) = wake::measure(self.runs(), pause, apart) {
                    let system = system.to_owned();
                    readings.push(Reading { what, system, threads: 2, nodes: 0, times, missed: 0 });
                }
            }
        }
        self.print(&readings);
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            figure(&readings).draw(file)?;
        }
        Ok(())
    }

    fn runs(&self) -> usize {
        usize::from(self.timing.runs)
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(self.pause.into())
    }

    /// Three readings a system: many runs at once, single runs, and runs after a pause.
    fn small_graph(&self, systems: &[SystemId], threads: usize, size: u32) -> Result<Vec<Reading>, String> {
        let graph = Arc::new(if size == 4 { diamond() } else { Graph::fork(size) });
        let body = Grain::new(Slots::new(graph.nodes), 0);
        let mut lineup = Lineup::new(self.timing.plan());
        for &system in systems {
            lineup.add(system, &[threads], &graph, body, None)?;
        }
        lineup.measure()?;
        for remark in lineup.remarks() {
            eprintln!("{} nodes: {remark}", graph.nodes);
        }
        let mut readings = Vec::new();
        lineup.each(|entry, contender| {
            body.clear();
            let mut reading = |what, times| {
                let system = entry.system.to_string();
                readings.push(Reading {
                    what,
                    system,
                    threads: entry.threads,
                    nodes: graph.nodes,
                    times,
                    missed: 0,
                });
            };
            reading("warm", contender.runs.clone());
            reading("warm-single", single_runs(contender, SINGLE_RUNS.min(100 * self.runs()), None));
            reading("parked", single_runs(contender, self.runs(), Some(self.pause())));
            body.check()
        })?;
        Ok(readings)
    }

    fn print(&self, readings: &[Reading]) {
        if self.options.format == Format::Tsv {
            println!("what\tsystem\tthreads\tnodes\tmedian_ns\tp99_ns\tmissed");
            for reading in readings {
                let Reading { what, system, threads, nodes, times, missed } = reading;
                let (median, p99) = (median(times), percentile(times, 99));
                println!("{what}\t{system}\t{threads}\t{nodes}\t{median:.0}\t{p99:.0}\t{missed}");
            }
            return;
        }
        let columns = ["what", "system", "T", "nodes", "median", "99 %", "not taken over"];
        let mut table = Table::new(&columns);
        for reading in readings {
            let Reading { what, system, threads, nodes, times, missed } = reading;
            let times = [duration(median(times)), duration(percentile(times, 99))];
            let missed = if what.starts_with("handover") { missed.to_string() } else { String::new() };
            let names = [(*what).to_owned(), system.clone(), threads.to_string(), nodes.to_string()];
            table.row(names.into_iter().chain(times).chain([missed]));
        }
        println!("{table}");
        println!("warm: runs one after the other; warm-single: each timed for itself, timer included;");
        println!(
            "parked: each after a pause of {} ms; handover: from the call to the first node on",
            self.pause
        );
        println!("another thread than the first; bare unpark: from unpark to the thread's first step,");
        println!("on whatever core, which may be the waker's; other core: both pinned, to two cores.");
    }
}

/// Times runs one by one, each after a pause if there is one.
fn single_runs(contender: &mut Contender, runs: usize, pause: Option<Duration>) -> Vec<f64> {
    let times = (0..runs).map(|_| {
        if let Some(pause) = pause {
            thread::sleep(pause);
        }
        nanoseconds(contender.time_one())
    });
    times.collect()
}

fn diamond() -> Graph {
    Graph::of_shape(dgraph_tests::shapes::Shape::Diamond, 4)
}

fn figure(readings: &[Reading]) -> Figure<'_> {
    let mut figure = Figure {
        title: "Time of one run of a small graph",
        x: Axis::log("nodes"),
        y: Axis::log("median, ns"),
        panels: Vec::new(),
    };
    for reading in readings.iter().filter(|reading| ["warm", "parked"].contains(&reading.what)) {
        let point = (reading.nodes as f64, median(&reading.times));
        figure.add_point(reading.what, &reading.system, point);
    }
    figure
}
