//! The future that the calling thread is in the middle of polling. If it wakes itself then, as most do that
//! only want another turn, that is noticed here, at the price of a plain store: nobody else need know, for
//! the thread has the future anyway.
//!
//! Another thread's wake leaves its mark in the future's [cell](super::cell) as ever. So does one that comes
//! when the future is polled within another's poll, of a graph in a graph: only the innermost is known.

use super::wakes::Slot;
use crate::sync::thread_local;
use std::cell::Cell;
use std::ptr;

/// The future's slot, as its wakers know it, and whether it has been woken.
type Polled = Cell<(*const (), bool)>;

#[cfg(not(dgraph_loom))]
thread_local! {
    static POLLED: Polled = const { Cell::new((ptr::null(), false)) };
}

#[cfg(dgraph_loom)] // whose macro doesn't know `const`
thread_local! {
    static POLLED: Polled = Cell::new((ptr::null(), false));
}

/// Calls `poll`, in which the calling thread polls the future of `slot`. Whether that has been woken here
/// meanwhile.
#[inline]
pub(super) fn within<R>(slot: &Slot, poll: impl FnOnce() -> R) -> (R, bool) {
    struct Restore((*const (), bool));
    impl Drop for Restore {
        #[inline]
        fn drop(&mut self) {
            POLLED.with(|polled| polled.set(self.0));
        }
    }
    let _outer = Restore(POLLED.with(|polled| polled.replace((ptr::from_ref(slot).cast(), false))));
    let result = poll();
    (result, POLLED.with(Cell::get).1)
}

/// Somebody wakes the future of the slot at `data`. True if this thread polls it, and will see that.
#[inline]
pub(super) fn wake(data: *const ()) -> bool {
    POLLED.with(|polled| {
        let here = polled.get().0 == data;
        if here {
            polled.set((data, true));
        }
        here
    })
}
