//! Panels of lines over a logarithmic axis, with one legend beside them.

use super::style::{FONT, GREY, PALE, colour, text, width};
use plotters::coord::Shift;
use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::error::Error;
use std::ops::Range;
use std::path::Path;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The horizontal axis is logarithmic; the vertical one can be.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'a> {
    label: &'a str,
    log: bool,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// What the legend calls it. Lines of one name have one colour in all panels.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// For what was not measured: bounds, optima.
    pub dashed: bool,
}

/// Lines on common axes.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Above the panel.
    pub title: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A picture of several panels.
#[derive(Clone, Debug)]
pub struct Figure<'a> {
    /// Above the picture.
    pub title: &'a str,
    /// The horizontal axis.
    pub x: Axis<'a>,
    /// The vertical axis.
    pub y: Axis<'a>,
    /// The panels, line by line.
    pub panels: Vec<Panel>,
}

impl<'a> Axis<'a> {
    /// A logarithmic axis.
    #[must_use]
    pub const fn log(label: &'a str) -> Self {
        Self { label, log: true }
    }

    /// An axis that starts at 0.
    #[must_use]
    pub const fn linear(label: &'a str) -> Self {
        Self { label, log: false }
    }
}

const TITLE: i32 = 44;
const PANEL: (i32, i32) = (480, 360);
const MOST_COLUMNS: usize = 3;
const LEGEND_LINE: i32 = 20;
const LEGEND_FONT: i32 = 13;

impl Figure<'_> {
    /// Adds a line to the panel of this title, which is made if there is none.
    pub fn add(&mut self, panel: &str, line: Line) {
        match self.panels.iter_mut().find(|other| other.title == panel) {
            Some(panel) => panel.lines.push(line),
            None => self.panels.push(Panel { title: panel.to_owned(), lines: vec![line] }),
        }
    }

    /// Adds a point to the line of this name in the panel of this title; both are made if there are none.
    pub fn add_point(&mut self, panel: &str, name: &str, point: (f64, f64)) {
        let panel_of = |other: &&mut Panel| other.title == panel;
        let line = self.panels.iter_mut().find(panel_of).and_then(|panel| {
            let line_of = |line: &&mut Line| line.name == name;
            panel.lines.iter_mut().find(line_of)
        });
        match line {
            Some(line) => line.points.push(point),
            None => self.add(panel, Line { name: name.to_owned(), points: vec![point], dashed: false }),
        }
    }

    /// Writes the picture.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn draw(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let legend = self.legend();
        let columns = self.panels.len().clamp(1, MOST_COLUMNS);
        let rows = self.panels.len().div_ceil(columns).max(1);
        let wide = i32::try_from(columns)? * PANEL.0;
        let high = i32::try_from(rows)? * PANEL.1;
        let beside = 50 + legend.iter().map(|(name, _)| width(name, LEGEND_FONT)).max().unwrap_or(0);
        let high = high.max(40 + LEGEND_LINE * i32::try_from(legend.len())?);
        let size = (u32::try_from(wide + beside)?, u32::try_from(TITLE + high)?);
        let area = SVGBackend::new(file, size).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw(&Text::new(self.title.to_owned(), (wide / 2, TITLE / 2), text(19, HPos::Center)))?;
        let (_, below) = area.split_vertically(TITLE);
        let (charts, beside) = below.split_horizontally(wide);
        for (panel, area) in self.panels.iter().zip(charts.split_evenly((rows, columns))) {
            self.panel(&area, panel, &legend)?;
        }
        draw_legend(&beside, &legend)?;
        area.present()?;
        Ok(())
    }

    /// Each name once, and whether its lines are dashed.
    fn legend(&self) -> Vec<(&str, bool)> {
        let mut names: Vec<(&str, bool)> = Vec::new();
        for line in self.panels.iter().flat_map(|panel| &panel.lines) {
            if names.iter().all(|(name, _)| *name != line.name) {
                names.push((&line.name, line.dashed));
            }
        }
        names
    }

    fn panel(&self, area: &Area<'_>, panel: &Panel, legend: &[(&str, bool)]) -> Result<(), Box<dyn Error>> {
        area.draw(&Text::new(panel.title.clone(), (PANEL.0 / 2, 10), text(15, HPos::Center)))?;
        let (_, area) = area.split_vertically(18);
        // All panels have the same horizontal range, so that they can be compared.
        let all = || self.panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
        let range = log_range(all().map(|point| point.0));
        let ticks = few_values(all().map(|point| point.0)).unwrap_or_else(|| log_ticks(&range));
        let x = range.log_scale().with_key_points(ticks);
        let values = || panel.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        if self.y.log {
            let range = log_range(values());
            let ticks = log_ticks(&range);
            self.chart(&area, panel, legend, x, range.log_scale().with_key_points(ticks))
        } else {
            let y = 0.0..values().fold(0.0, f64::max).max(1e-9) * 1.05;
            self.chart(&area, panel, legend, x, RangedCoordf64::from(y))
        }
    }

    fn chart<X, Y>(
        &self,
        area: &Area<'_>,
        panel: &Panel,
        legend: &[(&str, bool)],
        x: X,
        y: Y,
    ) -> Result<(), Box<dyn Error>>
    where
        X: Ranged<ValueType = f64> + ValueFormatter<f64> + AsRangedCoord<Value = f64, CoordDescType = X>,
        Y: Ranged<ValueType = f64> + ValueFormatter<f64> + AsRangedCoord<Value = f64, CoordDescType = Y>,
    {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(20)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .y_desc(self.y.label)
            .x_label_formatter(&|value| short(*value))
            .y_label_formatter(&|value| short(*value))
            .axis_desc_style((FONT, 14))
            .label_style((FONT, 13))
            .axis_style(GREY)
            .bold_line_style(PALE)
            .light_line_style(TRANSPARENT)
            .draw()?;
        for line in &panel.lines {
            let number = legend.iter().position(|(name, _)| *name == line.name).unwrap_or(0);
            let style = colour(number).stroke_width(2);
            let points = line.points.iter().copied();
            if line.dashed {
                chart.draw_series(DashedLineSeries::new(points, 6, 4, style))?;
            } else {
                chart.draw_series(LineSeries::new(points.clone(), style))?;
                let dot = |point| Circle::new(point, 3, colour(number).filled());
                chart.draw_series(points.map(dot))?;
            }
        }
        Ok(())
    }
}

