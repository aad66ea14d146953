//! A cell that says so if two threads use it at once, with loom's interface.

use super::{AtomicUsize, Ordering};
use std::cell::Cell;
use std::fmt;

/// One user that writes.
const WRITTEN: usize = usize::MAX;

/// A cell that panics if two threads use it at once.
pub(crate) struct UnsafeCell<T> {
    /// How many threads read it now, or [`WRITTEN`].
    users: Cell<usize>,
    /// Between its beginning and its end each use has a step in which others may come.
    step: AtomicUsize,
    value: std::cell::UnsafeCell<T>,
}

// SAFETY: shuttle runs all threads of a model on one, and switches at steps of its own only, of which `users`
// has none. The value is the users' business: finding those that race is what this is for.
unsafe impl<T: Send> Sync for UnsafeCell<T> {}

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        let (users, step) = (Cell::new(0), AtomicUsize::new(0));
        Self { users, step, value: std::cell::UnsafeCell::new(value) }
    }

    pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        assert_eq!(self.users.replace(WRITTEN), 0, "written while somebody else uses it");
        let _end = End(&self.users);
        self.step.load(Ordering::Relaxed);
        work(self.value.get())
    }

    #[cfg(test)]
    pub(crate) fn with<R>(&self, work: impl FnOnce(*const T) -> R) -> R {
        assert_ne!(self.users.get(), WRITTEN, "read while somebody else writes it");
        self.users.set(self.users.get() + 1);
        let _end = End(&self.users);
        self.step.load(Ordering::Relaxed);
        work(self.value.get())
    }
}

struct End<'a>(&'a Cell<usize>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.set(if self.0.get() == WRITTEN { 0 } else { self.0.get() - 1 });
    }
}

impl<T> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").field("users", &self.users.get()).finish_non_exhaustive()
    }
}
