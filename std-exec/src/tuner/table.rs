//! Share, walk alone, or walk in step? What earlier runs of a graph took, and what to do in the next one.
//!
//! Sharing a run costs some tens of nanoseconds per node, a walk about one. So a graph of tiny bodies is
//! fastest on one thread, one of short bodies on several in step, one of long bodies shared, and only the
//! body knows which it is. A whole run in another way is a costly question. So the first run of a graph
//! begins with a *probe*, and takes *samples* if it is shared then: how long bodies take. What the other ways would take follows from that, and
//! one is tried only if it promises to be faster; then what it has taken counts, not what was promised. Ways
//! that are nearly as fast as the fastest one are tried again now and then, the more rarely the longer they
//! keep losing. When a run takes much less than usual, or four in a row much more, the bodies have changed,
//! and it begins anew. A walk that overruns its budget is broken into. A walk that is over before another
//! thread could have noticed it is never given up.
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
    /// On all threads, through supersteps. They give up if that takes too long.
    InStep { budget: Budget },
    /// On the calling thread alone, for as long as it takes to see what that takes, which is a few
    /// microseconds; then on alone or, if that is expected to be faster, shared.
    Probe,
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
/// Models and fuzz targets try all ways in turns.
const IN_TURNS: bool = MODEL || cfg!(fuzzing);
/// So many runs may still become much faster, as caches fill and threads wake.
const FIRST_RUNS: usize = 8;
/// So many runs of a way that promises to be the fastest have to be slow before that is believed.
const TRIES: [usize; WAYS] = [2, 4, 4];
/// Where the caller has been alone the others sleep; and what a walk in step needs is in the wrong caches after
/// shared runs. There a trial of another way is so many runs more, of which the fastest counts.
const MORE_TRIALS: usize = 2;
/// So many runs in a row that take much longer than usual are an accident, or several: what else the machine
/// does comes in bursts, and to begin anew costs half a dozen runs of other ways. One more, and the bodies
/// have changed.
const ACCIDENTS: usize = 3;
/// Runs until another way is tried again: at first, and at the most.
const FIRST_TRIAL: usize = 16;
const LAST_TRIAL: usize = 4096;
/// In ticks, some ten microseconds: no walk is broken into before.
pub(super) const LEAST_BUDGET: usize = 20_000;
/// In ticks: what a walk alone adds to each body.
const WALKED_NODE: usize = 4;
/// In ticks per node: if a run on all threads takes less, a first run says nothing about a walk. It has cold
/// caches, most of all where threads share the nodes: nodes of 1.6 ns were sampled with 120.
const UNKNOWN: usize = 100;
/// In ticks: what sharing adds to each body at least, if it wasn't measured yet.
pub(super) const SHARED_NODE: usize = 120;
/// In ticks, about two microseconds: a walk this short is over before a helper could have begun.
const SHORT_WALK: usize = 5_000;
/// Which of the short walks are timed: looking at the clock twice takes as long as a walk through four nodes.
const TIMED_WALKS: usize = 16;

/// What the samples of a run say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampled {
    /// The ticks of all bodies together.
    pub(crate) work: usize,
    pub(crate) nodes: usize,
    pub(crate) threads: usize,
}

#[derive(Debug, Default)]
struct Entry {
    key: AtomicUsize,
    /// Ticks of a run, in each way, as measured; 0 if not known.
    ticks: [AtomicUsize; WAYS],
    /// The same as promised; 0 if not known, `usize::MAX` if it can't be run so.
    promised: [AtomicUsize; WAYS],
    /// How many runs went each way.
    runs_of: [AtomicUsize; WAYS],
    /// How many nodes a run has, once the first one is over.
    nodes: AtomicUsize,
    /// How many runs were recorded.
    runs: AtomicUsize,
    /// How many runs in a row have taken another time than usual.
    unusual: AtomicUsize,
    /// Runs until another way is tried.
    until_trial: AtomicUsize,
    /// What `until_trial` is set to after the next trial.
    interval: AtomicUsize,
    /// How many trials there have been.
    trials: AtomicUsize,
    /// How many runs more the present trial takes.
    trials_left: AtomicUsize,
    /// Of which way it is.
    tried: AtomicUsize,
}

impl Entry {
    /// Nothing is known any more.
    fn forget(&self) {
        let numbers = [&self.nodes, &self.runs, &self.unusual, &self.trials, &self.trials_left];
        for place in self.ticks.iter().chain(&self.promised).chain(&self.runs_of).chain(numbers) {
            place.store(0, Ordering::Relaxed);
        }
        self.until_trial.store(FIRST_TRIAL, Ordering::Relaxed);
        self.interval.store(FIRST_TRIAL, Ordering::Relaxed);
    }

    #[inline]
    fn of(&self, way: usize) -> usize {
        self.ticks[way].load(Ordering::Relaxed)
    }

