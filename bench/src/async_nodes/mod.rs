//! `async`: what a node costs that is a future, when it is ready at once, yields once, or waits for a timer.

mod print;
mod remarks;
mod timers;

use crate::busy::Watch;
use crate::compare::{Row, Series};
use crate::graph::Source;
use crate::lineup::Lineup;
use crate::options::{Format, Nodes, Options, Shapes, Timing};
use crate::plot::bars::{Bar, Bars};
use crate::system::SystemId;
use crate::table::duration;
use clap::Args;
use dgraph_tests::shapes::Shape;
use remarks::Remarks;
use std::error::Error;
use std::path::Path;

/// The options of `async`.
#[derive(Args, Clone, Debug)]
pub struct AsyncNodes {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    #[command(flatten)]
    nodes: Nodes,
    #[command(flatten)]
    timing: Timing,
    /// How many timers of 10 ms one graph waits for; 0 leaves that out
    #[arg(long, default_value_t = 100_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    timers: u32,
}

/// One system on one graph.
struct Reading {
    row: Row,
    yields: bool,
    /// What a run allocates that is not the first one.
    allocations: u64,
}

impl AsyncNodes {
    /// Measures and prints.
    ///
    /// # Errors
    ///
    /// If a system runs no futures, computed what is wrong or ran nodes in a wrong order, or a file can't be
    /// read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let all: Vec<SystemId> = SystemId::ALL.iter().copied().filter(|system| system.is_async()).collect();
        let systems = self.options.systems_or(&all);
        if let Some(system) = systems.iter().find(|system| !system.is_async()) {
            return Err(format!("{system}'s nodes are no futures").into());
        }
        let watch = Watch::start();
        let tsv = self.options.format == Format::Tsv;
        if tsv {
            println!("{}", print::COLUMNS);
        }
        let (mut readings, mut remarks) = (Vec::new(), Remarks::default());
        for source in &self.shapes.or(Shape::ALL.map(Source::Shape)) {
            for yields in [false, true] {
                let measured = self.measure(source, yields, &systems, &mut remarks)?;
                if tsv {
                    print::tsv(&measured);
                }
                readings.extend(measured);
            }
        }
        let timers = match self.timers as usize {
            0 => Vec::new(),
            timers => timers::measure(timers, self.options.most_threads(), &self.timing.plan())?,
        };
        if tsv {
            timers.iter().for_each(timers::Reading::print_tsv);
            eprint!("{remarks}");
        } else {
            print::tables(&readings);
            print!("{remarks}");
            timers::print(&timers);
        }
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            draw(file, &readings)?;
        }
        Ok(())
    }

    fn measure(
        &self,
        source: &Source,
        yields: bool,
        systems: &[SystemId],
        remarks: &mut Remarks,
    ) -> Result<Vec<Reading>, Box<dyn Error>> {
        let watch = Watch::start();
        let series = Series { source, nodes: self.nodes.nodes, grain: 0, yields, plan: self.timing.plan() };
        let mut lineup = series.line_up(systems, &self.options.thread_counts())?;
        let allocations = allocations(&mut lineup)?;
        let busy = watch.load().is_too_much().then(|| watch.load().to_string());
        remarks.add(&format!("{source} {}", print::what(yields)), lineup.remarks().into_iter().chain(busy));
        let rows = series.rows(&lineup).into_iter().zip(allocations);
        Ok(rows.map(|(row, allocations)| Reading { row, yields, allocations }).collect())
    }
}

/// Of each system: what one more run allocates.
fn allocations(lineup: &mut Lineup) -> Result<Vec<u64>, String> {
    let mut all = Vec::new();
    lineup.each(|_, contender| {
        all.push(contender.count_one().allocations);
        Ok(())
    })?;
    Ok(all)
}

fn draw(file: &Path, readings: &[Reading]) -> Result<(), Box<dyn Error>> {
    let title = "Median time a node that is a future (diamond: a run), logarithmic; shorter is better";
    let mut bars = Bars { title, format: duration, panels: Vec::new() };
    for Reading { row, yields, .. } in readings {
        let panel = format!("{}, {}", row.graph(), print::what(*yields));
        bars.add(&panel, Bar::new(row.system, row.threads, row.shown()));
    }
    bars.draw(file)
}
