//! Bars on a logarithmic axis: one panel for each graph, one bar for each system.

use super::style::{GREY, PALE, colour, text, width};
use crate::compare::Row;
use crate::table::duration;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

const COLUMNS: usize = 2;
const PANEL_WIDTH: i32 = 560;
const BAR: i32 = 18;
const FONT: i32 = 13;
/// Room for the title of the picture, the title of a panel, and the margin under it.
const TITLE: i32 = 50;
const PANEL_TITLE: i32 = 30;
const BELOW: i32 = 14;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
struct Bar {
    label: String,
    time: f64,
    colour: RGBColor,
}

/// Draws the median time a node of each system, for single-threaded systems and the largest number of threads.
/// Bars of this project, of serial loops and of other systems differ in colour.
///
/// # Errors
///
/// If the file can't be written.
pub fn draw(file: &Path, rows: &[Row]) -> Drawn {
    let panels = panels(rows);
    let bars = panels.iter().map(|(_, bars)| bars.len()).max().unwrap_or(0);
    let height = PANEL_TITLE + BAR * i32::try_from(bars)? + BELOW;
    let lines = i32::try_from(panels.len().div_ceil(COLUMNS))?;
    let columns = i32::try_from(panels.len().clamp(1, COLUMNS))?;
    let size = (u32::try_from(columns * PANEL_WIDTH)?, u32::try_from(TITLE + lines * height)?);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    let title = "Median time a node (diamond: a run), logarithmic; shorter is better";
    area.draw(&Text::new(title, (columns * PANEL_WIDTH / 2, TITLE / 2), text(18, HPos::Center)))?;
    for (number, (name, bars)) in panels.iter().enumerate() {
        let (line, column) = (i32::try_from(number / COLUMNS)?, i32::try_from(number % COLUMNS)?);
        let origin = (column * PANEL_WIDTH, TITLE + line * height);
        panel(&area, origin, name, bars)?;
    }
    area.present()?;
    Ok(())
}

/// The bars of each graph, with its title.
fn panels(rows: &[Row]) -> Vec<(String, Vec<Bar>)> {
    let most = rows.iter().map(|row| row.threads).max().unwrap_or(1);
    let mut panels: Vec<(String, Vec<Bar>)> = Vec::new();
    for row in rows.iter().filter(|row| row.threads == most || !row.system.is_parallel()) {
        let grain = if row.grain == 0 { String::new() } else { format!(", grain {}", row.grain) };
        let title = format!("{}{grain}", row.shape);
        let time = if row.nodes < 10 { row.median * row.nodes as f64 } else { row.median };
        let bar = Bar { label: row.label(), time, colour: colour(kind(row.system.name())) };
        match panels.iter_mut().find(|(other, _)| *other == title) {
            Some((_, bars)) => bars.push(bar),
            None => panels.push((title, vec![bar])),
        }
    }
    panels
}

/// Whose it is: the serial loops', this project's, or others'.
fn kind(system: &str) -> usize {
    match system {
        name if name.starts_with("serial") => 7,
        name if name.starts_with("dgraph") => 0,
        _ => 4,
    }
}

fn panel(area: &Area<'_>, (left, top): (i32, i32), name: &str, bars: &[Bar]) -> Drawn {
    let labels = 16 + bars.iter().map(|bar| width(&bar.label, FONT)).max().unwrap_or(0);
    let values = 12 + width("99.9 µs", FONT);
    let (start, end) = (left + labels, left + PANEL_WIDTH - values);
    let times = || bars.iter().map(|bar| bar.time);
    // From the power of ten below the shortest to the one above the longest.
    let low = times().fold(f64::INFINITY, f64::min).log10().floor();
    let high = times().fold(0.0, f64::max).log10().ceil().max(low + 1.0);
    let at = |time: f64| pixel(start, end, (time.log10() - low) / (high - low));
    let bottom = top + PANEL_TITLE + BAR * i32::try_from(bars.len())?;
    area.draw(&Text::new(name.to_owned(), (start, top + PANEL_TITLE / 2), text(15, HPos::Left)))?;
    let mut power = low;
    while power <= high {
        let x = at(10_f64.powf(power));
        area.draw(&PathElement::new([(x, top + PANEL_TITLE), (x, bottom)], PALE))?;
        power += 1.0;
    }
    for (number, bar) in bars.iter().enumerate() {
        let y = top + PANEL_TITLE + BAR * i32::try_from(number)?;
        let (middle, right) = (y + BAR / 2, at(bar.time));
        area.draw(&Text::new(bar.label.clone(), (start - 6, middle), text(FONT, HPos::Right)))?;
        area.draw(&Rectangle::new([(start, y + 2), (right, y + BAR - 2)], bar.colour.filled()))?;
        area.draw(&Text::new(duration(bar.time), (right + 5, middle), text(FONT, HPos::Left)))?;
    }
    area.draw(&PathElement::new([(start, top + PANEL_TITLE), (start, bottom)], GREY))?;
    Ok(())
}

#[allow(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn pixel(start: i32, end: i32, part: f64) -> i32 {
    start + (f64::from(end - start) * part.clamp(0.0, 1.0)).round() as i32
}
