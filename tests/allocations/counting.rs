//! An allocator that counts, for the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);
/// What was asked for, and not freed.
static BYTES: AtomicU64 = AtomicU64::new(0);

// SAFETY: every method passes its arguments on to the system's allocator as they are, and returns what that
// returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        FREED.fetch_add(1, Relaxed);
        BYTES.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`; the memory came from the same allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many blocks have been allocated, and how many freed.
pub(crate) fn blocks() -> (u64, u64) {
    (ALLOCATIONS.load(Relaxed), FREED.load(Relaxed))
}

/// How many bytes there are in use.
#[allow(dead_code, reason = "the tests of processes count blocks only")]
pub(crate) fn bytes() -> u64 {
    BYTES.load(Relaxed)
}

/// How often `work` allocates, on all threads.
pub(crate) fn allocations(work: impl FnOnce()) -> u64 {
    let (before, _) = blocks();
    work();
    blocks().0 - before
}
