//! Share, walk alone, or walk in step? What earlier runs of a graph took, and what to do in the next one.
//!
//! Sharing a run costs some tens of nanoseconds per node, a walk about one. So a graph of tiny bodies is
//! fastest on one thread, one of short bodies and wide levels on several in step, one of long bodies shared,
//! and only the body knows which it is. The first runs of a graph take turns: shared, then a walk with the
//! time that sharing took as its budget, then a walk in step if its levels are wide, and all once more, since
//! the first runs also wake threads and fill caches. From then on the fastest way is taken, and another one
//! tried now and then, the more rarely the longer it keeps losing. When a run takes much less than usual, or
//! two in a row much more, the bodies have changed, and it begins anew. A walk that overruns its budget is
//! broken into. A walk that is over before another thread could have noticed it is never given up.
//!
//! The table is a cache: small, lossy, shared by all graphs of the executor. Two graphs in one place, or two
//! threads at once, cost a wrong guess, never a wrong result: whether a graph can be run so at all is for the
//! run to know, whatever the table says. All accesses are relaxed.

use crate::sync::{AtomicUsize, MODEL, Ordering};

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// With counters and queues.
    Share,
    /// On the calling thread alone.
    Alone { budget: Budget, timed: Timed },
    /// On all threads, level by level. They give up if that takes too long.
    InStep { budget: Budget },
}

/// When a walk takes too long. The rest is shared then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Budget {
    /// After so many ticks.
    Ticks(usize),
    /// As soon as it looks as if it will take more than so many. For walks that are likely to be slower than
    /// sharing: there is little to lose.
    Expected(usize),
}

/// Whether a walk is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    Yes,
    No,
}

impl Budget {
    pub(crate) const NONE: Self = Self::Ticks(usize::MAX);

    /// Whether a walk that has come to `position` of so many `nodes` in `elapsed` ticks takes too long.
    pub(crate) fn is_over(self, elapsed: usize, position: usize, nodes: usize) -> bool {
        match self {
            Self::Ticks(ticks) => elapsed > ticks,
            Self::Expected(ticks) => {
                elapsed > LEAST_BUDGET && elapsed as u128 * nodes as u128 > ticks as u128 * position as u128
            }
        }
    }
}

/// The ways to run, as places of an entry's `ticks`.
const SHARE: usize = 0;
const WALK: usize = 1;
const IN_STEP: usize = 2;
const WAYS: usize = 3;

const PLACES: usize = if MODEL { 1 } else { 64 };
/// How often each way is tried at first.
const ROUNDS: usize = 2;
/// Runs until another way is tried again: at first, and at the most.
const FIRST_TRIAL: usize = 16;
const LAST_TRIAL: usize = 4096;
/// In ticks, some ten microseconds: no walk is broken into before.
const LEAST_BUDGET: usize = 20_000;
/// In ticks, about a microsecond: where a node takes longer on average, a walk alone is not even tried.
/// (Models try all ways, and so do fuzz targets, whose nodes are slow under AddressSanitizer.)
const LONG_NODE: usize = if MODEL || cfg!(fuzzing) { usize::MAX } else { 2_500 };
/// In ticks, about four microseconds: where a node takes longer on average, a walk in step is not even tried.
/// Sharing costs next to nothing, and goes better with nodes that take longer than others.
const VERY_LONG_NODE: usize = if MODEL || cfg!(fuzzing) { usize::MAX } else { 10_000 };
/// In ticks, about two microseconds: a walk this short is over before a helper could have begun.
const SHORT_WALK: usize = 5_000;
/// Which of the short walks are timed: looking at the clock twice takes as long as a walk through four nodes.
const TIMED_WALKS: usize = 16;
/// More nodes don't stay in caches, and the order of levels jumps.
const MOST_IN_STEP: usize = 1 << 22;

