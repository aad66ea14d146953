//! What the first node that panics has thrown: it is resumed on the run's caller.

use crate::sync::{Mutex, PoisonError, lock};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Thrown {
    first: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Thrown {
    #[inline]
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
        // Nobody will see this payload. Its destructor is the user's code: it runs without the lock, and may panic, with a
        // payload of which the same is true. What goes on like that is left where it is.
        let mut unseen = payload;
        for _ in 0..8 {
            match catch_unwind(AssertUnwindSafe(|| drop(unseen))) {
                Ok(()) => return,
                Err(next) => unseen = next,
            }
        }
        std::mem::forget(unseen);
    }

    /// The same, when nobody else can come any more.
    #[inline]
    pub(crate) fn into_inner(self) -> Option<Box<dyn Any + Send>> {
        self.first.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first payload, if there is one.
    pub(crate) fn take(&self) -> Option<Box<dyn Any + Send>> {
        lock(&self.first).take()
    }
}
