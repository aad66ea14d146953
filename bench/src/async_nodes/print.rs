//! Times and allocations of futures as text.

use super::Reading;
use crate::compare::{Row, summary};
use crate::system::SystemId;
use crate::table::{Table, number};

/// The names of the tab-separated columns.
pub(super) const COLUMNS: &str = "system\tshape\tfutures\tthreads\tnodes\tedges\trun_ns_per_node_median\t\
                                  run_ns_per_node_min\tallocations_per_run";

/// What the nodes do.
pub(super) fn what(yields: bool) -> &'static str {
    if yields { "one yield" } else { "ready" }
}

/// One graph's readings as tab-separated values.
pub(super) fn tsv(readings: &[Reading]) {
    for Reading { row, yields, allocations } in readings {
        let Row { system, shape, threads, nodes, edges, median, minimum, .. } = row;
        let what = what(*yields);
        println!(
            "{system}\t{shape}\t{what}\t{threads}\t{nodes}\t{edges}\t{median:.2}\t{minimum:.2}\t{allocations}"
        );
    }
}

/// A table of times for nodes that are ready and one for nodes that yield, and one of allocations.
pub(super) fn tables(readings: &[Reading]) {
    for (yields, title) in [(false, "Futures that are ready at once."), (true, "Futures that yield once.")] {
        println!("{title}");
        let rows = readings.iter().filter(|reading| reading.yields == yields);
        summary(&rows.map(|reading| reading.row.clone()).collect::<Vec<_>>());
    }
    println!("Allocations a node in a repeated run, where they are most:");
    let mut table = Table::new(&["system", "T", what(false), what(true)]);
    for (system, threads) in pairs(readings) {
        let most = |yields| {
            let cells = readings.iter().filter(|reading| {
                (reading.row.system, reading.row.threads, reading.yields) == (system, threads, yields)
            });
            cells.map(|reading| reading.allocations as f64 / reading.row.nodes as f64).fold(0.0, f64::max)
        };
        let cells = [system.to_string(), threads.to_string()];
        table.row(cells.into_iter().chain([false, true].map(|yields| allocations(most(yields)))));
    }
    println!("{table}");
}

/// Systems and threads, in the order of the systems.
fn pairs(readings: &[Reading]) -> Vec<(SystemId, usize)> {
    let position = |system| SystemId::ALL.iter().position(|&other| other == system);
    let mut pairs: Vec<_> =
        readings.iter().map(|reading| (reading.row.system, reading.row.threads)).collect();
    pairs.sort_by_key(|&(system, threads)| (position(system), threads));
    pairs.dedup();
    pairs
}

/// A plain 0 if there are none at all: 0.00 would also be what rounds to it.
pub(super) fn allocations(count: f64) -> String {
    if count == 0.0 { "0".to_owned() } else { number(count) }
}
