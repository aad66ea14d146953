//! A frame of a game or an audio engine: a small graph that runs again and again, where the slowest runs are
//! heard.

use crate::body::Body;
use crate::frame;
use crate::graph::{Graph, Source};
use crate::slots::Slots;
use dgraph_tests::body::busy;

/// Nodes of a few hundred nanoseconds to some microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    steps: &'static [u64],
    slots: Slots,
}

/// The graph, and what its nodes do.
pub(super) fn graph() -> Result<(Graph, Frame), String> {
    let graph = Source::Frame.graph(None)?;
    let frame = Frame { steps: Vec::leak(frame::steps()), slots: Slots::new(graph.nodes) };
    Ok((graph, frame))
}

impl Body for Frame {
    fn execute(self, node: u32) {
        self.slots.set(node, busy(node.into(), self.steps[node as usize]));
    }

    fn clear(self) {
        self.slots.clear();
    }

    fn check(self) -> Result<(), String> {
        let expected: Vec<u64> = (0..).zip(self.steps).map(|(node, &steps)| busy(node, steps)).collect();
        match (0_u32..).zip(expected).find(|&(node, value)| self.slots.get(node) != value) {
            Some((node, _)) => Err(format!("node {node} of the frame is wrong or did not run")),
            None => Ok(()),
        }
    }
}
