//! How a run has begun, and what that shows about the next one.
//!
//! What a run alone, or in step, has taken is compared with other ways to run. If others break in, the rest
//! tells nothing about that any more: then what it would have taken is estimated from what it had come to.

use super::probe::scaled;
use crate::sync::clock;
use crate::sync::{AtomicU32, AtomicUsize, MODEL, Ordering};
use crate::tuner::{Budget, Plan, Probe, Sampled, Timed, Tuner};
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
    /// In a graph's first run, or the first one after its bodies have changed: so it isn't in a box.
    probe: Option<Probe>,
}

/// One in so many samples may be of a body during which the system took the processor away.
const HELD_UP: usize = 200;

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
            Plan::Share | Plan::Probe => Budget::NONE,
            Plan::Alone { budget, .. } | Plan::InStep { budget } => budget,
        };
        let at = if matches!(plan, Plan::Alone { timed: Timed::No, .. }) { 0 } else { clock::now() };
        let (estimate, work, nodes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let probe = (plan == Plan::Probe).then(Probe::default);
        Self { key, plan, budget, at, estimate, samples, work, nodes, profile: Box::default(), probe }
    }

    /// Takes down also what single bodies take of a graph of so many nodes.
    pub(crate) fn with_profile(self, nodes: usize) -> Self {
        Self { profile: std::iter::repeat_with(AtomicU32::default).take(nodes).collect(), ..self }
    }

    /// What a walk shows at the beginning of a graph's first run, if this is one.
    #[inline]
    pub(crate) fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// How many ticks the body of each node is expected to take, for supersteps; `average`, if nothing is
    /// known of it. Of long bodies there is one sample, with cold caches, during which the system may have
    /// taken the processor away. So how far it lies from the median counts half, as a ratio; less far than it
    /// says, anyway. Of short ones, samples say nothing, unless they turn out to be long.
    pub(crate) fn weights(&self, average: u32) -> impl Fn(NodeId) -> u32 {
        let sampled = |ticks: &AtomicU32| Some(ticks.load(Ordering::Relaxed)).filter(|&ticks| ticks > 0);
        let mut all: Vec<u32> = self.profile.iter().filter_map(sampled).collect();
        all.sort_unstable();
        let median = all.get(all.len() / 2).map_or(average, |&ticks| ticks);
        let far = median.saturating_mul(4);
        // A few that lie far above all others were held up.
        let few = all.len() / HELD_UP;
        let most = all.iter().nth_back(few).filter(|_| few > 0).map_or(u32::MAX, |&ticks| ticks.max(far));
        let short = self.believes_probe();
        let usual = if short { Probe::warm(average) } else { median };
        move |node| match self.profile.get(node.index()).and_then(sampled) {
            None => usual,
            Some(ticks) if short && ticks < average.saturating_add(Probe::COLD) => usual,
            Some(ticks) if ticks > far && ticks <= most => ticks / 2,
            Some(ticks) => {
                let square = u64::from(ticks.clamp(median / 4, far)) * u64::from(median);
                u32::try_from(square.isqrt()).unwrap_or(u32::MAX).max(1)
            }
        }
    }

    /// The average of the samples, in ticks.
    fn sampled(&self) -> Option<usize> {
        self.work.load(Ordering::Relaxed).checked_div(self.nodes.load(Ordering::Relaxed))
    }

    fn believes_probe(&self) -> bool {
        self.probe().is_some_and(|probe| probe.is_to_be_believed(self.sampled()))
    }

    /// How many ticks the run has taken so far.
    #[inline]
    pub(crate) fn elapsed(&self) -> usize {
        usize::try_from(clock::now().saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    /// Others have broken in when it had taken `until` ticks, and so many of the `nodes` were done since it
    /// had taken `since`. (What breaking in takes is not the beginning's.)
    pub(crate) fn broken_into(&self, since: usize, until: usize, done: usize, nodes: usize) {
        if let Some(probe) = self.probe() {
            return probe.is_shared(self.elapsed(), nodes - done);
        }
        let ticks = since.saturating_add(scaled(until.saturating_sub(since), nodes, done));
        self.estimate.store(ticks.clamp(1, usize::MAX - 1), Ordering::Relaxed);
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
        let of = self.nodes.load(Ordering::Relaxed);
        let sampled = (of > 0).then(|| scaled(self.work.load(Ordering::Relaxed), nodes, of));
        let probed = self.probe().filter(|_| self.believes_probe()).map(|probe| probe.work(nodes));
        // A first run may have neither: one that is broken into during its last node, which the caller has
        // walked to. What it promises is asked all the same, since supersteps are found in the first run
        // only.
        let walked = || self.samples.then(|| self.elapsed());
        if let Some(work) = probed.or(sampled).or_else(walked) {
            tuner.promise(self.key, Sampled { work, nodes, threads }, |others| in_step(work, others));
        }
    }

    /// Whether there is nothing to record: it wasn't timed, as it was expected to be short, and nobody has seen
    /// that it isn't.
    #[inline]
    pub(crate) fn has_nothing_to_say(&self) -> bool {
        self.at == 0 && !self.samples && matches!(self.estimate.load(Ordering::Relaxed), 0 | Self::UNKNOWN)
    }

    /// The run is over: takes note of how long it has taken.
    #[inline]
    pub(crate) fn record(&self, tuner: &Tuner, nodes: usize) {
        if self.at == 0 {
            // It wasn't timed, as it was expected to be short. It wasn't short, if others have broken in.
            if !matches!(self.estimate.load(Ordering::Relaxed), 0 | Self::UNKNOWN) {
                tuner.was_not_short(self.key);
            }
            return;
        }
        if let Some(probe) = self.probe() {
            let (plan, ticks) = probe.outcome(self.elapsed(), nodes);
            return tuner.record(self.key, plan, ticks);
        }
        let ticks = match self.estimate.load(Ordering::Relaxed) {
            0 => self.elapsed(),
            Self::UNKNOWN => return,
            ticks => ticks,
        };
        tuner.record(self.key, self.plan, ticks);
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// What a first run has sampled of nodes 0, 1, …, in ticks; 0 of those of which there is no sample.
    fn sampled(profile: &[u32], probe: Option<(usize, usize)>) -> RunTimer {
        let plan = if probe.is_some() { Plan::Probe } else { Plan::Share };
        let timer = RunTimer::now(1, (plan, true)).with_profile(profile.len());
        for (place, &ticks) in timer.profile.iter().zip(profile) {
            place.store(ticks, Ordering::Relaxed);
        }
        if let (Some(probe), Some((nodes, ticks))) = (timer.probe(), probe) {
            probe.saw(nodes, ticks, ticks);
        }
        timer
    }

    fn weights<const N: usize>(timer: &RunTimer, average: u32, nodes: [u32; N]) -> [u32; N] {
        let weight = timer.weights(average);
        nodes.map(|node| weight(NodeId::new(node)))
    }

    #[test]
    fn what_is_not_known_takes_the_usual_time() {
        assert_eq!(weights(&RunTimer::now(1, (Plan::Share, true)), 70, [0, 9]), [70, 70]);
        assert_eq!(weights(&sampled(&[0, 0], None), 70, [0, 1]), [70, 70], "no samples");
        assert_eq!(weights(&sampled(&[100, 0, 100], None), 70, [0, 1, 99]), [100, 100, 100], "the median");
    }

    #[test]
    fn samples_count_half() {
        let timer = sampled(&[10, 400, 900, 1_600, 1_601, 10_000, 900], None); // the median is 900
        let lowest = (900_u32 / 4 * 900).isqrt();
        assert_eq!(weights(&timer, 70, [0, 1, 2, 3]), [lowest, 600, 900, 1_200]);
        assert_eq!(weights(&timer, 70, [5]), [5_000], "far away, but as few samples tell");
        let mut many = [1_000; 400];
        (many[7], many[8], many[9]) = (50_000, 60_000, 9_000);
        let timer = sampled(&many, None);
        // Two in 400 may be of bodies that were held up: those that lie above the third.
        assert_eq!(weights(&timer, 70, [7, 8, 9, 10]), [2_000, 2_000, 4_500, 1_000]);
    }

    #[test]
    fn the_longest_and_the_shortest() {
        let timer = sampled(&[u32::MAX, u32::MAX, u32::MAX, 1], None);
        let lowest = (u64::from(u32::MAX / 4) * u64::from(u32::MAX)).isqrt();
        assert_eq!(weights(&timer, 70, [0, 3]), [u32::MAX, u32::try_from(lowest).expect("it is lower")]);
        assert_eq!(weights(&sampled(&[1, 1, 1], None), 70, [0]), [1], "never 0");
    }

    #[test]
    fn samples_of_short_bodies_say_nothing_unless_they_are_long() {
        let timer = sampled(&[300, 400, 500, 30_000, 0], Some((64, 64 * 20)));
        assert!(timer.believes_probe());
        // With warm caches they take less: half, or 30 ticks less.
        assert_eq!(weights(&timer, 20, [0, 1, 2, 3, 4]), [10, 10, 10, 15_000, 10]);
        assert_eq!(weights(&timer, 100, [0, 1, 2, 3, 4]), [70, 70, 70, 15_000, 70]);
        assert_eq!(weights(&timer, 1, [0]), [1], "never 0");
    }

    #[test]
    fn a_first_run_that_nobody_has_sampled_promises_something() {
        let asks = |samples| {
            let (tuner, mut asked) = (Tuner::new(), false);
            let _ = tuner.plan(1, false);
            RunTimer::now(1, (Plan::Probe, samples)).promise(&tuner, 1, 2, |_, _| {
                asked = true;
                usize::MAX
            });
            asked
        };
        assert_eq!([asks(true), asks(false)], [true, false]);
    }

    #[test]
    fn a_walk_that_was_not_timed_and_is_broken_into_was_not_short() {
        let tuner = Tuner::new();
        assert_eq!(tuner.plan(1, false).0, Plan::Probe);
        let short = Plan::Alone { budget: Budget::NONE, timed: Timed::Yes };
        tuner.record(1, short, 3_000); // so little since the run was called off, say
        for run in 0..4 {
            assert!(matches!(tuner.plan(1, false).0, Plan::Alone { .. }), "run {run}");
            let timer = RunTimer::now(1, (Plan::Alone { budget: Budget::NONE, timed: Timed::No }, false));
            timer.broken_into(0, timer.elapsed(), 5, 10);
            timer.record(&tuner, 10);
        }
        assert_eq!(tuner.plan(1, false).0, Plan::Probe);
    }
}
