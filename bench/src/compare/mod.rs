//! `compare`: time a node, of every system on every shape.

mod print;
mod row;
mod series;

pub(crate) use print::summary;
pub use row::Row;
pub(crate) use series::Series;

use crate::busy::Watch;
use crate::graph::Source;
use crate::options::{Format, Nodes, Options, Shapes, Timing};
use crate::plot::bars::{Bar, Bars};
use crate::system::SystemId;
use crate::table::duration;
use clap::Args;
use dgraph_tests::shapes::Shape;
use std::error::Error;
use std::path::Path;

/// The options of `compare`.
#[derive(Args, Clone, Debug)]
pub struct Compare {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    #[command(flatten)]
    nodes: Nodes,
    #[command(flatten)]
    timing: Timing,
    /// Steps of the node body, about 1.1 ns each, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "STEPS", default_value = "0")]
    grains: Vec<u64>,
}

impl Compare {
    /// Measures and prints. `serial-kahn` is always among the systems, since the ratios refer to it.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong or ran nodes in a wrong order, or a file can't be read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let mut systems = self.options.systems_or(SystemId::ALL);
        if !systems.contains(&SystemId::SerialKahn) {
            systems.insert(0, SystemId::SerialKahn);
        }
        let sources = self.shapes.or(Shape::ALL.map(Source::Shape));
        let threads = self.options.thread_counts();
        let (watch, plan) = (Watch::start(), self.timing.plan());
        let tsv = self.options.format == Format::Tsv;
        if tsv {
            println!("{}", Row::COLUMNS);
        }
        let mut rows = Vec::new();
        for source in &sources {
            for &grain in &self.grains {
                let series = Series { source, nodes: self.nodes.nodes, grain, yields: false, plan };
                let measured = series.measure(&systems, &threads)?;
                if tsv {
                    print::tsv(&measured);
                } else {
                    print::table(&measured);
                }
                rows.extend(measured.rows);
            }
        }
        if !tsv {
            summary(&rows);
        }
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            draw(file, &rows)?;
        }
        Ok(())
    }
}

/// The medians of single-threaded systems, and of the others on the largest number of threads.
fn draw(file: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let title = "Median time a node (diamond: a run), logarithmic; shorter is better";
    let mut bars = Bars { title, format: duration, panels: Vec::new() };
    let most = rows.iter().map(|row| row.threads).max().unwrap_or(1);
    for row in rows.iter().filter(|row| row.threads == most || !row.system.is_parallel()) {
        bars.add(&row.graph(), Bar::new(row.system, row.threads, row.shown()));
    }
    bars.draw(file)
}
