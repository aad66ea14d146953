//! How a run has begun, and what that shows about the next one.
//!
//! What a run alone, or in step, has taken is compared with other ways to run. If others break in, the rest
//! tells nothing about that any more: then what it would have taken is estimated from what it had come to.

use crate::sync::clock;
use crate::sync::{AtomicUsize, Ordering};
use crate::tuner::{Budget, Plan, Timed, Tuner};

/// Measures one run, for what it shows about the next one.
#[derive(Debug)]
pub(crate) struct RunTimer {
    /// Another graph or another closure has another one; a wrong guess costs only time.
    key: usize,
    pub(crate) plan: Plan,
    /// When a walk takes too long.
    pub(crate) budget: Budget,
    /// When the run began; 0 if it isn't timed.
    at: u64,
    /// How many ticks it would have taken if it had gone on as it began; 0 if it has. Relaxed: written by one
    /// member, and read when all have left.
    estimate: AtomicUsize,
}

impl RunTimer {
    const UNKNOWN: usize = usize::MAX;

    /// A run that has just begun so. Runs with the same `key` are the same.
    #[inline]
    pub(crate) fn now(key: usize, plan: Plan) -> Self {
        let budget = match plan {
            Plan::Share => Budget::NONE,
            Plan::Alone { budget, .. } | Plan::InStep { budget } => budget,
        };
        let at = if matches!(plan, Plan::Alone { timed: Timed::No, .. }) { 0 } else { clock::now() };
        Self { key, plan, budget, at, estimate: AtomicUsize::new(0) }
    }

    /// How many ticks the run has taken so far.
    #[inline]
    pub(crate) fn elapsed(&self) -> usize {
        usize::try_from(clock::now().saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    /// Others break in, when so many of the `nodes` were done since it had taken `since` ticks.
    pub(crate) fn broken_into(&self, since: usize, done: usize, nodes: usize) {
        let now = self.elapsed();
        let ticks = since as u128 + (now - since.min(now)) as u128 * nodes as u128 / done.max(1) as u128;
        self.estimate.store(usize::try_from(ticks).unwrap_or(usize::MAX - 1).max(1), Ordering::Relaxed);
    }

    /// What it takes says nothing about how it was run.
    pub(crate) fn says_nothing(&self) {
        self.estimate.store(Self::UNKNOWN, Ordering::Relaxed);
    }

    /// The run is over: takes note of how long it has taken.
    #[inline]
    pub(crate) fn record(&self, tuner: &Tuner) {
        if self.at == 0 {
            return;
        }
        let ticks = match self.estimate.load(Ordering::Relaxed) {
            0 => self.elapsed(),
            Self::UNKNOWN => return,
            ticks => ticks,
        };
        tuner.record(self.key, self.plan, ticks);
    }
}
