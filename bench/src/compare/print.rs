//! The comparison as text.

use super::Row;
use super::series::Measured;
use crate::system::SystemId;
use crate::table::{Table, number};

/// One graph's rows as tab-separated values; remarks go to standard error.
pub(super) fn tsv(measured: &Measured) {
    for row in &measured.rows {
        println!("{}", row.tsv());
    }
    let shape = measured.rows.first().map_or("", |row| &row.shape);
    for remark in &measured.remarks {
        eprintln!("{shape}: {remark}");
    }
    if measured.load.is_too_much() {
        eprintln!("{shape}: {}", measured.load);
    }
}

/// One graph's rows as a table with a heading and remarks.
pub(super) fn table(measured: &Measured) {
    let Some(first) = measured.rows.first() else { return };
    println!("{}, grain {}: {} nodes, {} edges", first.shape, first.grain, first.nodes, first.edges);
    let kahn = measured.rows.iter().find(|row| row.system == SystemId::SerialKahn);
    let kahn = kahn.map_or(f64::NAN, |row| row.median);
    let mut table =
        Table::new(&["system", "threads", "build ns/node", "run ns/node", "min", "× serial-kahn", "runs"]);
    for row in &measured.rows {
        let times = [row.build, row.median, row.minimum, row.median / kahn].map(number);
        let cells = [row.system.to_string(), row.threads.to_string()].into_iter().chain(times);
        table.row(cells.chain([row.runs.to_string()]));
    }
    print!("{table}");
    for remark in &measured.remarks {
        println!("  {remark}");
    }
    if measured.load.is_too_much() {
        println!("  {}", measured.load);
    }
    println!();
}

/// The medians of all graphs in one table: systems down, shapes across.
pub(crate) fn summary(rows: &[Row]) {
    let (mut graphs, mut systems) = (Vec::new(), Vec::new());
    for row in rows {
        if !graphs.contains(&row.graph()) {
            graphs.push(row.graph());
        }
        if !systems.contains(&(row.system, row.threads)) {
            systems.push((row.system, row.threads));
        }
    }
    systems.sort_by_key(|(system, _)| SystemId::ALL.iter().position(|other| other == system));
    println!("Median ns a node; of graphs with fewer than ten nodes, ns a run:");
    let headings: Vec<&str> = ["system", "T"].into_iter().chain(graphs.iter().map(String::as_str)).collect();
    let mut table = Table::new(&headings);
    for (system, threads) in systems {
        let cell = |graph: &String| {
            let of_cell =
                |row: &&Row| (row.system, row.threads) == (system, threads) && row.graph() == *graph;
            number(rows.iter().find(of_cell).map_or(f64::NAN, Row::shown))
        };
        table.row([system.to_string(), threads.to_string()].into_iter().chain(graphs.iter().map(cell)));
    }
    println!("{table}");
}
