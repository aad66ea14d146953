//! Bugs on purpose, one for each tool that looks for bugs of its kind: `.ci/asan`, `.ci/tsan` and
//! `.ci/valgrind` run these first, and fail if their tool says nothing. Only there are they compiled, with
//! `--cfg dgraph_seeded_bug`.
//!
//! Each happens in nodes of a run, so that what is proved is that the tool sees what executors' threads do.
//! Without a tool all of them pass.

use crate::support::runner::executor;
use dgraph_exec::Dag;
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

struct Racy(UnsafeCell<u32>);

// SAFETY: none. This is the bug.
unsafe impl Sync for Racy {}

/// Two nodes that don't depend on each other write the same memory.
#[test]
#[ignore = "a bug on purpose"]
fn race() {
    let executor = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let memory = Racy(UnsafeCell::new(0));
    for _ in 0..100 {
        let both = Barrier::new(2);
        executor.run(&pair, |node| {
            let memory = &memory;
            both.wait();
            // SAFETY: none. This is the bug.
            unsafe { *memory.0.get() = node.get() };
        });
    }
}

/// The second node reads what the first has freed.
#[test]
#[ignore = "a bug on purpose"]
fn use_after_free() {
    let chain = Dag::from_edges(2, &[(0, 1)]).expect("a valid graph");
    let memory = AtomicPtr::new(Box::into_raw(Box::new(7_u32)));
    executor(2).run(&chain, |node| match node.get() {
        // SAFETY: it comes from a box, and is freed only here.
        0 => drop(unsafe { Box::from_raw(memory.load(Relaxed)) }),
        // SAFETY: none. This is the bug.
        _ => _ = black_box(unsafe { memory.load(Relaxed).read_volatile() }),
    });
}

/// A node's decision depends on memory that was never written.
#[test]
#[ignore = "a bug on purpose"]
fn uninitialised() {
    let single = Dag::from_edges(1, &[]).expect("a valid graph");
    executor(2).run(&single, |_| {
        let memory = black_box(Box::<u32>::new_uninit());
        // SAFETY: none. This is the bug.
        if unsafe { *memory.assume_init() } == black_box(7) {
            black_box(());
            eprintln!("seven");
        }
    });
}

/// The second node reads what was on the stack of the first.
#[test]
#[ignore = "a bug on purpose"]
fn use_after_return() {
    // No `black_box`: it is inline assembly, and functions with that keep their frames where they are.
    #[inline(never)]
    fn leave_a_pointer(to: &AtomicPtr<u32>) {
        let mut local = 7;
        to.store(&raw mut local, Relaxed);
    }
    let chain = Dag::from_edges(2, &[(0, 1)]).expect("a valid graph");
    let memory = AtomicPtr::new(std::ptr::null_mut());
    executor(2).run(&chain, |node| match node.get() {
        0 => leave_a_pointer(&memory),
        // SAFETY: none. This is the bug.
        _ => _ = black_box(unsafe { memory.load(Relaxed).read_volatile() }),
    });
}

/// A node forgets what it has allocated.
#[test]
#[ignore = "a bug on purpose"]
fn leak() {
    let single = Dag::from_edges(1, &[]).expect("a valid graph");
    executor(2).run(&single, |_| std::mem::forget(black_box(Box::new([7_u32; 1000]))));
}