fn draw_legend(area: &Area<'_>, legend: &[(&str, bool)]) -> Result<(), Box<dyn Error>> {
    for (number, (name, dashed)) in legend.iter().enumerate() {
        let y = 30 + LEGEND_LINE * i32::try_from(number)?;
        let style = colour(number).stroke_width(2);
        if *dashed {
            for x in [0, 9, 18] {
                area.draw(&PathElement::new([(x, y), (x + 6, y)], style))?;
            }
        } else {
            area.draw(&PathElement::new([(0, y), (24, y)], style))?;
            area.draw(&Circle::new((12, y), 3, colour(number).filled()))?;
        }
        area.draw(&Text::new((*name).to_owned(), (32, y), text(LEGEND_FONT, HPos::Left)))?;
    }
    Ok(())
}

/// From a little below the least to a little above the greatest value.
fn log_range(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let low = values.clone().filter(|&value| value > 0.0).fold(f64::INFINITY, f64::min);
    let high = values.fold(0.0, f64::max);
    if low.is_finite() { low / 1.2..high * 1.2 } else { 1.0..10.0 }
}

/// All values, if they are so few that each can have a tick.
fn few_values(values: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    (values.len() <= 8).then_some(values)
}

/// Powers of ten; over two decades and less also twice and five times as much.
fn log_ticks(range: &Range<f64>) -> Vec<f64> {
    let factors: &[f64] = if range.end / range.start <= 200.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let mut ticks = Vec::new();
    let mut power = 10_f64.powf(range.start.log10().floor());
    while power <= range.end {
        ticks.extend(factors.iter().map(|factor| factor * power).filter(|tick| range.contains(tick)));
        power *= 10.0;
    }
    ticks
}

/// A number on an axis: 0.5, 20, 4k, 1M.
pub(super) fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // Ticks have few digits; this takes off what the arithmetic has left behind.
    let digits = format!("{scaled:.3}");
    format!("{}{unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}
