//! Bars on a logarithmic axis: panels of labelled bars.

use super::style::{GREY, PALE, colour, text, width};
use crate::system::SystemId;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::error::Error;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// A picture of several panels, two in a line.
#[derive(Clone, Debug)]
pub struct Bars<'a> {
    /// Above the picture.
    pub title: &'a str,
    /// How to write a value beside its bar.
    pub format: fn(f64) -> String,
    /// The panels: a title, and the bars from top to bottom.
    pub panels: Vec<(String, Vec<Bar>)>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    label: String,
    value: f64,
    colour: RGBColor,
}

const COLUMNS: usize = 2;
const PANEL_WIDTH: i32 = 560;
const BAR: i32 = 18;
const FONT: i32 = 13;
const TITLE: i32 = 50;
const PANEL_TITLE: i32 = 30;
const BELOW: i32 = 14;
/// Room for a value beside the longest bar.
const VALUE: &str = "99.9 bytes";

impl Bar {
    /// A bar for a system, labelled with its number of threads if it can have several. Bars of serial loops,
    /// of this project and of others have different colours.
    #[must_use]
    pub fn new(system: SystemId, threads: usize, value: f64) -> Self {
        let kind = match system.name() {
            name if name.starts_with("serial") => 7,
            name if name.starts_with("dgraph") => 0,
            _ => 4,
        };
        Self { label: system.label(threads), value, colour: colour(kind) }
    }
}

impl Bars<'_> {
    /// Adds a bar to the panel of this title, which is made if there is none.
    pub fn add(&mut self, panel: &str, bar: Bar) {
        match self.panels.iter_mut().find(|(other, _)| other == panel) {
            Some((_, bars)) => bars.push(bar),
            None => self.panels.push((panel.to_owned(), vec![bar])),
        }
    }

    /// Writes the picture.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn draw(&self, file: &Path) -> Drawn {
        let bars = self.panels.iter().map(|(_, bars)| bars.len()).max().unwrap_or(0);
        let height = PANEL_TITLE + BAR * i32::try_from(bars)? + BELOW;
        let lines = i32::try_from(self.panels.len().div_ceil(COLUMNS))?;
        let columns = i32::try_from(self.panels.len().clamp(1, COLUMNS))?;
        let size = (u32::try_from(columns * PANEL_WIDTH)?, u32::try_from(TITLE + lines * height)?);
        let area = SVGBackend::new(file, size).into_drawing_area();
        area.fill(&WHITE)?;
        let middle = (columns * PANEL_WIDTH / 2, TITLE / 2);
        area.draw(&Text::new(self.title.to_owned(), middle, text(18, HPos::Center)))?;
        for (number, (name, bars)) in self.panels.iter().enumerate() {
            let (line, column) = (i32::try_from(number / COLUMNS)?, i32::try_from(number % COLUMNS)?);
            self.panel(&area, (column * PANEL_WIDTH, TITLE + line * height), name, bars)?;
        }
        area.present()?;
        Ok(())
    }

    fn panel(&self, area: &Area<'_>, (left, top): (i32, i32), name: &str, bars: &[Bar]) -> Drawn {
        let labels = 16 + bars.iter().map(|bar| width(&bar.label, FONT)).max().unwrap_or(0);
        let (start, end) = (left + labels, left + PANEL_WIDTH - 10 - width(VALUE, FONT));
        // From the power of ten below the least value to the one above the greatest. Nothing has no
        // logarithm.
        let values = || bars.iter().map(|bar| bar.value).filter(|&value| value > 0.0);
        let low = values().fold(f64::INFINITY, f64::min).min(1e9).log10().floor();
        let high = values().fold(0.0, f64::max).log10().ceil().max(low + 1.0);
        let at = |value: f64| pixel(start, end, (value.log10() - low) / (high - low));
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
            let (middle, right) = (y + BAR / 2, at(bar.value));
            area.draw(&Text::new(bar.label.clone(), (start - 6, middle), text(FONT, HPos::Right)))?;
            area.draw(&Rectangle::new([(start, y + 2), (right, y + BAR - 2)], bar.colour.filled()))?;
            area.draw(&Text::new((self.format)(bar.value), (right + 5, middle), text(FONT, HPos::Left)))?;
        }
        area.draw(&PathElement::new([(start, top + PANEL_TITLE), (start, bottom)], GREY))?;
        Ok(())
    }
}

#[allow(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn pixel(start: i32, end: i32, part: f64) -> i32 {
    start + (f64::from(end - start) * part.clamp(0.0, 1.0)).round() as i32
}
