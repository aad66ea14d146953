//! The ready set: what is ready, the most urgent first, for any number of threads, cores and interrupt
//! handlers at once.
//!
//! States, orderings and why nothing is lost: README.md beside this file.

mod alone;
#[cfg(all(test, any(dgraph_loom, dgraph_shuttle)))]
mod models;

use crate::sync::{AtomicUsize, Ordering};
use core::fmt;

/// log2 of the positions in a leaf. Few in models, so that they have several levels.
const LEAF: u32 = if cfg!(any(dgraph_loom, dgraph_shuttle)) { 2 } else { usize::BITS.trailing_zeros() };
/// log2 of the children of a hint word, which has two bits for each.
const HINT: u32 = LEAF - 1;
const CHILDREN: usize = 1 << HINT;
/// How many words a [`ReadySet`] of so many positions needs.
///
/// # Examples
///
/// ```
/// use dgraph_core::ready_words;
/// assert!(ready_words(64) <= 3);
/// const WORDS: usize = ready_words(1024); // for the length of an array
/// assert!(WORDS >= 1024 / usize::BITS as usize);
/// ```
#[must_use]
pub const fn ready_words(positions: usize) -> usize {
    assert!(positions <= 1 << 31, "a ready set has 2^31 positions at most");
    let leaves = positions.div_ceil(1 << LEAF);
    Tree::of(leaves).first_leaf + if leaves == 0 { 1 } else { leaves }
}

/// The words are a complete tree, level by level: the root is word 0, and the children of word w are
/// `CHILDREN * w + 1` and the next ones. So each level begins where the one above would end if it were full.
#[derive(Clone, Copy)]
struct Tree {
    first_leaf: usize,
    /// log2 of the positions that a bit of the root stands for.
    root_shift: u32,
}

impl Tree {
    const fn of(leaves: usize) -> Self {
        let mut tree = Self { first_leaf: 0, root_shift: 0 };
        let mut width = 1;
        while width < leaves {
            tree.root_shift = if tree.first_leaf == 0 { LEAF } else { tree.root_shift + HINT };
            tree.first_leaf = tree.first_leaf << HINT | 1;
            width <<= HINT;
        }
        tree
    }
}

