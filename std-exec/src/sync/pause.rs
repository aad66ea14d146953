//! How a thread waits for another one that is about to be done, and is not told.

use super::{Backoff, Mutex, MutexGuard, PoisonError, lock, spin_loop, yield_now};

/// What threads of an executor do where they wait for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pause {
    /// They let the system run others, and block in locks.
    #[default]
    Yields,
    /// They make no system call: they spin, in locks too.
    Spins,
}

impl Pause {
    /// A moment.
    pub(crate) fn give_way(self) {
        match self {
            Self::Yields => yield_now(),
            Self::Spins => spin_loop(),
        }
    }

    /// A moment, longer from time to time.
    pub(crate) fn snooze(self, backoff: &Backoff) {
        match self {
            Self::Yields => backoff.snooze(),
            Self::Spins => backoff.spin(),
        }
    }

    /// The lock, which nobody holds for long.
    pub(crate) fn lock<T>(self, mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        match self {
            Self::Yields => lock(mutex),
            Self::Spins => loop {
                match try_lock(mutex) {
                    Some(guard) => return guard,
                    None => spin_loop(),
                }
            },
        }
    }
}

/// The lock, if nobody holds it.
fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(std::sync::TryLockError::Poisoned(error)) => Some(PoisonError::into_inner(error)),
        Err(std::sync::TryLockError::WouldBlock) => None,
    }
}
