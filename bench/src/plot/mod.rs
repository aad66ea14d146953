//! Pictures, as SVG.

pub mod bars;
pub mod lines;
mod style;
pub mod timeline;
