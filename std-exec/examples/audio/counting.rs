//! An allocator that counts what is allocated and given back while sound is played.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static COUNT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static MAY_ALLOCATE: Cell<bool> = const { Cell::new(false) };
}

/// What this thread allocates isn't counted.
pub(crate) fn exempt_this_thread() {
    MAY_ALLOCATE.set(true);
}

/// How often all other threads have allocated memory or given it back.
pub(crate) fn count() -> u64 {
    COUNT.load(Relaxed)
}

struct Counting;

impl Counting {
    fn note() {
        if !MAY_ALLOCATE.get() {
            COUNT.fetch_add(1, Relaxed);
        }
    }
}

// SAFETY: both methods pass their arguments on to the system's allocator as they are, and return what that
// returns. They allocate nothing themselves: the thread-local needs no memory of its own, and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::note();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Self::note();
        // SAFETY: the caller keeps the contract of `dealloc`; the memory came from the same allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