    fn is_new(&self) -> bool {
        (0..WAYS).all(|way| self.of(way) == 0)
    }

    /// A walk takes no time worth talking about.
    #[inline]
    fn walks_shortly(&self) -> bool {
        (1..SHORT_WALK).contains(&self.of(WALK))
    }

    /// What a run of this way is expected to take: as measured or, before that, as promised.
    fn expected(&self, way: usize) -> usize {
        let promised = self.promised[way].load(Ordering::Relaxed);
        match self.of(way) {
            0 if promised == 0 => usize::MAX,
            // Some slack: what promises next to nothing isn't worth trying.
            0 => promised.saturating_add(promised / 32),
            // The first run of a way also wakes threads and fills caches: that it was slow says little.
            ticks if self.runs_of[way].load(Ordering::Relaxed) < TRIES[way] && promised != 0 => {
                ticks.min(promised.saturating_add(promised / 32))
            }
            ticks => ticks,
        }
    }

    /// The way that is expected to be the fastest.
    fn fastest(&self) -> usize {
        (0..WAYS).min_by_key(|&way| self.expected(way)).unwrap_or(SHARE)
    }

    /// The way of the next run.
    fn next(&self) -> usize {
        if IN_TURNS {
            let turn = self.trials.fetch_add(1, Ordering::Relaxed);
            return (turn..turn + WAYS)
                .map(|turn| turn % WAYS)
                .find(|&way| self.promised[way].load(Ordering::Relaxed) != usize::MAX)
                .unwrap_or(SHARE);
        }
        let fastest = self.fastest();
        if self.of(fastest) == 0 {
            return fastest;
        }
        if let Some(left) = self.trials_left.load(Ordering::Relaxed).checked_sub(1) {
            self.trials_left.store(left, Ordering::Relaxed);
            return self.tried.load(Ordering::Relaxed);
        }
        let trial = self.until_trial.load(Ordering::Relaxed);
        self.until_trial.store(trial.saturating_sub(1), Ordering::Relaxed);
        if trial > 0 {
            return fastest;
        }
        // Those that are nearly as fast take turns.
        let near = self.expected(fastest).saturating_add(self.expected(fastest) / 4);
        // And so does walking in step if it promises to be faster: a thread that is held up holds up the
        // others.
        let promised = self.promised[IN_STEP].load(Ordering::Relaxed);
        let promises = |way| way == IN_STEP && (1..self.of(fastest)).contains(&promised);
        let mut others =
            (0..WAYS).filter(|&way| way != fastest && (self.expected(way) <= near || promises(way)));
        let count = others.clone().count();
        let tried = others.nth(self.trials.load(Ordering::Relaxed) % count.max(1)).unwrap_or(fastest);
        if tried != fastest && (fastest == WALK || tried == IN_STEP) {
            self.tried.store(tried, Ordering::Relaxed);
            self.trials_left.store(MORE_TRIALS, Ordering::Relaxed);
        }
        tried
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

    /// How the next run of `key` shall begin, and whether it shall take samples. If nothing is known, with a
    /// walk if it is `eager`: it won't be a long one.
    #[inline]
    pub(crate) fn plan(&self, key: usize, eager: bool) -> (Plan, bool) {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) == key && entry.walks_shortly() {
            let untimed = entry.until_trial.load(Ordering::Relaxed);
            entry.until_trial.store(untimed.checked_sub(1).unwrap_or(TIMED_WALKS - 1), Ordering::Relaxed);
            let timed = if untimed == 0 { Timed::Yes } else { Timed::No };
            return (Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed }, false);
        }
        Self::plan_longer(entry, key, eager)
    }

    /// As [`plan`](Self::plan), of a graph that isn't known as one that walks shortly.
    #[inline(never)]
    fn plan_longer(entry: &Entry, key: usize, eager: bool) -> (Plan, bool) {
        if entry.key.load(Ordering::Relaxed) != key {
            entry.forget();
            entry.key.store(key, Ordering::Relaxed);
        }
        if entry.is_new() {
            let alone = Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed: Timed::Yes };
            return (if eager { alone } else { Plan::Probe }, true);
        }
        let way = entry.next();
        let fastest = entry.fastest();
        let expected = entry.expected(fastest);
        // Some slack, so that a way that is as fast as the others gets to its end.
        let ticks = expected.saturating_add(expected / 2).max(LEAST_BUDGET);
        let budget = if fastest == SHARE { Budget::Expected(ticks) } else { Budget::Ticks(ticks) };
        let plan = match way {
            WALK => Plan::Alone { budget, timed: Timed::Yes },
            // Otherwise sharing would be worse still, and whoever is held up isn't waited for long.
            IN_STEP => Plan::InStep { budget: if fastest == SHARE { budget } else { Budget::NONE } },
            _ => Plan::Share,
        };
        (plan, false)
    }

    /// What is known is of another graph.
    pub(crate) fn forget(&self, key: usize) {
        self.entry(key).forget();
    }

    /// What the samples of a run of `key` promise for the ways that weren't tried yet. `in_step` gives what
    /// one in step would take, from what the fastest other way would; `usize::MAX` if there can be none.
    pub(crate) fn promise(&self, key: usize, sampled: Sampled, in_step: impl FnOnce(usize) -> usize) {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            return;
        }
        let Sampled { work, nodes, threads } = sampled;
        entry.nodes.store(nodes, Ordering::Relaxed);
        let ideal = work / threads.max(1);
        let share = match entry.of(SHARE) {
            0 => ideal.saturating_add(nodes.saturating_mul(SHARED_NODE)),
            // About half of what it has taken beside the work is what only the first run takes.
            ticks => ideal.saturating_add(ticks.saturating_sub(ideal) / 2),
        };
        let walk = work.saturating_add(nodes.saturating_mul(WALKED_NODE));
        let measured = Some(entry.of(SHARE)).filter(|&ticks| ticks > 0).unwrap_or(usize::MAX);
        let in_step =
            in_step(measured.min(work)).saturating_add(nodes.saturating_mul(WALKED_NODE) / threads.max(1));
        for (promised, ticks) in entry.promised.iter().zip([share, walk, in_step]) {
            promised.store(ticks.max(1), Ordering::Relaxed);
        }
    }

    /// Takes note of a run that began so and took so long, or would have if it had gone on so.
    pub(crate) fn record(&self, key: usize, plan: Plan, ticks: usize) {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            return;
        }
        let (way, ticks) = match plan {
            Plan::Share | Plan::Probe => (SHARE, ticks.clamp(1, usize::MAX - 1)),
            Plan::Alone { .. } => (WALK, ticks.clamp(1, usize::MAX - 1)),
            Plan::InStep { .. } => (IN_STEP, ticks.clamp(1, usize::MAX - 1)),
        };
        let (fastest, before) = (entry.fastest(), entry.of(way));
        let best = entry.expected(fastest);
        if way == WALK && entry.walks_shortly() && ticks >= SHORT_WALK {
            if entry.unusual.fetch_add(1, Ordering::Relaxed) >= ACCIDENTS {
                entry.forget();
            }
            return;
        }
        entry.runs.fetch_add(1, Ordering::Relaxed);
        let runs_of_way = entry.runs_of[way].fetch_add(1, Ordering::Relaxed);
        let early = runs_of_way < TRIES[way];
        // Falls fast and rises slowly: what disturbs a run only ever adds to it. (Not at once: one lucky run
        // of a way would be what the others are compared with.)
        let known = match ticks.checked_sub(before) {
            Some(more) if before != 0 => before + more.min(before) / 8,
            None if !early => before - (before - ticks) / 2,
            _ => ticks,
        };
        entry.ticks[way].store(known, Ordering::Relaxed);
        let nodes = entry.nodes.load(Ordering::Relaxed);
        let walks = entry.runs_of[WALK].load(Ordering::Relaxed);
        if way != WALK && runs_of_way > 0 && walks < 2 && known < nodes.saturating_mul(UNKNOWN) {
            entry.promised[WALK].store(nodes * WALKED_NODE, Ordering::Relaxed);
        }
        if known < SHORT_WALK && way == WALK && entry.unusual.load(Ordering::Relaxed) != 0 {
            entry.unusual.store(0, Ordering::Relaxed);
        }
        if before == 0 || early {
            return;
        }
        if way != fastest {
            // This was a trial of another way, or its first part.
            if entry.trials_left.load(Ordering::Relaxed) > 0 {
                return;
            }
            let interval = entry.interval.load(Ordering::Relaxed);
            let next = if known > best { (interval * 2).min(LAST_TRIAL) } else { FIRST_TRIAL };
            entry.trials.fetch_add(1, Ordering::Relaxed);
            entry.interval.store(next, Ordering::Relaxed);
            entry.until_trial.store(next, Ordering::Relaxed);
        } else if ticks < before - before / 3 && entry.runs.load(Ordering::Relaxed) > FIRST_RUNS {
            entry.forget();
        } else if ticks <= before.saturating_add(before / 2) {
            entry.unusual.store(0, Ordering::Relaxed);
        } else if entry.unusual.fetch_add(1, Ordering::Relaxed) >= ACCIDENTS {
            entry.forget();
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// Runs `count` times, taking so many ticks shared, walking and in step (0: there are no steps); says
    /// that all bodies together take as long as the walk. How often each way was planned.
    fn plans(tuner: &Tuner, count: usize, ticks: [usize; WAYS]) -> [usize; WAYS] {
        let mut plans = [0; WAYS];
        for _ in 0..count {
            let (plan, samples) = tuner.plan(1, false);
            let way = match plan {
                Plan::Share | Plan::Probe => SHARE,
                Plan::Alone { .. } => WALK,
                Plan::InStep { .. } => IN_STEP,
            };
            plans[way] += 1;
            if !matches!(plan, Plan::Alone { timed: Timed::No, .. }) {
                tuner.record(1, plan, ticks[way]);
            }
            if samples {
                let in_step = if ticks[IN_STEP] == 0 { usize::MAX } else { ticks[IN_STEP] };
                tuner.promise(1, Sampled { work: ticks[WALK], nodes: 1, threads: 2 }, |_| in_step);
            }
        }
        plans
    }

    #[test]
    fn takes_the_fastest_way() {
        assert_eq!(plans(&Tuner::new(), 15, [100_000, 190_000, 200_000]), [15, 0, 0]);
        assert_eq!(plans(&Tuner::new(), 15, [900_000, 100_000, 200_000]), [1, 14, 0]);
        assert_eq!(plans(&Tuner::new(), 15, [900_000, 200_000, 100_000]), [1, 0, 14]);
    }

    #[test]
    fn narrow_graphs_never_go_in_step() {
        let [shared, walked, in_step] = plans(&Tuner::new(), 5_000, [90_000, 20_000, 0]);
        assert!(shared < 15 && walked > 4_900 && in_step == 0, "{shared} {walked}");
    }

    #[test]
    fn tries_nothing_that_promises_nothing() {
        let tuner = Tuner::new();
        assert_eq!(plans(&tuner, 5_000, [11_000_000, 20_000_000, 14_000_000]), [5_000, 0, 0]);
        tuner.record(1, Plan::Share, 10_000);
        assert!(plans(&tuner, 10, [90_000, 20_000, 0])[WALK] > 0, "the nodes have become short");
    }

    #[test]
    fn a_promise_that_is_not_kept_is_forgotten() {
        let tuner = Tuner::new();
        assert_eq!(tuner.plan(1, false), (Plan::Probe, true));
        tuner.record(1, Plan::Share, 100_000);
        tuner.promise(1, Sampled { work: 120_000, nodes: 1, threads: 2 }, |_| 50_000);
        assert!(matches!(tuner.plan(1, false).0, Plan::InStep { .. }));
        tuner.record(1, Plan::InStep { budget: Budget::NONE }, 200_000);
        assert_eq!(plans(&tuner, 15, [100_000, 120_000, 200_000]), [12, 0, 3]);
    }

    #[test]
    fn a_short_walk_is_never_given_up() {
        assert_eq!(plans(&Tuner::new(), 10_000, [9_000, 4_000, 9_000]), [1, 9_999, 0]);
    }

    #[test]
    fn one_slow_first_run_decides_nothing() {
        let tuner = Tuner::new();
        assert_eq!(tuner.plan(1, false), (Plan::Probe, true));
        tuner.record(1, Plan::Share, 180_000);
        tuner.promise(1, Sampled { work: 160_000, nodes: 1, threads: 2 }, |_| usize::MAX);
        assert_eq!(plans(&tuner, 9, [90_000, 160_000, 0]), [9, 0, 0]);
    }

    #[test]
    fn notices_that_bodies_change() {
        let tuner = Tuner::new();
        let _ = plans(&tuner, 30, [900_000, 100_000, 500_000]);
        assert_eq!(plans(&tuner, 1, [900_000, 100_000, 500_000]), [0, 1, 0]);
        let _ = plans(&tuner, 30, [500_000, 900_000, 800_000]);
        assert_eq!(plans(&tuner, 1, [500_000, 900_000, 800_000]), [1, 0, 0]);
        let _ = plans(&tuner, 30, [90_000, 40_000, 10_000]);
        assert_eq!(plans(&tuner, 1, [90_000, 40_000, 10_000]), [0, 0, 1]);
    }

    #[test]
    fn tries_what_is_nearly_as_fast_ever_more_rarely() {
        let [shared, walked, in_step] = plans(&Tuner::new(), 1_000, [100_000, 110_000, 115_000]);
        assert!(
            shared > 970 && (3..=7).contains(&walked) && (9..=21).contains(&in_step),
            "{walked} {in_step}"
        );
    }

    #[test]
    fn an_eager_one_begins_with_a_walk() {
        let tuner = Tuner::new();
        let walk = Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed: Timed::Yes };
        // As often as nobody says how it went.
        assert_eq!([tuner.plan(1, true), tuner.plan(1, true)], [(walk, true), (walk, true)]);
        tuner.record(1, walk, 50_000);
        tuner.promise(1, Sampled { work: 49_000, nodes: 10, threads: 2 }, |_| usize::MAX);
        assert_eq!(tuner.plan(1, true), (Plan::Share, false));
    }
}
