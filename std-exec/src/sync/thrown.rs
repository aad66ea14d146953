//! What the first node that panics has thrown: it is resumed on the run's caller.

use crate::sync::{Mutex, PoisonError, lock};
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// Drops what nobody will see: a payload, an error, a waker. Its destructor is the user's code, and may
/// panic, with a payload of which the same is true. What goes on like that is left where it is.
pub(crate) fn discard<T>(unseen: T) {
    let mut dropped = catch_unwind(AssertUnwindSafe(|| drop(unseen)));
    for _ in 0..8 {
        match dropped {
            Ok(()) => return,
            Err(next) => dropped = catch_unwind(AssertUnwindSafe(|| drop(next))),
        }
    }
    std::mem::forget(dropped);
}

/// Of two panics, what the first has thrown. The other one is [discarded](discard).
pub(crate) fn first<T>(first: Option<T>, other: Option<T>) -> Option<T> {
    if first.is_none() {
        return other;
    }
    other.into_iter().for_each(discard);
    first
}

/// A value whose destructor is the user's code. While the thread unwinds, a panic of it would abort the
/// process: then it is [discarded](discard).
pub(crate) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("until it is dropped")
    }
}

impl<T> Deref for Quiet<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("until it is dropped")
    }
}

impl<T: fmt::Debug> fmt::Debug for Quiet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        if thread::panicking() {
            value.into_iter().for_each(discard);
        }
    }
}

/// What the first node that panics has thrown, kept for the run's caller. What nobody has taken is
/// [discarded](discard).
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
        // Not under the lock: that runs the user's code.
        drop(first);
        discard(payload);
    }

    /// Takes what was thrown, when nobody else can come any more.
    #[inline]
    pub(crate) fn into_inner(mut self) -> Option<Box<dyn Any + Send>> {
        self.first.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The first payload, if there is one.
    pub(crate) fn take(&self) -> Option<Box<dyn Any + Send>> {
        lock(&self.first).take()
    }
}

impl Drop for Thrown {
    #[inline]
    fn drop(&mut self) {
        self.first.get_mut().unwrap_or_else(PoisonError::into_inner).take().into_iter().for_each(discard);
    }
}
