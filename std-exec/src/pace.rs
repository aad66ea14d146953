//! Walk or share? What earlier runs of a graph took, and what to do in the next one.
//!
//! Sharing a run costs some tens of nanoseconds a node, a walk about one. So a graph of tiny bodies is fastest on one
//! thread, one of long bodies on all, and only the body knows which it is. The first runs of a graph take turns: shared,
//! then a walk with the time that sharing took as its budget, three times each, since the first runs also wake threads and
//! fill caches. From then on the faster way is taken, and the other one tried again now and then, the more rarely the
//! longer it keeps losing. When a run takes much less than usual, or two in a row much more, the bodies have changed, and it
//! begins anew. A walk that overruns its budget is broken into.
//!
//! The table is a cache: small, lossy, shared by all graphs of the executor. Two graphs in one place, or two threads at
//! once, cost a wrong guess, never a wrong result; all accesses are relaxed.

use crate::sync::{AtomicUsize, MODEL, Ordering};

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

const PLACES: usize = if MODEL { 1 } else { 64 };
/// How many runs take turns at first.
const TURNS: usize = 6;
/// Runs until the slower way is tried again: at first, and at the most.
const FIRST_TRIAL: usize = 16;
const LAST_TRIAL: usize = 4096;
/// In ticks, some ten microseconds: no walk is broken into before.
const LEAST_BUDGET: usize = 20_000;
/// In ticks, about a microsecond: where a node takes longer on average, sharing costs next to nothing, and a walk is not
/// even tried.
const LONG_NODE: usize = 2_500;

#[derive(Debug, Default)]
struct Entry {
    key: AtomicUsize,
    /// Ticks of a run, 0 if not known.
    shared: AtomicUsize,
    walked: AtomicUsize,
    /// How many of the first runs have been planned.
    turns: AtomicUsize,
    /// How many runs in a row have taken another time than usual.
    unusual: AtomicUsize,
    /// Runs until the slower way is tried.
    until_trial: AtomicUsize,
    /// What `until_trial` is set to after the next trial.
    interval: AtomicUsize,
}

impl Entry {
    /// Nothing is known any more.
    fn forget(&self) {
        for place in [&self.shared, &self.walked, &self.turns, &self.unusual] {
            place.store(0, Ordering::Relaxed);
        }
        self.until_trial.store(FIRST_TRIAL, Ordering::Relaxed);
        self.interval.store(FIRST_TRIAL, Ordering::Relaxed);
    }
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
        &self.entries[usize::try_from(hash).unwrap_or(0) % PLACES]
    }

    /// How the next run of `key`, a graph of so many `nodes`, shall begin.
    pub(crate) fn plan(&self, key: usize, nodes: usize) -> Plan {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            entry.forget();
            entry.key.store(key, Ordering::Relaxed);
        }
        let (shared, walked) = (entry.shared.load(Ordering::Relaxed), entry.walked.load(Ordering::Relaxed));
        if shared / nodes.max(1) > LONG_NODE {
            return Plan::Share;
        }
        let turn = entry.turns.load(Ordering::Relaxed);
        let walk = if turn < TURNS {
            entry.turns.store(turn + 1, Ordering::Relaxed);
            turn % 2 == 1 && shared != 0
        } else {
            let trial = entry.until_trial.load(Ordering::Relaxed);
            entry.until_trial.store(trial.saturating_sub(1), Ordering::Relaxed);
            (walked < shared) == (trial > 0)
        };
        if walk {
            // Some slack, so that a walk that is as fast as sharing gets to its end.
            let expected = if walked == 0 { shared } else { walked.min(shared) };
            Plan::Walk { budget: (expected + expected / 2).max(LEAST_BUDGET) }
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
            Pace::Shared(ticks) => (&entry.shared, &entry.walked, ticks.max(1)),
            Pace::Walked(ticks) | Pace::BrokenIn(ticks) => (&entry.walked, &entry.shared, ticks.max(1)),
        };
        let (before, against) = (known.load(Ordering::Relaxed), other.load(Ordering::Relaxed));
        // Falls at once and rises slowly: what disturbs a run only ever adds to it.
        let rises = before != 0 && ticks > before;
        known.store(if rises { before + (ticks - before) / 8 } else { ticks }, Ordering::Relaxed);
        if entry.turns.load(Ordering::Relaxed) < TURNS {
            return;
        }
        if before >= against {
            // This was a trial of the slower way.
            let interval = entry.interval.load(Ordering::Relaxed);
            let next = if ticks > against { (interval * 2).min(LAST_TRIAL) } else { FIRST_TRIAL };
            entry.interval.store(next, Ordering::Relaxed);
            entry.until_trial.store(next, Ordering::Relaxed);
        } else if ticks < before - before / 3 {
            entry.forget();
        } else if ticks <= before + before / 2 {
            entry.unusual.store(0, Ordering::Relaxed);
        } else if entry.unusual.fetch_add(1, Ordering::Relaxed) > 0 {
            entry.forget();
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// Runs `count` times, each taking `shared` or `walked` ticks as planned, and gives the last plan.
    fn last_plan(paces: &Paces, count: usize, shared: usize, walked: usize) -> Plan {
        let mut plan = Plan::Share;
        for _ in 0..count {
            plan = paces.plan(1, 1_000);
            paces.record(1, if plan == Plan::Share { Pace::Shared(shared) } else { Pace::Walked(walked) });
        }
        plan
    }

    #[test]
    fn takes_the_faster_way() {
        assert_eq!(last_plan(&Paces::new(), 10, 1_000, 9_000), Plan::Share);
        assert_eq!(last_plan(&Paces::new(), 10, 9_000, 1_000), Plan::Walk { budget: LEAST_BUDGET });
    }

    #[test]
    fn never_walks_through_long_nodes() {
        let paces = Paces::new();
        for _ in 0..100 {
            assert_eq!(paces.plan(1, 10), Plan::Share);
            paces.record(1, Pace::Shared(1_000_000));
        }
        paces.record(1, Pace::Shared(10_000));
        assert!(matches!(paces.plan(1, 10), Plan::Walk { .. }), "the nodes have become short");
    }

    #[test]
    fn one_slow_first_run_decides_nothing() {
        let paces = Paces::new();
        assert_eq!(paces.plan(1, 1_000), Plan::Share);
        paces.record(1, Pace::Shared(1_000_000));
        assert_eq!(last_plan(&paces, 9, 50_000, 90_000), Plan::Share);
    }

    #[test]
    fn notices_that_bodies_change() {
        let paces = Paces::new();
        assert!(matches!(last_plan(&paces, 30, 9_000, 1_000), Plan::Walk { .. }));
        assert_eq!(last_plan(&paces, 12, 500_000, 900_000), Plan::Share);
        assert!(matches!(last_plan(&paces, 12, 9_000, 1_000), Plan::Walk { .. }));
    }

    #[test]
    fn tries_the_slower_way_ever_more_rarely() {
        let paces = Paces::new();
        let mut walks = 0;
        for _ in 0..1_000 {
            let plan = paces.plan(1, 1_000);
            walks += usize::from(plan != Plan::Share);
            paces.record(1, if plan == Plan::Share { Pace::Shared(1_000) } else { Pace::Walked(2_000) });
        }
        assert!((6..=9).contains(&walks), "{walks} walks");
    }
}