/// A set of positions in an order of urgency, from which the most urgent, the lowest, is taken first.
///
/// Everything can be called by everybody at any time, also by an interrupt handler at any point of another
/// call. Each position is taken once for each time that it is inserted; one that is in the set already stays
/// there once. What was written before an insertion is visible to the thread that takes the position.
///
/// The memory is an array in a `static` ([`new`](Self::new)) or the caller's
/// ([`in_memory`](Self::in_memory)).
///
/// # Examples
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
    tree: Tree,
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
    /// # Examples
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
    /// # Examples
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
    #[allow(clippy::cast_possible_truncation, reason = "`ready_words` has checked it")]
    pub(crate) const fn from_words(words: W, positions: usize) -> Self {
        Self { words, tree: Tree::of(positions.div_ceil(1 << LEAF)), positions: positions as u32 }
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
    /// # Examples
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
        let (leaf, bit) = place(position);
        self.insert_bits(leaf, bit);
    }

    /// Takes the lowest position out of the set. `None` if there is none; one that comes or goes meanwhile
    /// may be seen or not.
    ///
    /// # Examples
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

    /// Takes the lowest position out of the set, if it is below `limit`.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "positions have 32 bits")]
    pub(crate) fn take_below(&self, limit: u32) -> Option<u32> {
        let words = self.words.as_ref();
        // Straight down; if anything is in the way, `search` knows what to do.
        let mut at = 0;
        while at < self.tree.first_leaf {
            // Relaxed: as in `search`.
            let candidates = candidates(words[at].load(Ordering::Relaxed));
            if candidates == 0 {
                return if at == 0 { None } else { self.search(limit, Self::win) };
            }
            at = (at << HINT) + 1 + candidates.trailing_zeros() as usize;
        }
        let leaf = &words[at];
        let bits = leaf.load(Ordering::Relaxed);
        let digit = bits.trailing_zeros();
        let position = ((at - self.tree.first_leaf) << LEAF) as u32 + digit;
        if bits == 0 {
            self.search(limit, Self::win)
        } else if position >= limit {
            None
        } else if Self::win(leaf, 1 << digit) {
            Some(position)
        } else {
            self.search(limit, Self::win)
        }
    }

    /// Takes a position out of its leaf. False if it isn't in the set any more.
    #[inline]
    fn win(leaf: &AtomicUsize, bit: usize) -> bool {
        // Ordering: Acquire pairs with the Release in `insert_bits` that has set the bit. Other
        // read-modify-writes in between continue its release sequence.
        leaf.fetch_and(!bit, Ordering::Acquire) & bit != 0
    }

    /// The lowest position in the set, which stays there.
    ///
    /// # Examples
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

    /// Whether nothing is in the set. Before a core sleeps, it asks this again, with interrupts masked or its
    /// event cleared.
    ///
    /// # Examples
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
    #[inline(never)]
    #[allow(clippy::cast_possible_truncation, reason = "positions have 32 bits")]
    fn search(&self, limit: u32, win: fn(&AtomicUsize, usize) -> bool) -> Option<u32> {
        let words = self.words.as_ref();
        // What lies below has been seen empty.
        let mut from = 0_usize;
        'from_the_root: loop {
            let (mut at, mut base, mut shift) = (0, 0_usize, self.tree.root_shift);
            loop {
                let is_leaf = at >= self.tree.first_leaf;
                // Relaxed: `win` decides, and `forget` has a look of its own. A thread that knows that a
                // position was inserted sees the words as that insertion has left them, or later.
                let word = words[at].load(Ordering::Relaxed);
                let bits = if is_leaf { word } else { candidates(word) };
                let skipped = from.saturating_sub(base) >> shift;
                let ahead = bits & usize::MAX.checked_shl(skipped as u32).unwrap_or(0);
                if ahead == 0 {
                    if at == 0 {
                        return None;
                    }
                    if bits != 0 || self.forget(at) {
                        from = base + (1 << (shift + if is_leaf { LEAF } else { HINT }));
                    }
                    continue 'from_the_root;
                }
                let digit = ahead.trailing_zeros() as usize;
                base += digit << shift;
                if base >= limit as usize {
                    return None;
                }
                if is_leaf {
                    if win(&words[at], 1 << digit) {
                        return Some(base as u32);
                    }
                    // Somebody else has taken it.
                    from = base;
                    continue 'from_the_root;
                }
                at = (at << HINT) + 1 + digit;
                shift = if shift == LEAF { 0 } else { shift - HINT };
            }
        }
    }

    /// The word `at`, which is not the root, was found empty: nothing may say any more that it isn't. False
    /// if it isn't empty now.
    #[cold]
    fn forget(&self, at: usize) -> bool {
        let words = self.words.as_ref();
        let (child, hints) = (&words[at], &words[(at - 1) >> HINT]);
        let set = 1_usize << ((at - 1) & (CHILDREN - 1));
        let doubt = set << CHILDREN;
        let seen = hints.load(Ordering::Relaxed);
        if seen & (set | doubt) != set {
            return true; // Somebody else is in doubt, or it is forgotten already.
        }
        // README.md, C1 to C4. Relaxed: the Release below hands it on. If it fails, the hint stays: only a
        // look too many.
        let doubted = seen ^ set ^ doubt;
        if hints.compare_exchange(seen, doubted, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return true;
        }
        // Ordering: a read-modify-write that changes nothing, so that it is before or after each insertion
        // into this word, and Release, so that one after it sees the exchange above. Partners: the Acquire of
        // both `fetch_or`s and of the load in `insert_bits`. (What changes the word in between is a
        // read-modify-write, and so continues the release sequence.)
        let left = child.fetch_or(0, Ordering::Release);
        let empty = if at >= self.tree.first_leaf { left == 0 } else { candidates(left) == 0 };
        if !empty {
            // Relaxed, here and below: changes of one word have one order.
            hints.fetch_or(set, Ordering::Relaxed);
        }
        hints.fetch_and(!doubt, Ordering::Relaxed);
        empty
    }

    /// Puts positions of one leaf into the set.
    #[inline]
    pub(crate) fn insert_bits(&self, leaf: usize, bits: usize) {
        let words = self.words.as_ref();
        let mut at = self.tree.first_leaf + leaf;
        // Ordering: Release hands all that was done before to whoever takes the positions (`win`). Acquire,
        // if `forget` has looked at this word before, makes the exchange that came before that visible below.
        // Partner: the `fetch_or` there.
        words[at].fetch_or(bits, Ordering::AcqRel);
        while at > 0 {
            let bit = 1 << ((at - 1) & (CHILDREN - 1));
            at = (at - 1) >> HINT;
            let hints = &words[at];
            // Ordering: Acquire, for the next level, as for the leaf. Each level is looked at, since the
            // insertion that has set the bit may have stopped here.
            if hints.load(Ordering::Acquire) & bit == 0 {
                // Ordering: likewise.
                hints.fetch_or(bit, Ordering::Acquire);
            }
        }
    }
}

impl<W: AsRef<[AtomicUsize]>> fmt::Debug for ReadySet<W> {
    /// The positions in the set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaves = &self.words.as_ref()[self.tree.first_leaf..];
        let bits = leaves.iter().enumerate().flat_map(|(at, leaf)| {
            let bits = leaf.load(Ordering::Relaxed);
            (0..1_usize << LEAF).filter(move |bit| bits >> bit & 1 != 0).map(move |bit| at << LEAF | bit)
        });
        f.debug_set().entries(bits).finish()
    }
}

/// The leaf of a position, and its bit there.
#[inline]
const fn place(position: u32) -> (usize, usize) {
    (position as usize >> LEAF, 1 << (position as usize & ((1 << LEAF) - 1)))
}

/// Positions to insert: those of one leaf in one step.
#[derive(Default)]
pub(crate) struct Batch {
    leaf: usize,
    bits: usize,
}

impl Batch {
    /// Adds a position, which the set must have; inserts what was there if it belongs to another leaf.
    #[inline]
    pub(crate) fn add(&mut self, position: u32, set: &ReadySet<impl AsRef<[AtomicUsize]>>) {
        let (leaf, bit) = place(position);
        if leaf == self.leaf {
            self.bits |= bit;
        } else {
            self.insert(set);
            (self.leaf, self.bits) = (leaf, bit);
        }
    }

    /// Inserts what was added last.
    #[inline]
    pub(crate) fn insert(&self, set: &ReadySet<impl AsRef<[AtomicUsize]>>) {
        if self.bits != 0 {
            set.insert_bits(self.leaf, self.bits);
        }
    }
}
