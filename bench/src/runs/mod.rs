//! `runs`: the first runs of a new graph, the steady ones, and how far single ones are off.
//!
//! A graph is run in the way that its earlier runs found best, so the first ones may take longer; and each
//! system has runs that take longer than others. Medians of many runs show neither.

mod cell;
mod figure;
mod print;
mod reading;

use crate::body::{Grain, Stamp};
use crate::busy::Watch;
use crate::graph::Source;
use crate::lineup::Lineup;
use crate::measure::Plan;
use crate::options::{Format, Nodes, Options, Shapes, cores, seconds};
use crate::slots::Slots;
use crate::system::SystemId;
use cell::Cell;
use clap::Args;
use dgraph_tests::shapes::Shape;
use reading::{Reading, Round};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The options of `runs`.
#[derive(Args, Clone, Debug)]
pub struct Runs {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    #[command(flatten)]
    nodes: Nodes,
    /// Steps of the node body, about 1.1 ns each, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "STEPS", default_values_t = GRAINS)]
    grains: Vec<u64>,
    /// How many runs of a new graph are its first ones
    #[arg(long, value_name = "RUNS", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    first: u16,
    /// How many new graphs each system gets
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    graphs: u16,
    /// How many steady runs of one graph are timed
    #[arg(long, value_name = "RUNS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(ROUNDS as i64..=1_000_000))]
    stretch: u32,
    /// Seconds after which a system gets fewer new graphs, but one in each round; and then fewer steady runs
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    seconds: f64,
}

/// About 85 ns, 280 ns, 830 ns, 2.5 µs and 10 µs.
const GRAINS: [u64; 5] = [100, 280, 790, 2_300, 9_300];
/// In each round every system has its turn.
const ROUNDS: usize = 5;
/// So many layers, and so wide a grid: graphs that people have.
const LAYERS: usize = 100;
const NODES: usize = 10_000;

impl Runs {
    /// Measures and prints. `serial-topo` and `crossbeam-keep-one` are always among the systems, since the
    /// ratios refer to them.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong or ran nodes in a wrong order, or a file can't be read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let default = [SystemId::Dgraph, SystemId::DgraphTyped];
        let mut systems = self.options.systems_or(&default);
        systems.retain(|&system| system != SystemId::SerialTopo && system != SystemId::CrossbeamKeepOne);
        systems.insert(0, SystemId::SerialTopo);
        systems.push(SystemId::CrossbeamKeepOne);
        let threads = match self.options.threads.is_empty() {
            true => vec![cores()],
            false => self.options.thread_counts(),
        };
        let sources = [Source::Shape(Shape::Wave), Source::Layers(40), Source::Layers(4), Source::Frame];
        let (watch, tsv) = (Watch::start(), self.options.format == Format::Tsv);
        if tsv {
            println!("{}", print::COLUMNS);
        }
        let mut cells = Vec::new();
        for source in self.shapes.or(sources) {
            for &grain in &self.grains {
                let cell = self.measure(&source, grain, &systems, &threads)?;
                if tsv {
                    print::tsv(&cell);
                } else {
                    print::table(&cell, self.first);
                }
                cells.push(cell);
            }
        }
        if !tsv {
            print::summaries(&cells, self.first);
        }
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            figure::of(&cells, self.first).draw(file)?;
        }
        Ok(())
    }

    fn measure(
        &self,
        source: &Source,
        grain: u64,
        systems: &[SystemId],
        threads: &[usize],
    ) -> Result<Cell, String> {
        let watch = Watch::start();
        let graph = Arc::new(source.graph(Some(self.size(source)))?);
        let [began, ended, out] = [(); 3].map(|()| Slots::new(graph.nodes));
        let (body, stamp) = (Grain::new(out, grain), Stamp::new(began, ended));
        let mut lineup = Lineup::new(Plan::new(0, Duration::ZERO));
        for &system in systems {
            lineup.add(system, threads, &graph, body, Some(stamp))?;
        }
        let mut readings: Vec<Reading> =
            lineup.results().map(|(entry, _)| Reading::new(entry.system, entry.threads)).collect();
        for round in 0..ROUNDS {
            let mut readings = readings.iter_mut();
            lineup.each(|_, contender| {
                let reading = readings.next().expect("one for each");
                let start = Instant::now();
                let mut first = Vec::new();
                for _ in 0..self.share(usize::from(self.graphs), round).max(1) {
                    first.push(contender.first_runs(usize::from(self.first))?);
                    if start.elapsed() > self.cap() {
                        break;
                    }
                }
                // The first ones of the graph that is kept aren't steady. It runs again after others had
                // their turns.
                let warm_ups = if round == 0 { usize::from(self.first) } else { 1 };
                let runs = self.share(self.stretch as usize, round);
                let steady = contender.single_runs(warm_ups, runs, self.cap())?;
                reading.rounds.push(Round { first, steady });
                Ok(())
            })?;
        }
        let (remarks, load) = (lineup.remarks(), watch.load());
        Ok(Cell { graph, grain, readings, remarks, load })
    }

    /// About how many nodes, where that can be chosen.
    fn size(&self, source: &Source) -> usize {
        self.nodes.nodes.unwrap_or(match source {
            Source::Layers(width) => LAYERS * *width as usize,
            other => other.default_nodes().unwrap_or(NODES).min(NODES),
        })
    }

    /// How many of so many belong to this round.
    fn share(&self, count: usize, round: usize) -> usize {
        count * (round + 1) / ROUNDS - count * round / ROUNDS
    }

    /// How long a round may take, of new graphs and of steady runs.
    fn cap(&self) -> Duration {
        Duration::from_secs_f64(self.seconds / ROUNDS as f64)
    }
}
