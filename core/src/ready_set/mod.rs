//! The ready set: what is ready, the most urgent first, for any number of threads, cores and interrupt handlers at once.
//!
//! States, orderings and why nothing is lost: README.md beside this file.

#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
mod models;

use crate::sync::{AtomicUsize, Ordering};
use core::fmt;

/// log2 of the positions in a leaf. Few in models, so that they have several levels.
const LEAF: u32 = if cfg!(any(dgraph_loom, dgraph_shuttle)) { 2 } else { usize::BITS.trailing_zeros() };
/// log2 of the children of a hint word, which has two bits for each.
const HINT: u32 = LEAF - 1;
const CHILDREN: usize = 1 << HINT;
/// Enough for 2³¹ positions.
const LEVELS: usize = if cfg!(any(dgraph_loom, dgraph_shuttle)) { 32 } else { 8 };

/// How many words a [`ReadySet`] of so many positions needs.
///
/// ```
/// use dgraph_core::ready_words;
/// assert!(ready_words(64) <= 3);
/// const WORDS: usize = ready_words(1024); // for the length of an array
/// assert!(WORDS >= 1024 / usize::BITS as usize);
/// ```
#[must_use]
pub const fn ready_words(positions: usize) -> usize {
    let levels = Levels::of(positions);
    levels.starts[levels.top] as usize + 1
}

/// Where each level begins in the words. The root is the last word.
#[derive(Clone, Copy)]
struct Levels {
    starts: [u32; LEVELS],
    top: usize,
}

impl Levels {
    #[allow(clippy::cast_possible_truncation, reason = "no more words than positions, which have 32 bits")]
    const fn of(positions: usize) -> Self {
        assert!(positions <= 1 << 31, "a ready set has 2^31 positions at most");
        let (mut starts, mut top) = ([0; LEVELS], 0);
        let mut words = positions.div_ceil(1 << LEAF);
        while words > 1 {
            starts[top + 1] = starts[top] + words as u32;
            words = words.div_ceil(CHILDREN);
            top += 1;
        }
        Self { starts, top }
    }
}

/// A set of positions in an order of urgency, from which the most urgent, the lowest, is taken first.
///
/// Everything can be called by everybody at any time, also by an interrupt handler at any point of another call. Each position is
/// taken once for each time that it is inserted; one that is in the set already stays there once. What was written before an
/// insertion is visible to whoever takes the position.
///
/// The memory is an array in a `static` ([`new`](Self::new)) or the caller's ([`in_memory`](Self::in_memory)).
///
/// ```
/// use dgraph_core::sync::AtomicUsize;
/// use dgraph_core::{ReadySet, ready_words};
///
/// static WOKEN: ReadySet<[AtomicUsize; ready_words(100)]> = ReadySet::new(100);
/// WOKEN.insert(70); // by an interrupt handler, say
/// WOKEN.insert(7);
/// assert_eq!(WOKEN.take(), Some(7));
/// assert_eq!(WOKEN.take(), Some(70));
/// assert_eq!(WOKEN.take(), None);
/// ```
pub struct ReadySet<W> {
    words: W,
    levels: Levels,
    positions: u32,
}

#[cfg(not(dgraph_loom))]
impl<const W: usize> ReadySet<[AtomicUsize; W]> {
    /// An empty set of the positions `0..positions`.
    ///
    /// # Panics
    ///
    /// If `W` is less than [`ready_words(positions)`](ready_words); in a `static` this is a compile error.
    ///
    /// ```
    /// use dgraph_core::sync::AtomicUsize;
    /// use dgraph_core::{ReadySet, ready_words};
    /// static SET: ReadySet<[AtomicUsize; ready_words(8)]> = ReadySet::new(8);
    /// assert!(SET.is_empty());
    /// ```
    #[must_use]
    pub const fn new(positions: usize) -> Self {
        assert!(W >= ready_words(positions), "the ready set needs more words: see `ready_words`");
        Self::from_words([const { AtomicUsize::new(0) }; W], positions)
    }
}

impl<'a> ReadySet<&'a mut [AtomicUsize]> {
    /// An empty set of the positions `0..positions` in the caller's memory. `None` if that has less than
    /// [`ready_words(positions)`](ready_words) words.
    ///
    /// ```
    /// use dgraph_core::sync::AtomicUsize;
    /// use dgraph_core::{ReadySet, ready_words};
    /// let mut words: Vec<AtomicUsize> = (0..ready_words(500)).map(|_| AtomicUsize::new(0)).collect();
    /// let set = ReadySet::in_memory(500, &mut words).unwrap();
    /// set.insert(499);
    /// assert_eq!(set.first(), Some(499));
    /// ```
    #[must_use]
    pub fn in_memory(positions: usize, words: &'a mut [AtomicUsize]) -> Option<Self> {
        let words = words.get_mut(..ready_words(positions))?;
        words.iter_mut().for_each(|word| *word = AtomicUsize::new(0));
        Some(Self::from_words(words, positions))
    }
}

