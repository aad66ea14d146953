//! The standard ones and crossbeam's.

#[cfg(feature = "parking_lot")]
pub(crate) use super::lot::{Condvar, Mutex, MutexGuard};
pub(crate) use crossbeam_deque::{Steal, Stealer, Worker};
pub(crate) use crossbeam_utils::Backoff;
pub(crate) use std::hint::spin_loop;
pub(crate) use std::sync::PoisonError;
#[cfg(target_has_atomic = "64")]
pub(crate) use std::sync::atomic::AtomicU64;
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering, compiler_fence, fence,
};
#[cfg(not(feature = "parking_lot"))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::thread::yield_now;
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

/// Sets up what a thread's first theft would, and what the process's first one would.
pub(crate) fn prepare_to_steal() {
    let queue = Worker::<()>::new_lifo();
    assert!(queue.stealer().steal().is_empty());
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

/// Where the processor has no such atomic: behind a lock of crossbeam's, which pays no heed to orderings.
#[cfg(not(target_has_atomic = "64"))]
#[derive(Debug, Default)]
pub(crate) struct AtomicU64(crossbeam_utils::atomic::AtomicCell<u64>);

#[cfg(not(target_has_atomic = "64"))]
impl AtomicU64 {
    pub(crate) const fn new(value: u64) -> Self {
        Self(crossbeam_utils::atomic::AtomicCell::new(value))
    }

    pub(crate) fn load(&self, _: Ordering) -> u64 {
        self.0.load()
    }

    pub(crate) fn store(&self, value: u64, _: Ordering) {
        self.0.store(value);
    }
}
