//! How often a rerun over ranks allocates: not at all, for plain data, from some run on.
//!
//! A program of its own, since the allocator counts for the whole process; and one test, so that nothing else
//! runs meanwhile.

#![allow(unsafe_code, reason = "that is how an allocator is declared")]

use dgraph_mpi::{DistributedBuilder, InProcess, Link, Owners, Plain, PlainPool, PlainVec};
use std::alloc::{GlobalAlloc, Layout, System};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every method passes its arguments on to the system's allocator as they are, and returns what that
// returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`; the memory came from the same allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const RANKS: usize = 3;
const STEPS: usize = 50;
const WARM: u32 = 10;
const RUNS: u32 = 20;

#[test]
fn a_rerun_allocates_nothing() {
    let ranks = InProcess::network(RANKS).into_iter().map(Link::new).map(async |mut link| {
        let mut graph = DistributedBuilder::new();
        let mut numbers: Vec<_> =
            (0..RANKS).map(|rank| graph.node("", (), move || Plain(rank as u64))).collect();
        let mut pools = PlainPool::new();
        let mut lists: Vec<_> =
            (0..RANKS).map(|_| graph.node("", (), || PlainVec::from(&[1_u32; 100][..]))).collect();
        for _ in 0..STEPS {
            numbers = (0..RANKS)
                .map(|rank| {
                    let near = (numbers[rank], numbers[(rank + 1) % RANKS]);
                    graph.node("", near, |a: &Plain<u64>, b: &Plain<u64>| Plain(a.wrapping_add(**b)))
                })
                .collect();
            lists = (0..RANKS)
                .map(|rank| {
                    let mut pool = std::mem::take(&mut pools);
                    let near = (lists[rank], lists[(rank + 1) % RANKS]);
                    graph.node("", near, move |a: &PlainVec<u32>, b: &PlainVec<u32>| {
                        pool.fill(a.len(), |sums: &mut [u32]| {
                            for ((sum, a), b) in sums.iter_mut().zip(a.iter()).zip(b.iter()) {
                                *sum = a.wrapping_add(*b);
                            }
                        })
                    })
                })
                .collect();
        }
        let mut graph = graph.build_async(&mut link, &Owners::by(|node| node % RANKS)).await.unwrap();
        let (_, values) = graph.cut();
        let mut counted = 0;
        for run in 0..WARM + RUNS {
            if run == WARM {
                counted = ALLOCATIONS.load(Relaxed);
            }
            graph.run_async(&mut link).await.unwrap();
        }
        (ALLOCATIONS.load(Relaxed) - counted, values, link)
    });
    let mut ranks: Vec<_> = ranks.map(Box::pin).collect();
    let mut waiting: Vec<_> = (0..RANKS).collect();
    let mut outputs = Vec::with_capacity(RANKS);
    while !waiting.is_empty() {
        waiting.retain(|&rank| {
            let future = pin!(&mut ranks[rank]);
            match future.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => {
                    outputs.push(output);
                    false
                }
                Poll::Pending => true,
            }
        });
    }
    // The roots that make a list anew: one on each rank, two allocations each.
    let roots = u64::from(RUNS) * RANKS as u64 * 2;
    for (counted, values, _) in &outputs {
        assert!(*values > 2 * STEPS * RANKS - 10, "{values} values travel");
        assert!(
            *counted <= roots + 4,
            "{counted} allocations in {RUNS} runs of {values} values, {roots} of them meant"
        );
    }
}
