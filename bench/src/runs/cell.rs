//! What all systems did with one body on one graph.

use super::reading::{Reading, reference};
use crate::busy::Load;
use crate::graph::Graph;
use crate::system::SystemId;
use std::sync::Arc;

pub(super) struct Cell {
    pub(super) graph: Arc<Graph>,
    pub(super) grain: u64,
    pub(super) readings: Vec<Reading>,
    /// What to know about the readings.
    pub(super) remarks: Vec<String>,
    pub(super) load: Load,
}

impl Cell {
    /// The reading's steady time, in nanoseconds a node.
    pub(super) fn per_node(&self, reading: &Reading) -> f64 {
        reading.median() / self.graph.nodes as f64
    }

    /// The reading's steady time as a multiple of this system's.
    pub(super) fn times(&self, reading: &Reading, system: SystemId) -> f64 {
        reference(&self.readings, system, reading.threads).map_or(f64::NAN, |other| reading.ratio(other))
    }
}