#[derive(Debug, Default)]
struct Entry {
    key: AtomicUsize,
    /// Ticks of a run, in each way; 0 if not known, `usize::MAX` if it can't be run so.
    ticks: [AtomicUsize; WAYS],
    /// How many of the first runs have been planned.
    turns: AtomicUsize,
    /// How many runs in a row have taken another time than usual.
    unusual: AtomicUsize,
    /// Runs until another way is tried.
    until_trial: AtomicUsize,
    /// What `until_trial` is set to after the next trial.
    interval: AtomicUsize,
    /// How many trials there have been.
    trials: AtomicUsize,
}

impl Entry {
    /// Nothing is known any more.
    fn forget(&self) {
        for place in self.ticks.iter().chain([&self.turns, &self.unusual, &self.trials]) {
            place.store(0, Ordering::Relaxed);
        }
        self.until_trial.store(FIRST_TRIAL, Ordering::Relaxed);
        self.interval.store(FIRST_TRIAL, Ordering::Relaxed);
    }

    #[inline]
    fn of(&self, way: usize) -> usize {
        self.ticks[way].load(Ordering::Relaxed)
    }

    /// A walk takes no time worth talking about.
    #[inline]
    fn walks_shortly(&self) -> bool {
        (1..SHORT_WALK).contains(&self.of(WALK))
    }

    /// The fastest way that is known.
    fn fastest(&self) -> usize {
        let ticks = |way: usize| match self.of(way) {
            0 => usize::MAX - 1,
            ticks => ticks,
        };
        (0..WAYS).min_by_key(|&way| ticks(way)).unwrap_or(SHARE)
    }

    /// The way of the next run.
    fn next(&self, nodes: usize, may_go_in_step: impl FnOnce() -> bool) -> usize {
        // The first run is shared, whatever it is: it shows whether nodes are long, and serves as the others'
        // budget.
        let shared = self.of(SHARE);
        if shared == 0 {
            self.turns.store(1, Ordering::Relaxed);
            return SHARE;
        }
        let node = shared / nodes.max(1);
        if node > VERY_LONG_NODE {
            return SHARE;
        }
        let mut turn = self.turns.load(Ordering::Relaxed);
        if turn == 1 {
            let possible = [true, node <= LONG_NODE, nodes <= MOST_IN_STEP && may_go_in_step()];
            for (ticks, _) in self.ticks.iter().zip(possible).filter(|&(_, possible)| !possible) {
                ticks.store(usize::MAX, Ordering::Relaxed);
            }
        }
        while self.of(turn % WAYS) == usize::MAX {
            turn = turn.wrapping_add(1);
        }
        self.turns.store(turn.wrapping_add(1), Ordering::Relaxed);
        if turn < ROUNDS * WAYS {
            return turn % WAYS;
        }
        let fastest = self.fastest();
        let trial = self.until_trial.load(Ordering::Relaxed);
        self.until_trial.store(trial.saturating_sub(1), Ordering::Relaxed);
        if trial > 0 {
            return fastest;
        }
        // The others take turns.
        let mut others = (0..WAYS).filter(|&way| way != fastest && self.of(way) != usize::MAX);
        let count = others.clone().count();
        others.nth(self.trials.load(Ordering::Relaxed) % count.max(1)).unwrap_or(fastest)
    }
}

/// A cache of what earlier runs of each graph took, which chooses the way of the next one.
#[derive(Debug)]
pub(crate) struct Tuner {
    entries: Box<[Entry]>,
}

impl Tuner {
    pub(crate) fn new() -> Self {
        Self { entries: std::iter::repeat_with(Entry::default).take(PLACES).collect() }
    }