impl<W> ReadySet<W> {
    /// Of words that are zero, and enough.
    #[allow(clippy::cast_possible_truncation, reason = "`Levels::of` has checked it")]
    pub(crate) const fn from_words(words: W, positions: usize) -> Self {
        let levels = Levels::of(positions);
        Self { words, levels, positions: positions as u32 }
    }
}

/// The children that are not known to be empty: SET is in the lower half of a hint word, DOUBT in the upper.
#[inline]
const fn candidates(hints: usize) -> usize {
    (hints | hints >> CHILDREN) & ((1 << CHILDREN) - 1)
}

impl<W: AsRef<[AtomicUsize]>> ReadySet<W> {
    /// Puts `position` into the set.
    ///
    /// # Panics
    ///
    /// If the set has no such position.
    ///
    /// ```
    /// use dgraph_core::sync::AtomicUsize;
    /// use dgraph_core::{ReadySet, ready_words};
    /// static SET: ReadySet<[AtomicUsize; ready_words(8)]> = ReadySet::new(8);
    /// SET.insert(3);
    /// SET.insert(3); // is there already
    /// assert_eq!((SET.take(), SET.take()), (Some(3), None));
    /// ```
    #[inline]
    pub fn insert(&self, position: u32) {
        assert!(position < self.positions, "the ready set has no such position");
        let mut batch = Batch::default();
        batch.add(position, self);
        batch.insert(self);
    }

    /// Takes the lowest position out of the set. `None` if there is none; one that comes or goes meanwhile may be seen or not.
    ///
    /// ```
    /// use dgraph_core::sync::AtomicUsize;
    /// use dgraph_core::{ReadySet, ready_words};
    /// static SET: ReadySet<[AtomicUsize; ready_words(300)]> = ReadySet::new(300);
    /// [200, 100, 299].into_iter().for_each(|position| SET.insert(position));
    /// assert!(std::iter::from_fn(|| SET.take()).eq([100, 200, 299]));
    /// ```
    #[inline]
    #[must_use]
    pub fn take(&self) -> Option<u32> {
        self.take_below(u32::MAX)
    }

    /// As [`take`](Self::take), if that is below `limit`.
    #[inline]
    pub(crate) fn take_below(&self, limit: u32) -> Option<u32> {
        // Ordering: Acquire pairs with the Release in `Batch::insert` that has set the bit. Other read-modify-writes in
        // between continue its release sequence.
        self.search(limit, |leaf, bit| leaf.fetch_and(!bit, Ordering::Acquire) & bit != 0)
    }

    /// The lowest position in the set, which stays there.
    ///
    /// ```
    /// use dgraph_core::sync::AtomicUsize;
    /// use dgraph_core::{ReadySet, ready_words};
    /// static SET: ReadySet<[AtomicUsize; ready_words(8)]> = ReadySet::new(8);
    /// SET.insert(5);
    /// assert_eq!(SET.first(), SET.first());
    /// ```
    #[must_use]
    pub fn first(&self) -> Option<u32> {
        self.search(u32::MAX, |_, _| true)
    }

