//! What is known of one graph: what its runs took in each way, what the ways promise, and which way follows.

use super::plan::{Budget, LEAST_BUDGET, Plan, Sampled, Timed};
use crate::sync::{AtomicUsize, MODEL, Ordering};

/// The ways to run, as places of an entry's `ticks`.
pub(super) const SHARE: usize = 0;
pub(super) const WALK: usize = 1;
pub(super) const IN_STEP: usize = 2;
pub(super) const WAYS: usize = 3;

/// Models and fuzz targets try all ways in turns.
const IN_TURNS: bool = MODEL || cfg!(fuzzing);
/// So many runs may still become much faster, as caches fill and threads wake.
const FIRST_RUNS: usize = 8;
/// So many runs of a way that promises to be the fastest have to be slow before that is believed.
const TRIES: [usize; WAYS] = [2, 4, 4];
/// Where the caller has been alone the others sleep; and what a walk in step needs is in the wrong caches
/// after shared runs. There a trial of another way is so many runs more, of which the fastest counts.
const MORE_TRIALS: usize = 2;
/// So many runs in a row that take much longer than usual are an accident, or several: what else the machine
/// does comes in bursts, and to begin anew costs half a dozen runs of other ways. One more, and the bodies
/// have changed.
const ACCIDENTS: usize = 3;
/// Runs until another way is tried again: at first, and at the most.
const FIRST_TRIAL: usize = 16;
const LAST_TRIAL: usize = 4096;
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

/// What is known of a graph.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Of which one.
    pub(super) key: AtomicUsize,
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
    pub(super) fn forget(&self) {
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

    pub(super) fn is_new(&self) -> bool {
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

    /// How the next run shall begin, and whether it shall take samples.
    pub(super) fn plan(&self, eager: bool) -> (Plan, bool) {
        if self.is_new() {
            let alone = Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed: Timed::Yes };
            return (if eager { alone } else { Plan::Probe }, true);
        }
        let way = self.next();
        let fastest = self.fastest();
        let expected = self.expected(fastest);
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

    /// How the next run shall begin, if it is known to be a short walk.
    #[inline]
    pub(super) fn short_walk(&self) -> Option<(Plan, bool)> {
        if !self.walks_shortly() {
            return None;
        }
        let untimed = self.until_trial.load(Ordering::Relaxed);
        self.until_trial.store(untimed.checked_sub(1).unwrap_or(TIMED_WALKS - 1), Ordering::Relaxed);
        let timed = if untimed == 0 { Timed::Yes } else { Timed::No };
        Some((Plan::Alone { budget: Budget::Ticks(LEAST_BUDGET), timed }, false))
    }

    /// What samples promise for the ways that weren't tried yet.
    pub(super) fn promise(&self, sampled: Sampled, in_step: impl FnOnce(usize) -> usize) {
        let Sampled { work, nodes, threads } = sampled;
        self.nodes.store(nodes, Ordering::Relaxed);
        let ideal = work / threads.max(1);
        let share = match self.of(SHARE) {
            0 => ideal.saturating_add(nodes.saturating_mul(SHARED_NODE)),
            // About half of what it has taken beside the work is what only the first run takes.
            ticks => ideal.saturating_add(ticks.saturating_sub(ideal) / 2),
        };
        let walk = work.saturating_add(nodes.saturating_mul(WALKED_NODE));
        let measured = Some(self.of(SHARE)).filter(|&ticks| ticks > 0).unwrap_or(usize::MAX);
        let in_step =
            in_step(measured.min(work)).saturating_add(nodes.saturating_mul(WALKED_NODE) / threads.max(1));
        for (promised, ticks) in self.promised.iter().zip([share, walk, in_step]) {
            promised.store(ticks.max(1), Ordering::Relaxed);
        }
    }

    /// A walk that was expected to be short took long, or was broken into since it did.
    pub(super) fn was_not_short(&self) {
        if self.walks_shortly() && self.unusual.fetch_add(1, Ordering::Relaxed) >= ACCIDENTS {
            self.forget();
        }
    }

    /// Takes note of a run that began so and took so long, or would have if it had gone on so.
    pub(super) fn record(&self, plan: Plan, ticks: usize) {
        let (way, ticks) = match plan {
            Plan::Share | Plan::Probe => (SHARE, ticks.clamp(1, usize::MAX - 1)),
            Plan::Alone { .. } => (WALK, ticks.clamp(1, usize::MAX - 1)),
            Plan::InStep { .. } => (IN_STEP, ticks.clamp(1, usize::MAX - 1)),
        };
        let (fastest, before) = (self.fastest(), self.of(way));
        let best = self.expected(fastest);
        if way == WALK && self.walks_shortly() && ticks >= SHORT_WALK {
            return self.was_not_short();
        }
        self.runs.fetch_add(1, Ordering::Relaxed);
        let runs_of_way = self.runs_of[way].fetch_add(1, Ordering::Relaxed);
        let early = runs_of_way < TRIES[way];
        // Falls fast and rises slowly: what disturbs a run only ever adds to it. (Not at once: one lucky run
        // of a way would be what the others are compared with.)
        let known = match ticks.checked_sub(before) {
            Some(more) if before != 0 => before + more.min(before) / 8,
            None if !early => before - (before - ticks) / 2,
            _ => ticks,
        };
        self.ticks[way].store(known, Ordering::Relaxed);
        let nodes = self.nodes.load(Ordering::Relaxed);
        let walks = self.runs_of[WALK].load(Ordering::Relaxed);
        if way != WALK && runs_of_way > 0 && walks < 2 && known < nodes.saturating_mul(UNKNOWN) {
            self.promised[WALK].store(nodes * WALKED_NODE, Ordering::Relaxed);
        }
        if known < SHORT_WALK && way == WALK && self.unusual.load(Ordering::Relaxed) != 0 {
            self.unusual.store(0, Ordering::Relaxed);
        }
        if before == 0 || early {
            return;
        }
        if way != fastest {
            // This was a trial of another way, or its first part.
            if self.trials_left.load(Ordering::Relaxed) > 0 {
                return;
            }
            let interval = self.interval.load(Ordering::Relaxed);
            let next = if known > best { (interval * 2).min(LAST_TRIAL) } else { FIRST_TRIAL };
            self.trials.fetch_add(1, Ordering::Relaxed);
            self.interval.store(next, Ordering::Relaxed);
            self.until_trial.store(next, Ordering::Relaxed);
        } else if ticks < before - before / 3 && self.runs.load(Ordering::Relaxed) > FIRST_RUNS {
            self.forget();
        } else if ticks <= before.saturating_add(before / 2) {
            self.unusual.store(0, Ordering::Relaxed);
        } else if self.unusual.fetch_add(1, Ordering::Relaxed) >= ACCIDENTS {
            self.forget();
        }
    }
}