    #[inline]
    fn entry(&self, key: usize) -> &Entry {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): keys are made of addresses.
        let hash = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
        &self.entries[usize::try_from(hash).unwrap_or(0) % PLACES]
    }

    /// How the next run of `key`, a graph of so many `nodes`, shall begin. If nothing is known, with a walk
    /// if it is `eager`: it won't be a long one. `may_go_in_step` is asked at the first runs only.
    pub(crate) fn plan(
        &self,
        key: usize,
        nodes: usize,
        eager: bool,
        may_go_in_step: impl FnOnce() -> bool,
    ) -> Plan {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            entry.forget();
            entry.key.store(key, Ordering::Relaxed);
        }
        if entry.walks_shortly() {
            let untimed = entry.until_trial.load(Ordering::Relaxed);
            entry.until_trial.store(untimed.checked_sub(1).unwrap_or(TIMED_WALKS - 1), Ordering::Relaxed);
            let timed = if untimed == 0 { Timed::Yes } else { Timed::No };
            return Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed };
        }
        if eager && entry.of(SHARE) == 0 && entry.of(WALK) == 0 {
            return Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed: Timed::Yes };
        }
        let way = entry.next(nodes, may_go_in_step);
        let fastest = entry.fastest();
        // Some slack, so that a way that is as fast as the others gets to its end.
        let ticks = (entry.of(fastest).saturating_add(entry.of(fastest) / 2)).max(LEAST_BUDGET);
        let budget = if fastest == SHARE { Budget::Expected(ticks) } else { Budget::Ticks(ticks) };
        match way {
            WALK => Plan::Alone { budget, timed: Timed::Yes },
            // Otherwise sharing would be worse still, and whoever is held up isn't waited for long.
            IN_STEP => Plan::InStep { budget: if fastest == SHARE { budget } else { Budget::NONE } },
            _ => Plan::Share,
        }
    }

    /// Takes note of a run that began so and took so long, or would have if it had gone on so.
    pub(crate) fn record(&self, key: usize, plan: Plan, ticks: usize) {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            return;
        }
        let (way, ticks) = match plan {
            Plan::Share => (SHARE, ticks.clamp(1, usize::MAX - 1)),
            Plan::Alone { .. } => (WALK, ticks.clamp(1, usize::MAX - 1)),
            Plan::InStep { .. } => (IN_STEP, ticks.clamp(1, usize::MAX - 1)),
        };
        let (fastest, before) = (entry.fastest(), entry.of(way));
        let best = entry.of(fastest);
        if way == WALK && entry.walks_shortly() && ticks >= SHORT_WALK {
            // Once is an accident, and would cost a shared run, which costs more.
            if entry.unusual.fetch_add(1, Ordering::Relaxed) > 0 {
                entry.forget();
            }
            return;
        }
        // Falls at once and rises slowly: what disturbs a run only ever adds to it.
        let rises = before != 0 && ticks > before;
        let known = if rises { before + (ticks - before).min(before) / 8 } else { ticks };
        entry.ticks[way].store(known, Ordering::Relaxed);
        if known < SHORT_WALK && way == WALK && entry.unusual.load(Ordering::Relaxed) != 0 {
            entry.unusual.store(0, Ordering::Relaxed);
        }
        if entry.turns.load(Ordering::Relaxed) < ROUNDS * WAYS {
            return;
        }
        if way != fastest {
            // This was a trial of another way.
            let interval = entry.interval.load(Ordering::Relaxed);
            let next = if ticks > best { (interval * 2).min(LAST_TRIAL) } else { FIRST_TRIAL };
            entry.trials.fetch_add(1, Ordering::Relaxed);
            entry.interval.store(next, Ordering::Relaxed);
            entry.until_trial.store(next, Ordering::Relaxed);
        } else if ticks < before - before / 3 {
            entry.forget();
        } else if ticks <= before.saturating_add(before / 2) {
            entry.unusual.store(0, Ordering::Relaxed);
        } else if entry.unusual.fetch_add(1, Ordering::Relaxed) > 0 {
            entry.forget();
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// Runs `count` times, taking so many ticks shared, walking and in step, and gives how often each way was
    /// planned.
    fn plans(tuner: &Tuner, count: usize, ticks: [usize; WAYS]) -> [usize; WAYS] {
        let mut plans = [0; WAYS];
        for _ in 0..count {
            let plan = tuner.plan(1, 1_000, false, || ticks[IN_STEP] != 0);
            let way = match plan {
                Plan::Share => SHARE,
                Plan::Alone { .. } => WALK,
                Plan::InStep { .. } => IN_STEP,
            };
            plans[way] += 1;
            if !matches!(plan, Plan::Alone { timed: Timed::No, .. }) {
                tuner.record(1, plan, ticks[way]);
            }
        }
        plans
    }

    #[test]
    fn takes_the_fastest_way() {
        assert_eq!(plans(&Tuner::new(), 22, [10_000, 90_000, 20_000]), [18, 2, 2]);
        assert_eq!(plans(&Tuner::new(), 22, [90_000, 10_000, 20_000]), [2, 18, 2]);
        assert_eq!(plans(&Tuner::new(), 22, [90_000, 20_000, 10_000]), [2, 2, 18]);
    }

    #[test]
    fn narrow_graphs_never_go_in_step() {
        let [shared, walked, in_step] = plans(&Tuner::new(), 5_000, [90_000, 20_000, 0]);
        assert!(shared < 15 && walked > 4_900 && in_step == 0, "{shared} {walked}");
    }

    #[test]
    fn never_walks_through_long_nodes() {
        let tuner = Tuner::new();
        assert_eq!(plans(&tuner, 100, [11_000_000, 20_000_000, 11_000_000]), [100, 0, 0]);
        tuner.record(1, Plan::Share, 10_000);
        assert!(plans(&tuner, 10, [90_000, 20_000, 0])[WALK] > 0, "the nodes have become short");
    }

    #[test]
    fn a_short_walk_is_never_given_up() {
        assert_eq!(plans(&Tuner::new(), 10_000, [1_000, 4_000, 1_000]), [1, 9_999, 0]);
    }

    #[test]
    fn one_slow_first_run_decides_nothing() {
        let tuner = Tuner::new();
        assert_eq!(tuner.plan(1, 1_000, false, || false), Plan::Share);
        tuner.record(1, Plan::Share, 1_000_000);
        let _ = plans(&tuner, 9, [50_000, 90_000, 0]);
        assert_eq!(plans(&tuner, 9, [50_000, 90_000, 0]), [9, 0, 0]);
    }

    #[test]
    fn notices_that_bodies_change() {
        let tuner = Tuner::new();
        let _ = plans(&tuner, 30, [90_000, 10_000, 50_000]);
        assert_eq!(plans(&tuner, 1, [90_000, 10_000, 50_000]), [0, 1, 0]);
        let _ = plans(&tuner, 30, [500_000, 900_000, 800_000]);
        assert_eq!(plans(&tuner, 1, [500_000, 900_000, 800_000]), [1, 0, 0]);
        let _ = plans(&tuner, 30, [90_000, 20_000, 10_000]);
        assert_eq!(plans(&tuner, 1, [90_000, 20_000, 10_000]), [0, 0, 1]);
    }

    #[test]
    fn tries_the_other_ways_ever_more_rarely() {
        let [shared, walked, in_step] = plans(&Tuner::new(), 1_000, [10_000, 20_000, 30_000]);
        assert!(
            shared > 980 && (4..=7).contains(&walked) && (4..=7).contains(&in_step),
            "{walked} {in_step}"
        );
    }

    #[test]
    fn an_eager_one_begins_with_a_walk() {
        let tuner = Tuner::new();
        let walk = Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed: Timed::Yes };
        let plan = || tuner.plan(1, 10, true, || false);
        // As often as nobody says how it went.
        assert_eq!([plan(), plan()], [walk, walk]);
        tuner.record(1, walk, 50_000);
        assert_eq!(plan(), Plan::Share);
    }
}
