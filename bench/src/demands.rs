//! `demands`: what it costs a typed graph that its nodes have priorities, or that one is bound or two are
//! limited.

use crate::busy::Watch;
use crate::compare::{Row, Series};
use crate::graph::Source;
use crate::grid::{Cell, grid};
use crate::options::{Format, Nodes, Options, Shapes, Timing};
use crate::plot::bars::{Bar, Bars};
use crate::system::SystemId;
use crate::table::duration;
use clap::Args;
use dgraph_tests::shapes::Shape;
use std::error::Error;

/// The options of `demands`.
#[derive(Args, Clone, Debug)]
pub struct Demands {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    #[command(flatten)]
    nodes: Nodes,
    #[command(flatten)]
    timing: Timing,
    /// Steps of the node body, about 1.1 ns each, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "STEPS", default_values_t = GRAINS)]
    grains: Vec<u64>,
}

/// Nothing, and about 85 ns, 280 ns and 830 ns.
const GRAINS: [u64; 4] = [0, 100, 280, 790];
/// A wave of 100 × 100.
const NODES: usize = 10_000;
/// The graph without demands, which the others are compared with.
const WITHOUT: SystemId = SystemId::DgraphTyped;

impl Demands {
    /// Measures and prints. The graph without demands is always among the systems.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong or ran nodes in a wrong order, or a file can't be read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let default = [WITHOUT, SystemId::DgraphRanked, SystemId::DgraphBound, SystemId::DgraphLimited];
        let mut systems = self.options.systems_or(&default);
        if !systems.contains(&WITHOUT) {
            systems.insert(0, WITHOUT);
        }
        let (watch, plan) = (Watch::start(), self.timing.plan());
        let mut rows = Vec::new();
        for source in self.shapes.or([Source::Shape(Shape::Wave)]) {
            let nodes = self.nodes.nodes.or_else(|| Some(source.default_nodes()?.min(NODES)));
            for &grain in &self.grains {
                let series = Series { source: &source, nodes, grain, yields: false, plan };
                let measured = series.measure(&systems, &self.options.thread_counts())?;
                for remark in measured.remarks {
                    eprintln!("{source}, grain {grain}: {remark}");
                }
                rows.extend(measured.rows);
            }
        }
        match self.options.format {
            Format::Tsv => print_tsv(&rows),
            Format::Table => print(&rows),
        }
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            let title = "Median time a node, logarithmic; shorter is better";
            let mut bars = Bars { title, format: duration, panels: Vec::new() };
            for row in &rows {
                bars.add(&row.graph(), Bar::new(row.system, row.threads, row.median));
            }
            bars.draw(file)?;
        }
        Ok(())
    }
}

/// The row's time as a multiple of what this system takes on so many threads. NaN if it wasn't measured.
fn times(rows: &[Row], row: &Row, system: SystemId, threads: usize) -> f64 {
    let same = |other: &&Row| other.shape == row.shape && other.grain == row.grain;
    let other = rows.iter().filter(same).find(|other| (other.system, other.threads) == (system, threads));
    other.map_or(f64::NAN, |other| row.median / other.median)
}

fn times_without(rows: &[Row], row: &Row) -> f64 {
    times(rows, row, WITHOUT, row.threads)
}

fn times_alone(rows: &[Row], row: &Row) -> f64 {
    times(rows, row, row.system, 1)
}

fn print_tsv(rows: &[Row]) {
    println!("{}\ttimes_without\ttimes_one_thread", Row::COLUMNS);
    for row in rows {
        println!("{}\t{:.3}\t{:.3}", row.tsv(), times_without(rows, row), times_alone(rows, row));
    }
}

fn print(rows: &[Row]) {
    let print = |title: &str, measure: &dyn Fn(&Row) -> f64| {
        let cells = rows.iter().map(|row| Cell {
            graph: &row.shape,
            system: row.system,
            threads: row.threads,
            grain: row.grain,
            value: measure(row),
        });
        println!("{title}\n{}", grid(&cells.collect::<Vec<_>>()));
    };
    print("Median ns a node:", &|row| row.median);
    print("As a multiple of the graph without demands, on as many threads:", &|row| times_without(rows, row));
    print("As a multiple of the same graph on one thread:", &|row| times_alone(rows, row));
}
