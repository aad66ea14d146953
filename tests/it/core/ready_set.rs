//! The ready set against a `BTreeSet`.

use dgraph_core::sync::AtomicUsize;
use dgraph_core::{ReadySet, ready_words};
use dgraph_tests::splitmix::SplitMix64;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

fn words(positions: usize) -> Vec<AtomicUsize> {
    (0..ready_words(positions)).map(|_| AtomicUsize::new(0)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 5 } else { 200 }))]

    /// One thread: what comes out is always the lowest, and looks change nothing.
    #[test]
    fn the_lowest_comes_first(
        positions in prop_oneof![1_usize..70, 2_000_usize..2_100, 60_000_usize..70_000],
        seed in any::<u64>(),
    ) {
        let mut memory = words(positions);
        let set = ReadySet::in_memory(positions, &mut memory).expect("enough memory");
        let (mut oracle, mut random) = (BTreeSet::new(), SplitMix64::new(seed));
        for _ in 0..500 {
            if random.below(5) < 3 {
                // Often near each other, so that leaves fill and empty.
                let near = random.below(2) == 0;
                let position = random.below(positions as u32) % if near { 130 } else { u32::MAX };
                set.insert(position);
                oracle.insert(position);
            } else {
                prop_assert_eq!(set.first(), oracle.first().copied());
                prop_assert_eq!(set.take(), oracle.pop_first());
            }
            prop_assert_eq!(set.is_empty(), oracle.is_empty());
        }
        prop_assert_eq!(format!("{set:?}"), format!("{oracle:?}"));
        prop_assert!(std::iter::from_fn(|| set.take()).eq(oracle));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 5 } else { 200 }))]

    /// One that has the set alone, now and then after others have shared it and left hints that are too many.
    #[test]
    fn alone_and_shared_in_turns(
        positions in prop_oneof![1_usize..70, 2_000_usize..2_100, 60_000_usize..70_000],
        seed in any::<u64>(),
    ) {
        let mut set = ReadySet::boxed(positions);
        let (mut oracle, mut random) = (BTreeSet::new(), SplitMix64::new(seed));
        for _ in 0..50 {
            let alone = random.below(3) > 0;
            for _ in 0..random.below(40) {
                if random.below(2) == 0 {
                    let near = random.below(2) == 0;
                    let position = random.below(positions as u32) % if near { 130 } else { u32::MAX };
                    if alone { set.insert_mut(position) } else { set.insert(position) }
                    oracle.insert(position);
                } else {
                    let taken = if alone { set.take_mut() } else { set.take() };
                    prop_assert_eq!(taken, oracle.pop_first());
                }
            }
            prop_assert_eq!(set.first(), oracle.first().copied());
        }
        prop_assert!(std::iter::from_fn(|| set.take_mut()).eq(oracle));
        prop_assert!(set.is_empty());
    }
}

/// Threads that insert and take at once: each position comes out as often as it went in, and at once to be
/// found by the one that has inserted it, unless another has taken it.
#[test]
fn many_insert_and_take() {
    let positions = 3_000_u32;
    let rounds = if cfg!(miri) { 1 } else { 50 };
    for threads in [2, 3, 8] {
        let mut memory = words(positions as usize);
        let set = ReadySet::in_memory(positions as usize, &mut memory).expect("enough memory");
        let taken: Vec<AtomicU32> = (0..positions).map(|_| AtomicU32::new(0)).collect();
        let take = || match set.take() {
            Some(position) => {
                taken[position as usize].fetch_add(1, Ordering::Relaxed);
                true
            }
            None => false,
        };
        thread::scope(|scope| {
            for thread in 0..threads {
                let (set, taken, take) = (&set, &taken, &take);
                scope.spawn(move || {
                    let mut random = SplitMix64::new(u64::from(thread));
                    for round in 0..rounds {
                        // Its own positions, in any order, so that it knows when it may insert them again.
                        let mut own: Vec<u32> = (thread..positions).step_by(threads as usize).collect();
                        random.shuffle(&mut own);
                        for position in own {
                            while taken[position as usize].load(Ordering::Relaxed) < round {
                                assert!(
                                    take()
                                        || taken[position as usize].load(Ordering::Relaxed) == round
                                        || set.first().is_none()
                                );
                                thread::yield_now();
                            }
                            set.insert(position);
                            // What it has inserted is found, unless it is gone.
                            let found = set.first().is_some_and(|first| first <= position);
                            assert!(
                                found || taken[position as usize].load(Ordering::Relaxed) > round || {
                                    thread::yield_now(); // taken, and about to be counted
                                    set.first().is_none_or(|first| first != position)
                                }
                            );
                            if random.below(2) == 0 {
                                take();
                            }
                        }
                    }
                });
            }
        });
        while take() {}
        assert!(set.is_empty());
        assert!(taken.iter().all(|count| count.load(Ordering::Relaxed) == rounds));
    }
}
