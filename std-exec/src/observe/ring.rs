//! The last events of a thread: written by that thread alone, read by anybody at any moment.
//!
//! ```text
//!  written = 11            event 7 │ 4̶ 8 │ 5̶ 9 │ 6̶ 10 │        the next one is 11, in the place of 7
//! ```
//!
//! Nobody waits for anybody. A reader copies what is there, looks at the count again, and throws away what
//! may have been overwritten meanwhile: as in a sequence lock, whose counter here is the number of events.

use crate::sync::{AtomicU64, Ordering, fence};

/// Entries of so many words each, as many as a power of two.
#[derive(Debug)]
pub(crate) struct Ring<const WORDS: usize> {
    entries: Box<[[AtomicU64; WORDS]]>,
    /// How many events there were.
    written: AtomicU64,
}

impl<const WORDS: usize> Ring<WORDS> {
    /// With room for as many events, or a few more.
    pub(crate) fn new(events: usize) -> Self {
        let entry = || std::array::from_fn(|_| AtomicU64::new(0));
        let entries = std::iter::repeat_with(entry).take(events.max(2).next_power_of_two()).collect();
        Self { entries, written: AtomicU64::new(0) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits count")]
    fn entry(&self, number: u64) -> &[AtomicU64; WORDS] {
        &self.entries[number as usize & (self.entries.len() - 1)]
    }

    /// Adds an event, in the place of the oldest one. On the thread that the ring belongs to.
    #[inline]
    pub(crate) fn push(&self, words: [u64; WORDS]) {
        // Relaxed: only this thread writes it.
        let written = self.written.load(Ordering::Relaxed);
        // Ordering: Release, pairs with the fence in `read`: whoever sees one of these words sees, behind
        // that fence, that the event before was complete, and so that this place is no longer that of the
        // oldest.
        fence(Ordering::Release);
        for (cell, word) in self.entry(written).iter().zip(words) {
            cell.store(word, Ordering::Relaxed);
        }
        // Ordering: Release, pairs with the first load in `read`: whoever sees the count sees the words.
        self.written.store(written + 1, Ordering::Release);
    }

    /// How many events there were.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The events from that number on, and how many of them are gone.
    pub(crate) fn read(&self, from: u64) -> (Vec<[u64; WORDS]>, u64) {
        let length = self.entries.len() as u64;
        // Ordering: Acquire, pairs with the last store in `push`.
        let end = self.written.load(Ordering::Acquire);
        let begin = from.max(end.saturating_sub(length));
        let words = |number| self.entry(number).each_ref().map(|cell| cell.load(Ordering::Relaxed));
        let mut events: Vec<_> = (begin..end).map(words).collect();
        // Ordering: Acquire, pairs with the fence in `push`.
        fence(Ordering::Acquire);
        let now = self.written.load(Ordering::Relaxed);
        // In the place of the oldest one the thread may be writing the next.
        let whole = (now + 1).saturating_sub(length).clamp(begin, end);
        events.drain(..usize::try_from(whole - begin).unwrap_or(usize::MAX));
        (events, whole - from.min(whole))
    }
}

#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
mod models {
    use super::Ring;
    use crate::sync::model::{Arc, explore_all, thread};

    /// A reader beside a thread that writes: what it gets are whole events, each the next of the one before.
    /// Catches: a Relaxed store of the count, a Relaxed fence on either side, and the oldest one taken for
    /// whole.
    #[test]
    fn read_while_it_is_written() {
        explore_all(|| {
            let ring = Arc::new(Ring::<2>::new(2));
            let writer = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || (0..3).for_each(|number| ring.push([number, number])))
            };
            let (events, lost) = ring.read(0);
            for (number, event) in (lost..).zip(&events) {
                assert_eq!(*event, [number; 2]);
            }
            writer.join().expect("no panic");
            assert_eq!(ring.read(0), (vec![[2; 2]], 2));
        });
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Ring;

    #[test]
    fn the_oldest_go() {
        let ring = Ring::<1>::new(4);
        assert_eq!(ring.read(0), (Vec::new(), 0));
        (0..3).for_each(|number| ring.push([number]));
        assert_eq!(ring.read(0), (vec![[0], [1], [2]], 0));
        assert_eq!(ring.read(2), (vec![[2]], 0));
        (3..9).for_each(|number| ring.push([number]));
        assert_eq!(ring.read(0), (vec![[6], [7], [8]], 6));
        assert_eq!(ring.read(7), (vec![[7], [8]], 0));
        assert_eq!(ring.read(9), (Vec::new(), 0));
        assert_eq!(ring.written(), 9);
    }
}
