//! Lines over a logarithmic axis, with a legend beside them.

use super::style::{FONT, GREY, PALE, colour, text, width};
use plotters::coord::Shift;
use plotters::coord::combinators::LogCoord;
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
    /// What the legend calls it.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
    /// For what was not measured: bounds, optima.
    pub dashed: bool,
}

/// A picture of several lines.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    /// Above the picture.
    pub title: &'a str,
    /// The horizontal axis.
    pub x: Axis<'a>,
    /// The vertical axis.
    pub y: Axis<'a>,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
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

const HEIGHT: i32 = 520;
const CHART: i32 = 680;
const LEGEND_LINE: i32 = 20;
const LEGEND_FONT: i32 = 13;

impl Lines<'_> {
    /// Writes the picture.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn draw(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let legend = 60 + self.lines.iter().map(|line| width(&line.name, LEGEND_FONT)).max().unwrap_or(0);
        let height = HEIGHT.max(60 + LEGEND_LINE * i32::try_from(self.lines.len())?);
        let size = (u32::try_from(CHART + legend)?, u32::try_from(height)?);
        let area = SVGBackend::new(file, size).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw(&Text::new(self.title.to_owned(), (CHART / 2, 22), text(18, HPos::Center)))?;
        let (_, below) = area.split_vertically(40);
        let (chart, beside) = below.split_horizontally(CHART);
        let x = log_range(self.lines.iter().flat_map(|line| &line.points).map(|point| point.0));
        let values = || self.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        if self.y.log {
            let y = log_range(values());
            self.chart(&chart, x, LogCoord::<f64>::from(y.log_scale()))?;
        } else {
            let y = 0.0..values().fold(0.0, f64::max).max(1e-9) * 1.05;
            self.chart(&chart, x, RangedCoordf64::from(y))?;
        }
        self.legend(&beside)?;
        area.present()?;
        Ok(())
    }

    fn chart<Y>(&self, area: &Area<'_>, x: Range<f64>, y: Y) -> Result<(), Box<dyn Error>>
    where
        Y: Ranged<ValueType = f64> + ValueFormatter<f64> + AsRangedCoord<Value = f64, CoordDescType = Y>,
    {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(46)
            .y_label_area_size(64)
            .build_cartesian_2d(x.log_scale(), y)?;
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .y_desc(self.y.label)
            .x_label_formatter(&|value| short(*value))
            .y_label_formatter(&|value| short(*value))
            .axis_desc_style((FONT, 15))
            .label_style((FONT, 13))
            .axis_style(GREY)
            .bold_line_style(PALE)
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (number, line) in self.lines.iter().enumerate() {
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

    fn legend(&self, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
        for (number, line) in self.lines.iter().enumerate() {
            let y = 22 + LEGEND_LINE * i32::try_from(number)?;
            let style = colour(number).stroke_width(2);
            if line.dashed {
                for x in [4, 16] {
                    area.draw(&PathElement::new([(x, y), (x + 8, y)], style))?;
                }
            } else {
                area.draw(&PathElement::new([(4, y), (28, y)], style))?;
                area.draw(&Circle::new((16, y), 3, colour(number).filled()))?;
            }
            area.draw(&Text::new(line.name.clone(), (36, y), text(LEGEND_FONT, HPos::Left)))?;
        }
        Ok(())
    }
}

/// From a little below the least to a little above the greatest value.
fn log_range(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let low = values.clone().filter(|&value| value > 0.0).fold(f64::INFINITY, f64::min);
    let high = values.fold(0.0, f64::max);
    if low.is_finite() { low / 1.2..high * 1.2 } else { 1.0..10.0 }
}

/// A number on an axis: 0.5, 20, 4k, 1M.
fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // Ticks of a range have few digits; this takes off what the arithmetic has left behind.
    let digits = format!("{scaled:.3}");
    format!("{}{unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}
