//! Models of the ready set. Leaves have four positions here and hint words two children, so that three levels
//! need eight leaves. Each names the mutations that it must catch; `.ci/mutants` applies them.

use super::{ReadySet, ready_words};
use crate::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::AtomicUsize;
use std::vec::Vec;

type Set = ReadySet<Vec<AtomicUsize>>;

/// An empty set of so many positions all of whose hints say that there is something.
fn stale(positions: u32) -> Arc<Set> {
    let words = (0..ready_words(positions as usize)).map(|_| AtomicUsize::new(0)).collect();
    let set: Set = ReadySet::from_words(words, positions as usize);
    (0..positions).step_by(4).for_each(|position| set.insert(position));
    // Not by `take`, which would forget.
    set.words[set.tree.first_leaf..].iter().for_each(|leaf| leaf.store(0, super::Ordering::Relaxed));
    Arc::new(set)
}

/// The word of a leaf. With 16 positions the one above leaves 0 and 1 is word 1.
fn leaf(set: &Set, number: usize) -> usize {
    set.tree.first_leaf + number
}

/// A thread that is anywhere between finding a leaf empty and forgetting it: what another inserts meanwhile,
/// that one finds at once. Catches: a hint that is cleared without DOUBT; the look at the leaf as a plain
/// load, or with Relaxed; a hint that isn't put back; an insertion that doesn't look at the hints.
#[test]
fn insert_against_forget() {
    explore(3, || {
        let set = stale(8);
        let other = {
            let set = Arc::clone(&set);
            thread::spawn(move || set.forget(leaf(&set, 0)))
        };
        set.insert(1);
        assert_eq!(set.first(), Some(1), "while the other is in doubt");
        other.join().expect("no panic");
        assert_eq!(set.first(), Some(1), "and afterwards");
    });
}

/// An insertion against a `forget` two levels up, where the insertion finds the lower hint set and only looks
/// at the upper one. Catches: an insertion that looks no further than to the first hint that is set.
#[test]
fn insert_against_forget_of_two_levels() {
    explore(3, || {
        let set = stale(16);
        set.forget(leaf(&set, 1));
        let other = {
            let set = Arc::clone(&set);
            thread::spawn(move || {
                set.forget(leaf(&set, 0));
                set.forget(1);
            })
        };
        set.insert(1);
        assert_eq!(set.first(), Some(1));
        other.join().expect("no panic");
        assert_eq!(set.first(), Some(1));
    });
}

/// An insertion that finds the hint of its leaf set by another insertion, which may not have come to the
/// level above, while a third thread forgets that level. Catches: a hint that is loaded with Relaxed.
#[test]
fn two_insertions_against_forget() {
    explore(2, || {
        let set = stale(16);
        set.forget(leaf(&set, 0)); // nothing says that there is something in the word above the leaves, but the root
        set.forget(leaf(&set, 1));
        let insert = {
            let set = Arc::clone(&set);
            thread::spawn(move || set.insert(0))
        };
        let forget = {
            let set = Arc::clone(&set);
            thread::spawn(move || set.forget(1))
        };
        set.insert(1);
        assert!(set.first().is_some_and(|first| first <= 1), "1 is there, if not 0");
        insert.join().expect("no panic");
        forget.join().expect("no panic");
        assert_eq!(set.take(), Some(0));
        assert_eq!(set.take(), Some(1));
    });
}

/// Two forget the same word, and one stops: the other doesn't take the doubt away. Catches: DOUBT that a
/// second one sets too.
#[test]
fn two_in_doubt() {
    explore(3, || {
        let set = stale(8);
        let other = {
            let set = Arc::clone(&set);
            thread::spawn(move || set.forget(leaf(&set, 0)))
        };
        let third = {
            let set = Arc::clone(&set);
            thread::spawn(move || set.forget(leaf(&set, 0)))
        };
        set.insert(1);
        assert_eq!(set.first(), Some(1));
        other.join().expect("no panic");
        third.join().expect("no panic");
        assert_eq!(set.take(), Some(1));
    });
}

/// Two take what one of them has inserted: one gets it, and sees what was written before. Catches: `fetch_or`
/// without Release, `fetch_and` without Acquire; a bit that is taken without looking who has won it.
#[test]
fn two_take_one() {
    explore(3, || {
        let set = stale(8);
        let written = Arc::new(UnsafeCell::new(()));
        let take = |set: &Set, written: &UnsafeCell<()>| set.take().map(|_| written.with(|_| ())).is_some();
        let other = {
            let (set, written) = (Arc::clone(&set), Arc::clone(&written));
            thread::spawn(move || take(&set, &written))
        };
        written.with_mut(|_| ());
        set.insert(5);
        let mine = take(&set, &written);
        let theirs = other.join().expect("no panic");
        assert!(mine != theirs, "once");
        assert!(set.is_empty());
    });
}
