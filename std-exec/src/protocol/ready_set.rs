//! The ready nodes of a run on one thread, or of a quiet member: a set of small numbers that gives them in
//! ascending order, round and round.
//!
//! Numbers are places in an order, so going upwards means going through memory as it was laid out,
//! and a node that has just become ready, which is always further up, comes up in the same round. (As the arm
//! of a disk goes over its requests: the *elevator algorithm*.)
//!
//! One bit per number, and above that, level by level, one for each word below that isn't zero. The word that
//! is being gone through is kept outside: most additions and takings touch nothing else.

const BITS: usize = u64::BITS as usize;

/// The ready nodes of one thread: a set of small numbers, taken in ascending order, round and round.
#[derive(Debug, Default)]
pub(crate) struct ReadySet {
    /// The lowest first. The highest is one word. None for numbers of one word, which is always gone through.
    levels: Box<[Box<[u64]>]>,
    /// The word of the lowest level that is being gone through, and what it contains: there, it is zero.
    current: usize,
    bits: u64,
    /// How many numbers are in it.
    length: usize,
}

impl ReadySet {
    /// Empties the set, which is for numbers below `end` from now on. Begins at the lowest.
    pub(crate) fn reset(&mut self, end: usize) {
        if self.length > 0 {
            self.levels.iter_mut().for_each(|words| words.fill(0));
            (self.bits, self.length) = (0, 0);
        }
        self.current = 0;
        self.reserve_for(end);
    }

    /// From now on it is for all numbers below `end`, too. It is empty.
    pub(crate) fn reserve_for(&mut self, end: usize) {
        debug_assert!(self.is_empty());
        let mut words = end.div_ceil(BITS);
        if words <= self.levels.first().map_or(1, |words| words.len()) {
            return;
        }
        let mut levels = vec![vec![0; words].into()];
        while words > 1 {
            words = words.div_ceil(BITS);
            levels.push(vec![0; words].into());
        }
        self.levels = levels.into();
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds `number`, which isn't in it.
    #[inline]
    pub(crate) fn push(&mut self, number: u32) {
        self.length += 1;
        let (word, bit) = (number as usize / BITS, 1 << (number as usize % BITS));
        if word == self.current {
            self.bits |= bit;
        } else {
            let bits = &mut self.levels[0][word];
            let old = *bits;
            *bits |= bit;
            if old == 0 {
                self.mark(word);
            }
        }
    }

    /// Takes the next number upwards or, if there is none, the lowest.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u32> {
        if self.length == 0 || self.bits == 0 && !self.advance() {
            return None;
        }
        let bit = self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        self.length -= 1;
        u32::try_from(self.current * BITS + bit).ok()
    }

    /// The `place`-th word of the lowest level isn't zero any more.
    fn mark(&mut self, mut place: usize) {
        for words in &mut self.levels[1..] {
            let word = &mut words[place / BITS];
            let old = *word;
            *word |= 1 << (place % BITS);
            if old != 0 {
                break;
            }
            place /= BITS;
        }
    }

    /// Goes on to the next word that isn't zero. False if there is none.
    fn advance(&mut self) -> bool {
        let Some(next) = self.next_word(self.current + 1).or_else(|| self.next_word(0)) else { return false };
        self.bits = std::mem::take(&mut self.levels[0][next]);
        self.current = next;
        let mut place = next;
        for words in &mut self.levels[1..] {
            let word = &mut words[place / BITS];
            *word &= !(1 << (place % BITS));
            if *word != 0 {
                break;
            }
            place /= BITS;
        }
        true
    }

    /// The first word of the lowest level, from the `place`-th on, that isn't zero.
    fn next_word(&self, mut place: usize) -> Option<usize> {
        for (level, words) in self.levels.iter().enumerate().skip(1) {
            let rest = words.get(place / BITS)? & (!0 << (place % BITS));
            if rest != 0 {
                let found = place / BITS * BITS + rest.trailing_zeros() as usize;
                let below = self.levels[1..level].iter().rev();
                return Some(below.fold(found, |at, words| at * BITS + words[at].trailing_zeros() as usize));
            }
            place = place / BITS + 1;
        }
        None
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::ReadySet;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_a_tree() {
        let mut set = ReadySet::default();
        let mut state = 7_u32;
        for end in [1_u32, 2, 63, 64, 65, 4096, 4097, 300_000] {
            set.reset(end as usize);
            let (mut oracle, mut last) = (BTreeSet::new(), 0);
            for _ in 0..20_000 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let number = (state >> 3) % end;
                // Those of the word that is being gone through come up in this round, whichever way.
                if state >> 31 == 0 {
                    set.push(number);
                    oracle.insert(number);
                } else {
                    let upwards = oracle.range(last / 64 * 64..).next();
                    let next = upwards.or(oracle.first()).copied();
                    assert_eq!(set.pop(), next);
                    if let Some(next) = next {
                        oracle.remove(&next);
                        last = next;
                    }
                }
            }
        }
    }

    #[test]
    fn is_empty_after_a_reset() {
        let mut set = ReadySet::default();
        set.reset(5_000);
        [0, 70, 4_999].into_iter().for_each(|number| set.push(number));
        set.reset(5);
        assert_eq!(set.pop(), None);
        set.reset(0);
        assert_eq!(set.pop(), None);
    }
}