    /// Whether nothing is in the set. Before a core sleeps, it asks this again, with interrupts masked or its event cleared.
    ///
    /// ```
    /// use dgraph_core::sync::AtomicUsize;
    /// use dgraph_core::{ReadySet, ready_words};
    /// static SET: ReadySet<[AtomicUsize; ready_words(8)]> = ReadySet::new(8);
    /// assert!(SET.is_empty());
    /// SET.insert(5);
    /// assert!(!SET.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// The lowest position below `limit` for which `win`, called with its leaf and its bit there, says yes.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "positions have 32 bits")]
    fn search(&self, limit: u32, win: impl Fn(&AtomicUsize, usize) -> bool) -> Option<u32> {
        let words = self.words.as_ref();
        let top = self.levels.top;
        // What lies below has been seen empty.
        let mut from = 0_usize;
        'from_the_root: loop {
            let (mut level, mut index, mut base) = (top, 0, 0_usize);
            loop {
                // log2 of the positions that a bit stands for.
                let shift = if level == 0 { 0 } else { LEAF + HINT * (level as u32 - 1) };
                // Relaxed: `win` decides, and `forget` has a look of its own. Whoever knows that a position was inserted sees
                // the words as that insertion has left them, or later.
                let word = words[self.levels.starts[level] as usize + index].load(Ordering::Relaxed);
                let bits = if level == 0 { word } else { candidates(word) };
                let ahead = match from.saturating_sub(base) >> shift {
                    0 => bits,
                    skipped => bits & usize::MAX.checked_shl(skipped as u32).unwrap_or(0),
                };
                if ahead == 0 {
                    if level == top {
                        return None;
                    }
                    if bits != 0 || self.forget(level, index) {
                        from = base + (1 << (shift + if level == 0 { LEAF } else { HINT }));
                    }
                    continue 'from_the_root;
                }
                let digit = ahead.trailing_zeros() as usize;
                base += digit << shift;
                if base >= limit as usize {
                    return None;
                }
                if level == 0 {
                    if win(&words[index], 1 << digit) {
                        return Some(base as u32);
                    }
                    // Somebody else has taken it.
                    from = base;
                    continue 'from_the_root;
                }
                index = index << HINT | digit;
                level -= 1;
            }
        }
    }

    /// The word `index` of `level` was found empty: nothing may say any more that it isn't. False if it isn't empty now.
    #[cold]
    fn forget(&self, level: usize, index: usize) -> bool {
        let words = self.words.as_ref();
        let child = &words[self.levels.starts[level] as usize + index];
        let hints = &words[self.levels.starts[level + 1] as usize + (index >> HINT)];
        let set = 1_usize << (index & (CHILDREN - 1));
        let doubt = set << CHILDREN;
        let seen = hints.load(Ordering::Relaxed);
        if seen & (set | doubt) != set {
            return true; // Somebody else is in doubt, or it is forgotten already.
        }
        // README.md, C1 to C4. Relaxed: the Release below hands it on. If it fails, the hint stays: only a look too many.
        let doubted = seen ^ set ^ doubt;
        if hints.compare_exchange(seen, doubted, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return true;
        }
        // Ordering: a read-modify-write that changes nothing, so that it is before or after each insertion into this word, and
        // Release, so that one after it sees the exchange above. Partners: the Acquire of both `fetch_or`s and of the load in
        // `Batch::insert`. (What changes the word in between is a read-modify-write, and so continues the release sequence.)
        let left = child.fetch_or(0, Ordering::Release);
        let empty = if level == 0 { left == 0 } else { candidates(left) == 0 };
        if !empty {
            // Relaxed, here and below: changes of one word have one order.
            hints.fetch_or(set, Ordering::Relaxed);
        }
        hints.fetch_and(!doubt, Ordering::Relaxed);
        empty
    }
}

impl<W: AsRef<[AtomicUsize]>> fmt::Debug for ReadySet<W> {
    /// The positions in the set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaves = &self.words.as_ref()[..(self.positions as usize).div_ceil(1 << LEAF)];
        let bits = leaves.iter().enumerate().flat_map(|(at, leaf)| {
            let bits = leaf.load(Ordering::Relaxed);
            (0..1_usize << LEAF).filter(move |bit| bits >> bit & 1 != 0).map(move |bit| at << LEAF | bit)
        });
        f.debug_set().entries(bits).finish()
    }
}

/// Positions to insert: those of one leaf in one step.
#[derive(Default)]
pub(crate) struct Batch {
    leaf: usize,
    bits: usize,
}

impl Batch {
    /// Adds a position, of which the set must have that many; inserts what was there if it belongs to another leaf.
    #[inline]
    pub(crate) fn add(&mut self, position: u32, set: &ReadySet<impl AsRef<[AtomicUsize]>>) {
        let leaf = position as usize >> LEAF;
        if leaf != self.leaf {
            self.insert(set);
            self.leaf = leaf;
        }
        self.bits |= 1 << (position as usize & ((1 << LEAF) - 1));
    }

    /// Inserts what there is.
    #[inline]
    pub(crate) fn insert(&mut self, set: &ReadySet<impl AsRef<[AtomicUsize]>>) {
        if self.bits == 0 {
            return;
        }
        let words = set.words.as_ref();
        let mut index = self.leaf;
        // Ordering: Release hands all that was done before to whoever takes the positions (`take_below`). Acquire, if `forget` has
        // looked at this word before, makes the exchange that came before that visible below. Partner: the `fetch_or` there.
        words[index].fetch_or(self.bits, Ordering::AcqRel);
        for level in 1..=set.levels.top {
            let bit = 1 << (index & (CHILDREN - 1));
            index >>= HINT;
            let hints = &words[set.levels.starts[level] as usize + index];
            // Ordering: Acquire, for the next level, as for the leaf. Each level is looked at, since the insertion that has set
            // the bit may have stopped here.
            if hints.load(Ordering::Acquire) & bit == 0 {
                // Ordering: likewise.
                hints.fetch_or(bit, Ordering::Acquire);
            }
        }
        self.bits = 0;
    }
}
