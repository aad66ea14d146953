//! The atomics, cells, fences, locks, deques and thread-locals of this crate: the standard ones and
//! crossbeam's, or under `--cfg dgraph_loom` ones that loom sees. No other file names them.
//!
//! The standard locks keep all that there is to know in the lock itself. parking_lot's keep a table of waiting threads
//! beside them, in which a forked child finds threads that it doesn't have, so that a new executor there would crash.

#[cfg(dgraph_loom)]
mod model_deque;

#[cfg(not(dgraph_loom))]
mod shim {
    pub(crate) use crossbeam_deque::{Steal, Stealer, Worker};
    pub(crate) use crossbeam_utils::Backoff;
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::PoisonError;
    pub(crate) use std::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering, compiler_fence, fence,
    };
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::thread_local;
    use std::time::Duration;

    /// The standard cell with loom's interface.
    #[derive(Debug, Default)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
            work(self.0.get())
        }
    }

    /// Nobody panics while holding one of our locks.
    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// Something for models only.
    #[inline]
    pub(crate) const fn before_fence() {}

    /// Waits for `time` at the most, or less.
    pub(crate) fn wait_for<'a, T>(
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> MutexGuard<'a, T> {
        condvar.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Sets all of `cells`, which nobody else can reach: plain stores, many at once.
    pub(crate) fn fill(cells: &mut [AtomicU8], value: u8) {
        for cell in cells {
            *cell.get_mut() = value;
        }
    }

    /// How long to look around before giving up, in steps.
    pub(crate) const fn patience(steps: u32) -> u32 {
        steps
    }
}

#[cfg(dgraph_loom)]
mod shim {
    pub(crate) use super::model_deque::{Steal, Stealer, Worker};
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering, fence,
    };
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use loom::thread_local;
    pub(crate) use std::sync::PoisonError;
    use std::time::Duration;

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().expect("models don't panic under a lock")
    }

    pub(crate) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        condvar.wait(guard).expect("models don't panic under a lock")
    }

    loom::lazy_static! {
        /// The place of the next fence of `crate::fences` in the order of all of them.
        static ref NEXT_FENCE: AtomicUsize = AtomicUsize::new(0);
    }

    /// Models have real fences on both sides.
    pub(crate) fn compiler_fence(order: Ordering) {
        fence(order);
    }

    /// To be called before a `SeqCst` fence. loom tries another order of two steps only if both access one object, and
    /// takes fences for none, so it would never come between an access and the fence behind it. Now they have an object.
    pub(crate) fn before_fence() {
        NEXT_FENCE.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets the other threads go on.
    #[derive(Debug)]
    pub(crate) struct Backoff;

    impl Backoff {
        pub(crate) const fn new() -> Self {
            Self
        }

        #[allow(clippy::unused_self, reason = "the real one has it")]
        pub(crate) fn snooze(&self) {
            loom::thread::yield_now();
        }
    }

    /// As if the time were always over at once.
    pub(crate) fn wait_for<'a, T>(_: &Condvar, guard: MutexGuard<'a, T>, _: Duration) -> MutexGuard<'a, T> {
        guard
    }

    pub(crate) fn fill(cells: &mut [AtomicU8], value: u8) {
        for cell in cells {
            cell.store(value, Ordering::Relaxed);
        }
    }

    /// None at all: a model has to get to sleep to be small.
    pub(crate) const fn patience(_: u32) -> u32 {
        0
    }
}

pub(crate) use shim::*;
