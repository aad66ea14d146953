//! Locks and numbers that threads of one rank share. No other file names atomics.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Wake;

/// Locks, whoever has panicked meanwhile: what these locks guard is whole between any two calls.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number that says nothing about other memory.
#[derive(Debug, Default)]
pub(crate) struct Number(AtomicU64);

impl Number {
    pub(crate) const fn new(number: u64) -> Self {
        Self(AtomicU64::new(number))
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    #[inline]
    pub(crate) fn set(&self, number: u64) {
        self.0.store(number, Relaxed);
    }

    /// Adds 1, and gives the number that it was before.
    #[inline]
    pub(crate) fn count(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }

    /// Subtracts 1.
    #[inline]
    pub(crate) fn uncount(&self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Whether something has happened since one has last looked.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    #[inline]
    pub(crate) fn raise(&self) {
        // Ordering: Release pairs with the Acquire of `take`: whoever sees the flag sees what it is about.
        self.0.store(true, Release);
    }

    #[inline]
    pub(crate) fn take(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `raise`.
        self.0.load(Relaxed) && self.0.swap(false, Acquire)
    }
}

impl Wake for Flag {
    fn wake(self: std::sync::Arc<Self>) {
        self.raise();
    }

    fn wake_by_ref(self: &std::sync::Arc<Self>) {
        self.raise();
    }
}
