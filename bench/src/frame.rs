//! A frame of a game or an audio engine: which stages it has, what they wait for, and how long they take.

use std::ops::Range;

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

/// How many nodes there are, and the edges: each node of a stage depends on all nodes of the stages before
/// it.
#[must_use]
pub fn edges() -> (usize, Vec<(u32, u32)>) {
    let mut edges = Vec::new();
    let mut ranges: Vec<(&str, Range<u32>)> = Vec::new();
    let mut next = 0;
    for stage in &STAGES {
        let range = next..next + stage.nodes;
        next = range.end;
        for (name, before) in &ranges {
            if stage.after.contains(name) {
                edges.extend(before.clone().flat_map(|u| range.clone().map(move |v| (u, v))));
            }
        }
        ranges.push((stage.name, range));
    }
    (next as usize, edges)
}

/// How many steps of about a nanosecond each node takes.
#[must_use]
pub fn steps() -> Vec<u64> {
    STAGES.iter().flat_map(|stage| (0..stage.nodes).map(|_| stage.steps)).collect()
}
