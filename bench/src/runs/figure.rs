//! The readings as a picture: a line of panels for each graph.

use super::cell::Cell;
use super::reading::SLOW;
use crate::plot::lines::{Axis, Figure};
use crate::system::SystemId;

/// Efficiency, first runs and slow runs by the body. One without steps has no place on the axis.
pub(super) fn of(cells: &[Cell], first: u16) -> Figure<'static> {
    let mut figure = Figure {
        title: "First and steady runs by the length of the body",
        x: Axis::log("steps of the body, about 1.1 ns each"),
        y: Axis::linear(""),
        panels: Vec::new(),
    };
    let panels = [
        "efficiency, %".to_owned(),
        format!("first {first} runs / steady"),
        format!("runs over {SLOW} × the median, %"),
    ];
    for cell in cells.iter().filter(|cell| cell.grain > 0) {
        for reading in &cell.readings {
            let name = reading.system.label(reading.threads);
            let efficiency = 100.0 / (reading.threads as f64 * cell.times(reading, SystemId::SerialTopo));
            let values = [efficiency, reading.first_runs(), reading.slow_percent()];
            for (panel, value) in panels.iter().zip(values).filter(|(_, value)| value.is_finite()) {
                let point = (cell.grain as f64, value);
                figure.add_point(&format!("{}: {panel}", cell.graph.name), &name, point);
            }
        }
    }
    figure
}
