//! The three pairs on which a shared run rests, as litmus tests: a few accesses each, with the orderings of
//! the code, and then with each of these weakened by one word. The first has no bad outcome in any order that
//! the language's memory allows; each of the others has one, or the ordering would not be needed. README.md
//! says what the pairs are for and what becomes of them on a chip; `.ci/mutants` weakens the code itself.

use crate::model::{Arc, UnsafeCell, thread};
use crate::sync::AtomicUsize;
use crate::sync::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::vec::Vec;

/// Whether the outcome that a litmus test looks for never comes: two at a cell at once, which loom reports,
/// or what the test itself calls lost.
fn holds(litmus: impl Fn() + Send + Sync + 'static) -> bool {
    let Err(payload) = catch_unwind(AssertUnwindSafe(|| loom::model(litmus))) else { return true };
    let text = payload.downcast_ref::<String>().map_or("", |text| text);
    let text = payload.downcast_ref::<&str>().map_or(text, |text| text);
    assert!(text.starts_with("Causality violation") || text == LOST, "another outcome: {text}");
    false
}

const LOST: &str = "empty for one, known to be full for the other: lost";
const SET: usize = 1;
const DOUBT: usize = 2;

/// **An insertion against `forget`** (`ready_set`, C1, C2, P1, P2): each writes one word and then looks at
/// the other's. If both read-modify-writes of the child are such, one of them comes first: either `forget`
/// sees the bit, or the insertion sees the doubt. `look` is C2's ordering and `None` a load in its place,
/// `insert` P1's.
fn insertion_and_forget(look: Option<Ordering>, insert: Ordering) -> bool {
    holds(move || {
        let (hints, child) = (AtomicUsize::new(SET), AtomicUsize::new(0));
        let words = Arc::new((hints, child));
        let forget = {
            let words = Arc::clone(&words);
            thread::spawn(move || {
                let (hints, child) = &*words;
                assert!(hints.compare_exchange(SET, DOUBT, Relaxed, Relaxed).is_ok());
                // Ordering: the caller's; without one, what a plain look would be.
                look.map_or_else(|| child.load(Acquire), |look| child.fetch_or(0, look))
            })
        };
        let (hints, child) = &*words;
        child.fetch_or(1, insert);
        let hint = hints.load(Relaxed);
        let left = forget.join().expect("no panic");
        assert!(left != 0 || hint == DOUBT, "{LOST}");
    })
}

#[test]
fn litmus_of_insertion_and_forget() {
    // Ordering: those of `ReadySet`, which hold; then each of them weakened, which doesn't.
    assert!(insertion_and_forget(Some(Release), Acquire));
    assert!(!insertion_and_forget(Some(Relaxed), Acquire));
    assert!(!insertion_and_forget(Some(Acquire), Acquire));
    assert!(!insertion_and_forget(Some(Release), Relaxed));
    assert!(!insertion_and_forget(Some(Release), Release));
    assert!(!insertion_and_forget(None, Acquire));
}

/// **Predecessors, and the thread that runs the node** (`node_word`'s arrivals, `ready_set`'s bit): the first
/// predecessor never meets the thread that runs the node, and what it has written must come there all the
/// same, through the one that arrived last. Orderings: the look at the word, the arrival, the insertion, the
/// winning of the bit.
fn predecessors_and_taker(orderings: [Ordering; 4]) -> bool {
    let [look, arrive, insert, win] = orderings;
    holds(move || {
        struct Memory {
            written: [UnsafeCell<()>; 2],
            word: AtomicUsize,
            leaf: AtomicUsize,
        }
        let written = [UnsafeCell::new(()), UnsafeCell::new(())];
        let memory = Arc::new(Memory { written, word: AtomicUsize::new(0), leaf: AtomicUsize::new(0) });
        let predecessors: Vec<_> = (0..2)
            .map(|number| {
                let memory = Arc::clone(&memory);
                thread::spawn(move || {
                    let Memory { written, word, leaf } = &*memory;
                    written[number].with_mut(|_| ());
                    if word.load(look) == 1 || word.fetch_add(1, arrive) == 1 {
                        leaf.fetch_or(1, insert);
                    }
                })
            })
            .collect();
        if memory.leaf.fetch_and(!1, win) == 1 {
            memory.written.iter().for_each(|written| written.with(|_| ()));
        }
        predecessors.into_iter().for_each(|predecessor| predecessor.join().expect("no panic"));
    })
}

#[test]
fn litmus_of_predecessors_and_taker() {
    // Ordering: those of a run, which hold; then each of them weakened, which doesn't.
    assert!(predecessors_and_taker([Acquire, AcqRel, Release, Acquire]));
    assert!(!predecessors_and_taker([Relaxed, AcqRel, Release, Acquire]));
    assert!(!predecessors_and_taker([Acquire, Acquire, Release, Acquire]));
    assert!(!predecessors_and_taker([Acquire, Release, Release, Acquire]));
    assert!(!predecessors_and_taker([Acquire, AcqRel, Relaxed, Acquire]));
    assert!(!predecessors_and_taker([Acquire, AcqRel, Release, Relaxed]));
}

/// **The end of a run, and the beginning of the next** (`state`): whoever starts sees all that was written in
/// the run that is over. Orderings: the end, the look.
fn end_and_beginning(end: Ordering, look: Ordering) -> bool {
    holds(move || {
        let memory = Arc::new((UnsafeCell::new(()), AtomicUsize::new(1)));
        let last = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || {
                memory.0.with_mut(|_| ());
                memory.1.fetch_and(!1, end);
            })
        };
        let (written, state) = &*memory;
        if state.load(look) == 0 && state.compare_exchange(0, 3, Relaxed, Relaxed).is_ok() {
            written.with_mut(|_| ());
        }
        last.join().expect("no panic");
    })
}

#[test]
fn litmus_of_end_and_beginning() {
    assert!(end_and_beginning(Release, Acquire));
    assert!(!end_and_beginning(Relaxed, Acquire));
    assert!(!end_and_beginning(Release, Relaxed));
}
