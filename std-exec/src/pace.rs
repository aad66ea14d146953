//! Walk or share? What earlier runs of a graph took, and what to do in the next one.
//!
//! Sharing a run costs some tens of nanoseconds a node, a walk about one. So a graph of tiny bodies is fastest on one
//! thread, one of long bodies on all, and only the body knows which it is. The first run of a graph is shared, the
//! second is a walk with the first one's time as its budget; from then on the faster way is taken, and the other one
//! tried again now and then, the more rarely the longer it keeps losing. A walk that overruns its budget is broken into.
//!
//! The table is a cache: small, lossy, shared by all graphs of the executor. Two graphs in one place, or two threads at
//! once, cost a wrong guess, never a wrong result; all accesses are relaxed.

use crate::sync::{AtomicUsize, Ordering};

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// With counters and queues.
    Share,
    /// On the calling thread alone; helpers break in after `budget` ticks.
    Walk { budget: usize },
}

/// How a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Shared from the beginning, this many ticks.
    Shared(usize),
    /// Walked to the end, this many ticks.
    Walked(usize),
    /// Broken into after its budget; a whole walk would have taken this many ticks or more.
    BrokenIn(usize),
}

const PLACES: usize = 64;
/// Runs until the slower way is tried again: at first, and at the most.
const FIRST_TRIAL: usize = 16;
const LAST_TRIAL: usize = 4096;
/// In ticks, some ten microseconds: no walk is broken into before.
const LEAST_BUDGET: usize = 20_000;

#[derive(Debug, Default)]
struct Entry {
    key: AtomicUsize,
    /// Ticks of a run, 0 if not known.
    shared: AtomicUsize,
    walked: AtomicUsize,
    /// Runs until the slower way is tried.
    until_trial: AtomicUsize,
    /// What `until_trial` is set to after the next trial.
    interval: AtomicUsize,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Paces {
    entries: Box<[Entry]>,
}

impl Paces {
    pub(crate) fn new() -> Self {
        Self { entries: std::iter::repeat_with(Entry::default).take(PLACES).collect() }
    }

    fn entry(&self, key: usize) -> &Entry {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): keys are sums of addresses.
        let hash = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
        &self.entries[usize::try_from(hash).unwrap_or(0)]
    }

    /// How the next run of `key` shall begin.
    pub(crate) fn plan(&self, key: usize) -> Plan {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            entry.shared.store(0, Ordering::Relaxed);
            entry.walked.store(0, Ordering::Relaxed);
            entry.until_trial.store(FIRST_TRIAL, Ordering::Relaxed);
            entry.interval.store(FIRST_TRIAL, Ordering::Relaxed);
            entry.key.store(key, Ordering::Relaxed);
            return Plan::Share;
        }
        let (shared, walked) = (entry.shared.load(Ordering::Relaxed), entry.walked.load(Ordering::Relaxed));
        let trial = entry.until_trial.load(Ordering::Relaxed);
        entry.until_trial.store(trial.saturating_sub(1), Ordering::Relaxed);
        // Some slack, so that a walk that is as fast as sharing gets to its end.
        let with_slack = |ticks: usize| (ticks + ticks / 2).max(LEAST_BUDGET);
        if shared == 0 {
            Plan::Share
        } else if walked == 0 {
            Plan::Walk { budget: with_slack(shared) }
        } else if (walked < shared) == (trial > 0) {
            // The faster way in general, or a trial of the slower one.
            Plan::Walk { budget: with_slack(walked.min(shared)) }
        } else {
            Plan::Share
        }
    }

    /// Takes note of a run.
    pub(crate) fn record(&self, key: usize, pace: Pace) {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            return;
        }
        let (known, other, ticks) = match pace {
            Pace::Shared(ticks) => (&entry.shared, &entry.walked, ticks),
            Pace::Walked(ticks) | Pace::BrokenIn(ticks) => (&entry.walked, &entry.shared, ticks),
        };
        let before = known.load(Ordering::Relaxed);
        let (ticks, against) = (ticks.max(1), other.load(Ordering::Relaxed));
        let lost = against != 0 && ticks > against;
        let like_before = ticks <= before + before / 2 && ticks >= before - before / 3;
        if before != 0 && !lost && !like_before {
            // The bodies have changed: what the other way took says nothing any more.
            other.store(0, Ordering::Relaxed);
        }
        // Falls at once and rises slowly: what disturbs a run only ever adds to it.
        let rises = like_before && ticks > before;
        known.store(if rises { before + (ticks - before) / 8 } else { ticks }, Ordering::Relaxed);
        if entry.until_trial.load(Ordering::Relaxed) == 0 {
            let interval = entry.interval.load(Ordering::Relaxed);
            let next = if lost { (interval * 2).min(LAST_TRIAL) } else { FIRST_TRIAL };
            entry.interval.store(next, Ordering::Relaxed);
            entry.until_trial.store(next, Ordering::Relaxed);
        }
    }
}
