//! The readings as text.

use super::cell::Cell;
use super::reading::{FEW, Reading, SLOW};
use crate::grid;
use crate::system::SystemId;
use crate::table::{Table, duration, number};

pub(super) const COLUMNS: &str = "system\tshape\tthreads\tgrain\tnodes\tedges\trun_ns_per_node_median\t\
                                  times_crossbeam_keep_one\ttimes_serial_topo\tfirst_run\tfirst_runs\tslow_percent\t\
                                  run_ns_p99\trun_ns_max\tgraphs\truns";

/// Tab-separated values; remarks go to standard error.
pub(super) fn tsv(cell: &Cell) {
    let Cell { graph, grain, .. } = cell;
    for reading in &cell.readings {
        let Reading { system, threads, .. } = reading;
        let ratios = [SystemId::CrossbeamKeepOne, SystemId::SerialTopo].map(|it| cell.times(reading, it));
        let ratios =
            ratios.into_iter().chain([reading.first_run(), reading.first_runs(), 100.0 * reading.slow()]);
        let ratios: Vec<String> = ratios.map(|ratio| format!("{ratio:.3}")).collect();
        println!(
            "{system}\t{}\t{threads}\t{grain}\t{}\t{}\t{:.2}\t{}\t{:.0}\t{:.0}\t{}\t{}",
            graph.name,
            graph.nodes,
            graph.edges.len(),
            cell.per_node(reading),
            ratios.join("\t"),
            reading.percentile(99),
            reading.percentile(100),
            reading.graphs(),
            reading.runs(),
        );
    }
    for remark in &cell.remarks {
        eprintln!("{}: {remark}", graph.name);
    }
    if cell.load.is_too_much() {
        eprintln!("{}, grain {grain}: {}", graph.name, cell.load);
    }
}

/// A table with a heading and remarks.
pub(super) fn table(cell: &Cell, first: u16) {
    let Cell { graph, grain, .. } = cell;
    println!("{}, grain {grain}: {} nodes, {} edges", graph.name, graph.nodes, graph.edges.len());
    let first = format!("first {first}");
    let slow = format!("> {SLOW} ×, %");
    let mut table = Table::new(&[
        "system",
        "T",
        "ns/node",
        "× crossbeam",
        "× serial",
        "first run",
        &first,
        &slow,
        "99 %",
        "slowest",
        "graphs",
        "runs",
    ]);
    for reading in &cell.readings {
        let numbers = [
            cell.per_node(reading),
            cell.times(reading, SystemId::CrossbeamKeepOne),
            cell.times(reading, SystemId::SerialTopo),
            reading.first_run(),
            reading.first_runs(),
            reading.slow_percent(),
        ];
        let times = [reading.percentile(99), reading.percentile(100)];
        let counts = [reading.graphs(), reading.runs()].map(|count| count.to_string());
        let names = [reading.system.to_string(), reading.threads.to_string()];
        table.row(names.into_iter().chain(numbers.map(number)).chain(times.map(duration)).chain(counts));
    }
    print!("{table}");
    for remark in &cell.remarks {
        println!("  {remark}");
    }
    if cell.load.is_too_much() {
        println!("  {}", cell.load);
    }
    println!();
}

/// For each measure a table: systems and graphs down, bodies across.
pub(super) fn summaries(cells: &[Cell], first: u16) {
    summary("Steady time, as a multiple of crossbeam-keep-one's:", cells, |cell, reading| {
        cell.times(reading, SystemId::CrossbeamKeepOne)
    });
    let title =
        format!("Mean time of the first {first} runs of a new graph, as a multiple of its steady time:");
    summary(&title, cells, |_, reading| reading.first_runs());
    let title =
        format!("Steady runs that take more than {SLOW} times the median, in % (– below {FEW} runs):");
    summary(&title, cells, |_, reading| reading.slow_percent());
}

fn summary(title: &str, cells: &[Cell], measure: impl Fn(&Cell, &Reading) -> f64) {
    let values = cells.iter().flat_map(|cell| cell.readings.iter().map(move |reading| (cell, reading)));
    let values = values.map(|(cell, reading)| grid::Cell {
        graph: &cell.graph.name,
        system: reading.system,
        threads: reading.threads,
        grain: cell.grain,
        value: measure(cell, reading),
    });
    println!("{title}\n{}", grid::grid(&values.collect::<Vec<_>>()));
}
