//! What a walk shows at the beginning of a graph's first run.
//!
//! Samples of bodies are taken where threads share the nodes: they go through memory in any order, with
//! cold caches. So nodes of 7 ns are sampled with 60 to 110, and supersteps that are made for that have far
//! too many places where threads wait for each other. What such bodies really take is seen when one thread
//! goes through them in sequence, which a few microseconds are enough for. And if it turns out that sharing
//! would be slower, the thread goes on alone.

use super::table::{LEAST_BUDGET, SHARED_NODE};
use crate::sync::{AtomicBool, AtomicUsize, MODEL, Ordering};
use crate::tuner::{Budget, Plan, Timed};

/// The caller's walk at the beginning of a graph's first run. All ticks are those since the run began.
/// Relaxed: written by one member, and read by others as a hint, or when all have left.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    began: AtomicUsize,
    /// How many nodes its last piece had, which is half of all that it has seen, and what that has taken.
    piece: AtomicUsize,
    ticks: AtomicUsize,
    /// The caller goes on alone.
    alone: AtomicBool,
    /// Since when it is shared, and how many nodes were left then; 0 if it isn't.
    since: AtomicUsize,
    left: AtomicUsize,
}

/// In ticks per node, some two hundred nanoseconds: bodies that take as long are sampled well enough.
const LONG: usize = 500;

impl Probe {
    /// In ticks: how much more than in sequence a short body may take where threads share the nodes.
    pub(super) const COLD: u32 = 1_000;

    /// What a short body may take in later runs, in ticks, if it takes so many in the first one, through cold
    /// caches. (If it is taken for longer than it is, supersteps are too short, and have more waits.)
    pub(super) fn warm(ticks: u32) -> u32 {
        (ticks / 2).max(ticks.saturating_sub(30)).max(1)
    }

    /// The caller begins.
    pub(crate) fn begin(&self, now: usize) {
        self.began.store(now.max(1), Ordering::Relaxed);
    }

    /// A piece has taken so long, until `now`. (The first one is a node, of which the code and the data have
    /// to come first: it says something only if there is no other.)
    pub(crate) fn saw(&self, nodes: usize, ticks: usize, now: usize) {
        if self.piece.load(Ordering::Relaxed) == 0 {
            self.began.store(now.max(1), Ordering::Relaxed);
        }
        self.piece.store(nodes, Ordering::Relaxed);
        self.ticks.store(ticks, Ordering::Relaxed);
    }

    /// Whether it has taken long enough: some eight microseconds.
    pub(crate) fn is_over(&self, now: usize) -> bool {
        let began = self.began.load(Ordering::Relaxed);
        MODEL || began != 0 && now.saturating_sub(began) >= LEAST_BUDGET
    }

    /// Whether the caller must have seen enough, if bodies are short: its last piece is about as long as all
    /// before.
    pub(crate) fn is_overdue(&self, now: usize) -> bool {
        let began = self.began.load(Ordering::Relaxed);
        MODEL || began != 0 && now.saturating_sub(began) >= 2 * LEAST_BUDGET
    }

    /// The caller has seen enough. If a walk through all nodes is faster than sharing it goes on alone; then
    /// it has so much time for that.
    pub(crate) fn walk(&self, nodes: usize, threads: usize) -> Option<Budget> {
        let work = self.work(nodes);
        let alone = !MODEL && work / nodes.max(1) <= work / nodes.max(1) / threads + SHARED_NODE;
        self.alone.store(alone, Ordering::Relaxed);
        alone.then(|| Budget::Ticks(work.saturating_add(work / 2).max(LEAST_BUDGET)))
    }

    /// Whether nobody else is needed.
    pub(crate) fn goes_on_alone(&self) -> bool {
        self.alone.load(Ordering::Relaxed)
    }

    /// Somebody has broken in: from now on it is shared, and so many nodes are left.
    pub(super) fn is_shared(&self, now: usize, left: usize) {
        self.since.store(now, Ordering::Relaxed);
        self.left.store(left, Ordering::Relaxed);
    }

    /// What all bodies take together, by what was seen.
    pub(super) fn work(&self, nodes: usize) -> usize {
        scaled(self.ticks.load(Ordering::Relaxed), nodes, self.piece.load(Ordering::Relaxed))
    }

    /// Whether what it has seen says more than samples, which have this average: bodies are short, or there
    /// are no samples.
    pub(super) fn is_to_be_believed(&self, sampled: Option<usize>) -> bool {
        let seen = self.piece.load(Ordering::Relaxed) > 0;
        let body = self.work(1);
        seen && sampled.is_none_or(|sampled| body < LONG && sampled < body + Self::COLD as usize)
    }

    /// For what way the run counts, and with how many ticks, when it is over.
    pub(super) fn outcome(&self, now: usize, nodes: usize) -> (Plan, usize) {
        match self.left.load(Ordering::Relaxed) {
            0 => {
                let walked = now.saturating_sub(self.began.load(Ordering::Relaxed));
                (Plan::Alone { budget: Budget::NONE, timed: Timed::Yes }, walked)
            }
            left => {
                let shared = now.saturating_sub(self.since.load(Ordering::Relaxed));
                (Plan::Share, scaled(shared, nodes, left))
            }
        }
    }
}

/// What took so many `ticks` for `of` nodes, for this many.
pub(super) fn scaled(ticks: usize, nodes: usize, of: usize) -> usize {
    usize::try_from(ticks as u128 * nodes as u128 / of.max(1) as u128).unwrap_or(usize::MAX - 1)
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    /// A probe that began at 100 and has seen a first node, and then a piece of 64 nodes of so many ticks each.
    fn probe(body: usize) -> Probe {
        let probe = Probe::default();
        probe.begin(100);
        probe.saw(1, 9_000, 9_100);
        probe.saw(64, 64 * body, 9_100 + 64 * body);
        probe
    }

    #[test]
    fn the_first_node_does_not_count() {
        let probe = probe(20);
        assert_eq!(probe.work(1_000), 20_000);
        assert!(!probe.is_over(9_100 + LEAST_BUDGET - 1) && probe.is_over(9_100 + LEAST_BUDGET));
        assert!(!probe.is_overdue(9_100 + LEAST_BUDGET));
    }

    #[test]
    fn tiny_nodes_go_on_alone_and_longer_ones_are_shared() {
        let (tiny, longer) = (probe(200), probe(300)); // on two threads, 240 is the limit
        assert_eq!(tiny.walk(1_000, 2), Some(Budget::Ticks(300_000)));
        assert!(tiny.goes_on_alone());
        assert_eq!(longer.walk(1_000, 2), None);
        assert!(!longer.goes_on_alone());
    }

    #[test]
    fn samples_of_short_bodies_are_not_believed() {
        assert!(probe(20).is_to_be_believed(Some(300)) && probe(20).is_to_be_believed(None));
        assert!(!probe(20).is_to_be_believed(Some(2_000)), "later nodes are longer");
        assert!(!probe(600).is_to_be_believed(Some(650)), "samples of long bodies say more");
        assert!(!Probe::default().is_to_be_believed(None), "it has seen nothing");
    }

    #[test]
    fn what_is_shared_counts_as_shared_for_all_nodes() {
        let probe = probe(300);
        assert!(matches!(probe.outcome(50_000, 1_000), (Plan::Alone { .. }, 40_900)));
        probe.is_shared(30_000, 500);
        assert_eq!(probe.outcome(50_000, 1_000), (Plan::Share, 40_000));
    }
}
