//! What the first node that panics has thrown: it is resumed on the run's caller.

use crate::sync::{Mutex, lock};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Thrown {
    first: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Thrown {
    pub(crate) fn nothing() -> Self {
        Self { first: Mutex::new(None) }
    }

    /// Keeps `payload` if it is the first.
    pub(crate) fn keep(&self, payload: Box<dyn Any + Send>) {
        let mut first = lock(&self.first);
        if first.is_none() {
            *first = Some(payload);
            return;
        }
        drop(first);
        // Nobody will see this payload. Its destructor is the user's code: it runs without the lock, and may panic.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(panic);
        }
    }

    /// The first payload, if there is one.
    pub(crate) fn take(&self) -> Option<Box<dyn Any + Send>> {
        lock(&self.first).take()
    }
}
