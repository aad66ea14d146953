//! Share, walk alone, or walk in step? What earlier runs of a graph took, and what to do in the next one.
//!
//! Sharing a run costs some tens of nanoseconds per node, a walk about one. So a graph of tiny bodies is
//! fastest on one thread, one of short bodies on several in step, one of long bodies shared, and only the
//! body knows which it is. A whole run in another way is a costly question. So the first run of a graph
//! begins with a *probe*, and takes *samples* if it is shared then: how long bodies take. What the other
//! ways would take follows from that, and one is tried only if it promises to be faster; then what it has
//! taken counts, not what was promised. Ways that are nearly as fast as the fastest one are tried again now
//! and then, the more rarely the longer they keep losing. When a run takes much less than usual, or four in a
//! row much more, the bodies have changed, and it begins anew. A walk that overruns its budget is broken
//! into. A walk that is over before another thread could have noticed it is never given up.
//!
//! The table is a cache: small, lossy, shared by all graphs of the executor. Two graphs in one place, or two
//! threads at once, cost a wrong guess, never a wrong result: whether a graph can be run so at all is for the
//! run to know, whatever the table says. All accesses are relaxed.

use super::entry::Entry;
use super::plan::{Plan, Sampled};
use crate::sync::{MODEL, Ordering};

const PLACES: usize = if MODEL { 1 } else { 64 };

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

    /// The entry of `key`, if it isn't another graph's by now.
    #[inline]
    fn known(&self, key: usize) -> Option<&Entry> {
        Some(self.entry(key)).filter(|entry| entry.key.load(Ordering::Relaxed) == key)
    }

    /// How the next run of `key` shall begin, and whether it shall take samples. If nothing is known, with a
    /// walk if it is `eager`: it won't be a long one.
    #[inline]
    pub(crate) fn plan(&self, key: usize, eager: bool) -> (Plan, bool) {
        self.known(key).and_then(Entry::short_walk).unwrap_or_else(|| self.plan_longer(key, eager))
    }

    /// How the next run shall begin, of a graph that isn't known as one that walks shortly.
    #[inline(never)]
    fn plan_longer(&self, key: usize, eager: bool) -> (Plan, bool) {
        let entry = self.entry(key);
        if entry.key.load(Ordering::Relaxed) != key {
            entry.forget();
            entry.key.store(key, Ordering::Relaxed);
        }
        entry.plan(eager)
    }

    /// Whether anything is known of any graph.
    #[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
    pub(crate) fn knows_any(&self) -> bool {
        self.entries.iter().any(|entry| !entry.is_new())
    }

    /// What is known is of another graph.
    pub(crate) fn forget(&self, key: usize) {
        self.entry(key).forget();
    }

    /// What the samples of a run of `key` promise for the ways that weren't tried yet. `in_step` gives what
    /// one in step would take, from what the fastest other way would; `usize::MAX` if there can be none.
    pub(crate) fn promise(&self, key: usize, sampled: Sampled, in_step: impl FnOnce(usize) -> usize) {
        if let Some(entry) = self.known(key) {
            entry.promise(sampled, in_step);
        }
    }

    /// A walk of `key` that was expected to be short took long, or was broken into since it did.
    pub(crate) fn was_not_short(&self, key: usize) {
        self.known(key).into_iter().for_each(Entry::was_not_short);
    }

    /// Takes note of a run that began so and took so long, or would have if it had gone on so.
    pub(crate) fn record(&self, key: usize, plan: Plan, ticks: usize) {
        if let Some(entry) = self.known(key) {
            entry.record(plan, ticks);
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::super::entry::{IN_STEP, SHARE, WALK, WAYS};
    use super::super::plan::{Budget, LEAST_BUDGET, Timed};
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
