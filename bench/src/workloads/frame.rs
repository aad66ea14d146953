//! A frame of a game or an audio engine: a small graph that runs again and again, where the slowest runs are heard.

use crate::body::Body;
use crate::graph::Graph;
use crate::slots::Slots;
use dgraph_tests::body::busy;

/// Nodes of a few hundred nanoseconds to some microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    steps: &'static [u64],
    slots: Slots,
}

/// Some nodes that do the same to different parts of the world, and the stages that they all wait for.
struct Stage {
    name: &'static str,
    nodes: u32,
    /// About a nanosecond each.
    steps: u64,
    after: &'static [&'static str],
}

const STAGES: [Stage; 13] = [
    Stage { name: "input", nodes: 1, steps: 300, after: &[] },
    Stage { name: "network", nodes: 1, steps: 800, after: &[] },
    Stage { name: "events", nodes: 1, steps: 400, after: &["input", "network"] },
    Stage { name: "agents", nodes: 6, steps: 3_000, after: &["events"] },
    Stage { name: "physics", nodes: 8, steps: 4_000, after: &["agents"] },
    Stage { name: "animation", nodes: 6, steps: 2_500, after: &["agents"] },
    Stage { name: "particles", nodes: 4, steps: 1_500, after: &["physics"] },
    Stage { name: "audio", nodes: 3, steps: 1_000, after: &["physics"] },
    Stage { name: "culling", nodes: 4, steps: 1_200, after: &["physics", "animation"] },
    Stage { name: "shadows", nodes: 4, steps: 2_000, after: &["culling"] },
    Stage { name: "geometry", nodes: 8, steps: 2_500, after: &["culling", "particles"] },
    Stage { name: "lighting", nodes: 4, steps: 1_800, after: &["shadows", "geometry"] },
    Stage { name: "present", nodes: 1, steps: 500, after: &["lighting", "audio"] },
];

/// The graph: each node of a stage depends on all nodes of the stages before it.
pub(super) fn graph() -> (Graph, Frame) {
    let (mut edges, mut steps) = (Vec::new(), Vec::new());
    let mut ranges = Vec::new();
    let mut next = 0;
    for stage in &STAGES {
        let range = next..next + stage.nodes;
        next = range.end;
        for (name, before) in &ranges {
            if stage.after.contains(name) {
                let before: &std::ops::Range<u32> = before;
                edges.extend(before.clone().flat_map(|u| range.clone().map(move |v| (u, v))));
            }
        }
        steps.extend(range.clone().map(|_| stage.steps));
        ranges.push((stage.name, range));
    }
    let nodes = steps.len();
    (Graph::new("frame", nodes, edges), Frame { steps: Vec::leak(steps), slots: Slots::new(nodes) })
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
