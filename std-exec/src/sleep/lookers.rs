//! Which workers look around for work.

use crate::sync::{AtomicUsize, Ordering};
use crossbeam_utils::CachePadded;

/// A set of workers, as bits. All accesses are relaxed: `sleep/README.md` says which fences lie between them
/// and others.
#[derive(Debug)]
pub(super) struct Lookers {
    words: Box<[CachePadded<AtomicUsize>]>,
}

const BITS: usize = usize::BITS as usize;

/// A worker is in the set, or isn't, until this is dropped.
#[must_use]
pub(super) struct Change<'a> {
    word: &'a AtomicUsize,
    bit: usize,
    in_it: bool,
}

impl Lookers {
    pub(super) fn new(workers: usize) -> Self {
        let word = || CachePadded::new(AtomicUsize::new(0));
        Self { words: std::iter::repeat_with(word).take(workers.div_ceil(BITS)).collect() }
    }

    /// The worker looks around from now on.
    pub(super) fn with(&self, worker: usize) -> Change<'_> {
        self.change(worker, true)
    }

    /// The worker, which looks around, doesn't from now on.
    pub(super) fn without(&self, worker: usize) -> Change<'_> {
        self.change(worker, false)
    }

    /// The worker, which doesn't look around, is about to.
    pub(super) fn add(&self, worker: usize) {
        self.words[worker / BITS].fetch_or(1 << (worker % BITS), Ordering::Relaxed);
    }

    fn change(&self, worker: usize, in_it: bool) -> Change<'_> {
        let change = Change { word: &self.words[worker / BITS], bit: 1 << (worker % BITS), in_it };
        change.make(in_it);
        change
    }

    /// Whether fewer workers than so many look around, not counting the one that `but` gives.
    #[inline]
    pub(super) fn fewer_than(&self, enough: usize, but: impl FnOnce() -> Option<usize>) -> bool {
        let mut words = self.words.iter().map(|word| word.load(Ordering::Relaxed)).enumerate();
        let Some((first, bits)) = words.find(|&(_, bits)| bits != 0) else { return true };
        let but = but();
        let count = |(at, bits): (usize, usize)| match but {
            Some(worker) if worker / BITS == at => (bits & !(1 << (worker % BITS))).count_ones(),
            _ => bits.count_ones(),
        };
        let looking: u32 = count((first, bits)) + words.map(count).sum::<u32>();
        (looking as usize) < enough
    }
}

impl Change<'_> {
    fn make(&self, in_it: bool) {
        if in_it {
            self.word.fetch_or(self.bit, Ordering::Relaxed);
        } else {
            self.word.fetch_and(!self.bit, Ordering::Relaxed);
        }
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.make(!self.in_it);
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn knows_who_looks_around() {
        for worker in [0, 5, BITS - 1, BITS, 3 * BITS + 1] {
            let lookers = Lookers::new(4 * BITS);
            let looks = lookers.with(worker);
            assert!(!lookers.fewer_than(1, || None) && !lookers.fewer_than(1, || Some(worker ^ 1)));
            assert!(lookers.fewer_than(1, || Some(worker)));
            let other = lookers.with(2);
            assert!(lookers.fewer_than(3, || None) && lookers.fewer_than(2, || Some(worker)));
            assert!(!lookers.fewer_than(2, || None));
            assert!(!lookers.fewer_than(1, || Some(worker)));
            drop(other);
            let away = lookers.without(worker);
            assert!(lookers.fewer_than(1, || None));
            drop(away);
            assert!(!lookers.fewer_than(1, || None));
            drop(looks);
            assert!(lookers.fewer_than(1, || None));
        }
    }
}
