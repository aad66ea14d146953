//! Which thread ran which node when.

use super::lines::short;
use super::style::{FONT, GREY, PALE, colour, text};
use crate::trace::Span;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::error::Error;
use std::path::Path;

const ROW: u32 = 44;

/// Draws a bar for each node, in a row for each thread. Colours tell neighbours apart and mean nothing.
///
/// # Errors
///
/// If the file can't be written.
pub fn draw(file: &Path, title: &str, spans: &[Span]) -> Result<(), Box<dyn Error>> {
    let threads = spans.iter().map(|span| span.thread + 1).max().unwrap_or(1);
    let start = spans.iter().map(|span| span.began).min().unwrap_or(0);
    let end = spans.iter().map(|span| span.ended).max().unwrap_or(1);
    let micros = |time: u64| (time - start) as f64 / 1e3;
    let rows = u32::try_from(threads)?;
    let area = SVGBackend::new(file, (1000, 110 + ROW * rows)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 18))
        .margin(12)
        .margin_right(30)
        .x_label_area_size(46)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..micros(end).max(0.001), 0.0..f64::from(rows))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(0)
        .x_label_formatter(&|value| short(*value))
        .x_desc("µs since the first node began")
        .axis_desc_style((FONT, 15))
        .label_style((FONT, 13))
        .axis_style(GREY)
        .bold_line_style(PALE)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let bars = spans.iter().map(|span| {
        let low = f64::from(rows) - span.thread as f64 - 1.0;
        let corners = [(micros(span.began), low + 0.1), (micros(span.ended), low + 0.9)];
        Rectangle::new(corners, colour(span.node as usize).filled())
    });
    chart.draw_series(bars)?;
    for row in 0..rows {
        let (_, y) = chart.backend_coord(&(0.0, f64::from(rows - row) - 0.5));
        area.draw(&Text::new(format!("thread {row}"), (84, y), text(13, HPos::Right)))?;
    }
    area.present()?;
    Ok(())
}
