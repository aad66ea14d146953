//! The ready set of somebody who has it alone: behind a lock, or on one thread. No read-modify-write, and
//! every hint is as it should be, so nothing is ever in doubt.

use super::{CHILDREN, HINT, LEAF, ReadySet, candidates, place};
use crate::sync::{AtomicUsize, alone};

#[cfg(feature = "alloc")]
impl ReadySet<alloc::boxed::Box<[AtomicUsize]>> {
    /// An empty set of the positions `0..positions` in memory of the heap.
    ///
    /// # Panics
    ///
    /// If there are more than 2³¹ positions.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::ReadySet;
    /// let set = ReadySet::boxed(500);
    /// set.insert(499);
    /// assert_eq!(set.take(), Some(499));
    /// ```
    #[must_use]
    pub fn boxed(positions: usize) -> Self {
        Self::from_words((0..super::ready_words(positions)).map(|_| AtomicUsize::new(0)).collect(), positions)
    }
}

impl<W: AsMut<[AtomicUsize]>> ReadySet<W> {
    /// [`insert`](Self::insert) for whoever has the set alone, behind a lock, say: without a
    /// read-modify-write.
    ///
    /// # Panics
    ///
    /// If the set has no such position.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::ReadySet;
    /// use std::sync::Mutex;
    /// let ready = Mutex::new(ReadySet::boxed(100));
    /// ready.lock().unwrap().insert_mut(70);
    /// ready.lock().unwrap().insert_mut(7);
    /// assert_eq!(ready.lock().unwrap().take_mut(), Some(7));
    /// ```
    #[inline]
    pub fn insert_mut(&mut self, position: u32) {
        assert!(position < self.positions, "the ready set has no such position");
        let words = self.words.as_mut();
        let (leaf, mut bits) = place(position);
        let mut at = self.tree.first_leaf + leaf;
        loop {
            let had = alone(&mut words[at], |word| core::mem::replace(word, *word | bits));
            // Nobody is in the middle of an insertion: if something was there, all hints above say so.
            if at == 0 || had != 0 {
                return;
            }
            bits = 1 << ((at - 1) & (CHILDREN - 1));
            at = (at - 1) >> HINT;
        }
    }

    /// [`take`](Self::take) for whoever has the set alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::ReadySet;
    /// let mut set = ReadySet::boxed(300);
    /// [200, 100, 299].into_iter().for_each(|position| set.insert_mut(position));
    /// assert!(std::iter::from_fn(|| set.take_mut()).eq([100, 200, 299]));
    /// ```
    #[inline]
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "positions have 32 bits")]
    pub fn take_mut(&mut self) -> Option<u32> {
        let (words, first_leaf) = (self.words.as_mut(), self.tree.first_leaf);
        loop {
            let mut at = 0;
            while at < first_leaf {
                let candidates = alone(&mut words[at], |word| candidates(*word));
                if candidates == 0 {
                    break;
                }
                at = (at << HINT) + 1 + candidates.trailing_zeros() as usize;
            }
            let (position, left) = if at < first_leaf {
                (None, 0)
            } else {
                alone(&mut words[at], |word| {
                    let position = ((at - first_leaf) << LEAF) as u32 + word.trailing_zeros();
                    let position = (*word != 0).then_some(position);
                    *word &= word.wrapping_sub(1);
                    (position, *word)
                })
            };
            if left == 0 {
                forget(words, at);
            }
            // Otherwise it was a hint too many, that others have left when they shared the set.
            if position.is_some() || at == 0 {
                return position;
            }
        }
    }
}

/// The word `at` is empty: nothing above says any more that it isn't.
#[inline]
fn forget(words: &mut [AtomicUsize], mut at: usize) {
    while at > 0 {
        let bit = 1_usize << ((at - 1) & (CHILDREN - 1));
        at = (at - 1) >> HINT;
        let left = alone(&mut words[at], |word| {
            *word &= !(bit | bit << CHILDREN);
            *word
        });
        if left != 0 {
            return;
        }
    }
}
