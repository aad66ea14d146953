//! The atomics of this crate: `core`'s, those of the crate portable-atomic with the feature of that name, or
//! those of a model checker under `--cfg dgraph_loom` and `--cfg dgraph_shuttle`. No other file names them.
//!
//! Public because a caller of [`Countdown::new`](crate::Countdown::new) or
//! [`Run::in_memory`](crate::Run::in_memory) brings the memory, and in a model this has to be the model
//! checker's.

#[cfg(not(any(dgraph_loom, dgraph_shuttle, feature = "portable-atomic")))]
use core::sync::atomic;
#[cfg(dgraph_loom)]
use loom::sync::atomic;
#[cfg(all(feature = "portable-atomic", not(any(dgraph_loom, dgraph_shuttle))))]
use portable_atomic as atomic;
#[cfg(dgraph_shuttle)]
use shuttle::sync::atomic;

#[cfg(feature = "alloc")]
pub(crate) use atomic::AtomicBool;
pub(crate) use atomic::Ordering;
pub use atomic::{AtomicU32, AtomicUsize};

/// What `change` makes of a word that nobody else has: an access like any other, not an atomic one.
#[inline]
pub(crate) fn alone<T>(word: &mut AtomicUsize, change: impl FnOnce(&mut usize) -> T) -> T {
    #[cfg(dgraph_loom)]
    return word.with_mut(change);
    #[cfg(not(dgraph_loom))]
    change(word.get_mut())
}
