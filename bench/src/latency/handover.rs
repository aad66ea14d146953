//! From the call to the first node that runs on another thread.

use crate::body::Body;
use crate::graph::Graph;
use crate::slots::Slots;
use crate::system::SystemId;
use std::hint;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Each of two nodes waits until the other one has begun too, which it can only do on another thread.
#[derive(Clone, Copy)]
struct Meet {
    clock: &'static Instant,
    began: Slots,
}

/// How long the first node waits before it gives up, since the other one may be meant for the same thread.
const PATIENCE: u64 = 1_000_000;

impl Meet {
    fn now(self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Body for Meet {
    fn execute(self, node: u32) {
        let began = self.now();
        self.began.set(node, began);
        while self.began.get(1 - node) == u64::MAX && self.now() < began + PATIENCE {
            hint::spin_loop();
        }
    }

    fn clear(self) {
        self.began.clear();
    }
}

/// Times `runs` runs of two independent nodes. Returns the times in nanoseconds from the call to the later
/// node's start, and in how many runs one thread did both.
pub(super) fn measure(
    system: SystemId,
    threads: usize,
    runs: usize,
    pause: Option<Duration>,
) -> Result<(Vec<f64>, usize), String> {
    let graph = Arc::new(Graph::new("pair", 2, Vec::new()));
    let meet = Meet { clock: Box::leak(Box::new(Instant::now())), began: Slots::new(2) };
    let started = system.start(threads)?;
    let mut runner = started.build(&graph, meet);
    let (mut times, mut missed) = (Vec::new(), 0);
    for run in 0..runs + 3 {
        meet.clear();
        if let Some(pause) = pause {
            thread::sleep(pause);
        }
        let called = meet.now();
        runner.run();
        runner.reset();
        let (first, second) = (meet.began.get(0), meet.began.get(1));
        // The first three warm up.
        match first.abs_diff(second) {
            _ if run < 3 => {}
            apart if apart >= PATIENCE => missed += 1,
            _ => times.push((first.max(second) - called) as f64),
        }
    }
    Ok((times, missed))
}
