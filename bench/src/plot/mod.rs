//! Pictures, as SVG.

pub mod bars;
