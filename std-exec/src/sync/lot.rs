//! parking_lot's locks, with the interface of the standard ones. They know no poison.

pub(crate) use parking_lot::MutexGuard;
use std::sync::{PoisonError, TryLockError};
use std::time::Duration;

/// What never fails, where the standard one may.
type Sound<T> = Result<T, PoisonError<T>>;

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Sound<MutexGuard<'_, T>> {
        Ok(self.0.lock())
    }

    pub(crate) fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError<MutexGuard<'_, T>>> {
        self.0.try_lock().ok_or(TryLockError::WouldBlock)
    }

    pub(crate) fn get_mut(&mut self) -> Sound<&mut T> {
        Ok(self.0.get_mut())
    }

    pub(crate) fn into_inner(self) -> Sound<T> {
        Ok(self.0.into_inner())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Condvar(parking_lot::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(parking_lot::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> Sound<MutexGuard<'a, T>> {
        self.0.wait(&mut guard);
        Ok(guard)
    }

    /// Whether the time was over is not said: nobody asks.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> Sound<(MutexGuard<'a, T>, ())> {
        self.0.wait_for(&mut guard, time);
        Ok((guard, ()))
    }
}
