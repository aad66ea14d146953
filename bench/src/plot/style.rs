//! Colours and text of all pictures.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The font of all text.
pub(super) const FONT: &str = "sans-serif";

/// What carries no data: frames, ticks, grid lines.
pub(super) const GREY: RGBColor = RGBColor(110, 110, 110);
pub(super) const PALE: RGBColor = RGBColor(225, 225, 225);

/// Colours that can be told apart, by most colour-blind people as well (after Okabe and Ito).
const COLOURS: [RGBColor; 16] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 94, 240),
    RGBColor(90, 90, 90),
    RGBColor(160, 82, 45),
    RGBColor(0, 0, 0),
    RGBColor(170, 170, 0),
    RGBColor(220, 20, 60),
    RGBColor(0, 160, 170),
    RGBColor(150, 200, 60),
    RGBColor(255, 150, 180),
    RGBColor(60, 60, 140),
];

/// The colour of the `number`-th thing.
pub(super) fn colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

/// Text of this size, which begins, is centred or ends at its point.
pub(super) fn text(size: i32, position: HPos) -> TextStyle<'static> {
    (FONT, size).into_font().color(&BLACK).pos(Pos::new(position, VPos::Center))
}

/// About how wide the text will be. The SVG's reader picks the font, so this errs on the wide side.
pub(super) fn width(text: &str, size: i32) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100) * size * 6 / 10
}
