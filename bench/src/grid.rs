//! Tables of one measure: graphs and systems down, bodies across.

use crate::system::SystemId;
use crate::table::{Table, number};

/// A value, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The graph's name.
    pub graph: &'a str,
    /// The system.
    pub system: SystemId,
    /// How many threads execute nodes.
    pub threads: usize,
    /// Steps of the node body.
    pub grain: u64,
    /// What was measured.
    pub value: f64,
}

impl Cell<'_> {
    fn row(&self) -> (&str, SystemId, usize) {
        (self.graph, self.system, self.threads)
    }
}

/// The table of these values, rows and columns in the order of their first values. A dash where there is
/// none.
#[must_use]
pub fn grid(cells: &[Cell<'_>]) -> Table {
    let (mut rows, mut grains) = (Vec::new(), Vec::new());
    for cell in cells {
        if !rows.contains(&cell.row()) {
            rows.push(cell.row());
        }
        if !grains.contains(&cell.grain) {
            grains.push(cell.grain);
        }
    }
    let headings: Vec<String> = grains.iter().map(|grain| format!("grain {grain}")).collect();
    let headings: Vec<&str> =
        ["graph", "system", "T"].into_iter().chain(headings.iter().map(String::as_str)).collect();
    let mut table = Table::new(&headings);
    for (graph, system, threads) in rows {
        let value = |&grain: &u64| {
            let of_cell = |cell: &&Cell<'_>| cell.row() == (graph, system, threads) && cell.grain == grain;
            number(cells.iter().find(of_cell).map_or(f64::NAN, |cell| cell.value))
        };
        let names = [graph.to_owned(), system.to_string(), threads.to_string()];
        table.row(names.into_iter().chain(grains.iter().map(value)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_its_place() {
        let cell = |graph, grain, value| Cell { graph, system: SystemId::Dgraph, threads: 2, grain, value };
        let table = grid(&[cell("wave", 0, 1.0), cell("wave", 80, 2.0), cell("frame", 80, 3.0)]);
        let expected = "graph  system  T  grain 0  grain 80\n\
                        wave   dgraph  2     1.00      2.00\n\
                        frame  dgraph  2        –      3.00\n";
        assert_eq!(table.to_string(), expected);
    }
}
