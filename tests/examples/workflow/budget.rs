//! How much a unit of a workflow's time is in steps of the busy body.

use dgraph_tests::body::busy;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Scales durations so that all of them together take a given time.
#[derive(Debug)]
pub(crate) struct Budget {
    /// The steps of all nodes together.
    steps: u64,
    /// What they amount to in the workflow's unit of time.
    work: u64,
}

impl Budget {
    /// Measures how fast this machine steps, and plans for `work` to take `time`.
    pub(crate) fn new(time: Duration, work: u64) -> Self {
        let (steps, elapsed) = calibrate();
        let steps = time.as_nanos() * u128::from(steps) / elapsed.as_nanos().max(1);
        Self { steps: u64::try_from(steps).unwrap_or(u64::MAX), work }
    }

    /// How many steps stand for `duration`.
    pub(crate) fn steps(&self, duration: u64) -> u64 {
        let scaled = u128::from(duration) * u128::from(self.steps) / u128::from(self.work.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

/// A number of steps, and the time that they took: the fastest of a few tries, since others may be using the
/// core.
fn calibrate() -> (u64, Duration) {
    const STEPS: u64 = 10_000_000;
    let tries = (0..5).map(|seed| {
        let start = Instant::now();
        black_box(busy(seed, STEPS));
        start.elapsed()
    });
    (STEPS, tries.min().unwrap_or_default())
}
