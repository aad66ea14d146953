//! Runs that are to look whether they have to end, when a token is cancelled or an executor shut down.

use super::wakes::Wakes;
use crate::sync::thrown;
use crate::sync::{Mutex, Ordering, lock};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The runs to tell when a token is cancelled or an executor shut down. Each run knows its place here, so
/// that it takes no longer to let go of one of many.
#[derive(Default)]
pub(crate) struct Attached {
    runs: Mutex<Vec<Arc<Wakes>>>,
    /// Which of the lists that a run is attached to.
    which: usize,
}

impl Attached {
    pub(crate) fn to_an_executor() -> Self {
        Self { which: 1, ..Self::default() }
    }

    /// From now on this run is told. It must not be attached to a list of this kind.
    pub(crate) fn attach(&self, run: &Arc<Wakes>) {
        let mut runs = lock(&self.runs);
        // Relaxed: places are read and written under the lock.
        run.places[self.which].store(runs.len(), Ordering::Relaxed);
        runs.push(Arc::clone(run));
    }

    /// Undoes [`attach`](Self::attach), if that was done.
    pub(crate) fn detach(&self, run: &Arc<Wakes>) {
        let mut runs = lock(&self.runs);
        let place = run.places[self.which].load(Ordering::Relaxed);
        if runs.get(place).is_some_and(|here| Arc::ptr_eq(here, run)) {
            let gone = runs.swap_remove(place);
            if let Some(moved) = runs.get(place) {
                moved.places[self.which].store(place, Ordering::Relaxed);
            }
            // What a burst has needed is not kept for ever.
            let memory =
                if runs.is_empty() && runs.capacity() > 64 { std::mem::take(&mut *runs) } else { Vec::new() };
            drop(runs);
            drop((gone, memory));
        }
    }

    /// Has all of them look. What the first waker that panics has thrown.
    pub(crate) fn look(&self) -> Option<Box<dyn Any + Send>> {
        // Not told under the lock: that calls wakers of the user's.
        let runs = lock(&self.runs).clone();
        let mut thrown = None;
        for run in &runs {
            // A waker that panics keeps nobody else asleep.
            let woken = catch_unwind(AssertUnwindSafe(|| run.look()));
            thrown = thrown::first(thrown, woken.err());
        }
        thrown
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").finish_non_exhaustive()
    }
}
