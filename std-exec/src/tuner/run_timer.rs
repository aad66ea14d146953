//! How a run has begun, and what that shows about the next one.
//!
//! What a run alone, or in step, has taken is compared with other ways to run. If others break in, the rest
//! tells nothing about that any more: then what it would have taken is estimated from what it had come to.

use crate::sync::clock;
use crate::sync::{AtomicU32, AtomicUsize, MODEL, Ordering};
use crate::tuner::{Budget, Plan, Sampled, Timed, Tuner};
use dgraph_core::NodeId;

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
    /// Whether its members take samples of what bodies take.
    pub(crate) samples: bool,
    /// What they have found: ticks, and of how many nodes. Relaxed, as `estimate`.
    work: AtomicUsize,
    nodes: AtomicUsize,
    /// What single bodies have taken, in ticks; 0 of those that weren't sampled. Empty if nobody wants to
    /// know.
    profile: Box<[AtomicU32]>,
}

/// A member's samples of what bodies take. The time of a long one is taken at each node, of a short one at
/// one in 16: looking at the clock takes some ten nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// Nodes until the next sample.
    skipped: u32,
    ticks: u64,
    nodes: u64,
}

impl Samples {
    /// In ticks: who takes as long is long.
    const LONG: u64 = 500;
    /// In ticks: what calling a body in a run takes beside the body.
    const CALL: u64 = 10;
    const SKIPPED: u32 = if MODEL { 0 } else { 15 };

    /// A body begins: when, if its time is to be taken; otherwise 0.
    #[inline]
    pub(crate) fn begin(&mut self) -> u64 {
        if self.skipped > 0 {
            self.skipped -= 1;
            return 0;
        }
        clock::after()
    }

    /// The body of `node` is over that began then, in the run of this timer.
    #[inline]
    pub(crate) fn end(&mut self, began: u64, node: NodeId, timer: &RunTimer) {
        if began != 0 {
            let ended = clock::after();
            let mut ticks = ended.saturating_sub(began);
            if ticks < Self::LONG {
                // What looking at the clock takes, just now.
                let looking = clock::after().saturating_sub(ended);
                ticks = ticks.saturating_sub(looking + Self::CALL);
            }
            let stands_for = if ticks >= Self::LONG { 1 } else { Self::SKIPPED + 1 };
            self.skipped = stands_for - 1;
            self.nodes += u64::from(stands_for);
            self.ticks = self.ticks.saturating_add(ticks.saturating_mul(stands_for.into()));
            if let Some(place) = timer.profile.get(node.index()) {
                place.store(u32::try_from(ticks).unwrap_or(u32::MAX).max(1), Ordering::Relaxed);
            }
        }
    }
}

impl RunTimer {
    const UNKNOWN: usize = usize::MAX;

    /// A run that has just begun so. Runs with the same `key` are the same.
    #[inline]
    pub(crate) fn now(key: usize, (plan, samples): (Plan, bool)) -> Self {
        let budget = match plan {
            Plan::Share => Budget::NONE,
            Plan::Alone { budget, .. } | Plan::InStep { budget } => budget,
        };
        let at = if matches!(plan, Plan::Alone { timed: Timed::No, .. }) { 0 } else { clock::now() };
        let (estimate, work, nodes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        Self { key, plan, budget, at, estimate, samples, work, nodes, profile: Box::default() }
    }

    /// Takes down also what single bodies take of a graph of so many nodes.
    pub(crate) fn with_profile(self, nodes: usize) -> Self {
        Self { profile: std::iter::repeat_with(AtomicU32::default).take(nodes).collect(), ..self }
    }

    /// What the body of `node` has taken, in ticks, if it was sampled.
    pub(crate) fn sampled(&self, node: NodeId) -> Option<u32> {
        let ticks = self.profile.get(node.index())?.load(Ordering::Relaxed);
        (ticks > 0).then_some(ticks)
    }

    /// How many ticks the run has taken so far.
    #[inline]
    pub(crate) fn elapsed(&self) -> usize {
        usize::try_from(clock::now().saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    /// Others have broken in when it had taken `until` ticks, and so many of the `nodes` were done since it had taken
    /// `since`. (What breaking in takes is not the beginning's.)
    pub(crate) fn broken_into(&self, since: usize, until: usize, done: usize, nodes: usize) {
        let ticks = since as u128 + until.saturating_sub(since) as u128 * nodes as u128 / done.max(1) as u128;
        self.estimate.store(usize::try_from(ticks).unwrap_or(usize::MAX - 1).max(1), Ordering::Relaxed);
    }

    /// What it takes says nothing about how it was run.
    pub(crate) fn says_nothing(&self) {
        self.estimate.store(Self::UNKNOWN, Ordering::Relaxed);
    }

    /// A member's samples.
    pub(crate) fn add(&self, samples: &Samples) {
        if samples.nodes > 0 {
            let [ticks, nodes] =
                [samples.ticks, samples.nodes].map(|number| usize::try_from(number).unwrap_or(0));
            self.work.fetch_add(ticks, Ordering::Relaxed);
            self.nodes.fetch_add(nodes, Ordering::Relaxed);
        }
    }

    /// The run is over: what its samples promise for other ways to run it, on so many `threads`. `in_step`:
    /// what one in step would take, if all bodies together take so long, and the fastest other way so long;
    /// `usize::MAX` if there can be none.
    pub(crate) fn promise(
        &self,
        tuner: &Tuner,
        nodes: usize,
        threads: usize,
        in_step: impl FnOnce(usize, usize) -> usize,
    ) {
        let sampled = self.nodes.load(Ordering::Relaxed);
        if sampled > 0 {
            let work = self.work.load(Ordering::Relaxed) as u128 * nodes as u128 / sampled as u128;
            let work = usize::try_from(work).unwrap_or(usize::MAX - 1);
            tuner.promise(self.key, Sampled { work, nodes, threads }, |others| in_step(work, others));
        }
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
