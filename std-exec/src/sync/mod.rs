//! The atomics, cells, fences, locks, deques and thread-locals of this crate: the standard ones and
//! crossbeam's (`standard.rs`), or ones that a model checker sees. No other file names them.
//!
//! - `--cfg dgraph_loom` (`with_loom.rs`): every order of steps of small models, and what weak memory makes
//!   of it.
//! - `--cfg dgraph_shuttle` (`with_shuttle.rs`): random orders of models that are too large for that, as if
//!   memory were sequentially consistent.
//!
//! The standard locks keep all that there is to know in the lock itself. parking_lot's keep a table of
//! waiting threads beside them, in which a forked child finds threads that it doesn't have, so that a new
//! executor there would crash: they are for those who ask for them by the feature `parking_lot` (`lot.rs`).

#[allow(unsafe_code)]
pub(crate) mod asymmetric_fence;
#[cfg(dgraph_shuttle)]
#[allow(unsafe_code)]
mod checked_cell;
#[allow(unsafe_code)]
pub(crate) mod clock;
#[allow(unsafe_code)]
pub(crate) mod fork;
#[cfg(all(feature = "parking_lot", not(any(dgraph_loom, dgraph_shuttle))))]
mod lot;
#[cfg(any(dgraph_loom, dgraph_shuttle))]
mod model_deque;
mod pause;
#[allow(unsafe_code)]
pub(crate) mod prefetch;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
mod standard;
pub(crate) mod thrown;
#[cfg(dgraph_loom)]
mod with_loom;
#[cfg(dgraph_shuttle)]
mod with_shuttle;

pub(crate) use pause::Pause;
#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
pub(crate) use standard::*;
#[cfg(dgraph_loom)]
pub(crate) use with_loom::*;
#[cfg(dgraph_shuttle)]
pub(crate) use with_shuttle::*;

/// A model checker decides who goes on: there is little to wait for, and the fewer steps the better.
pub(crate) const MODEL: bool = cfg!(any(dgraph_loom, dgraph_shuttle));

/// A number that no other call in this process gives; never 0. No lock where it can be had without one: a
/// child forked meanwhile would find that locked for ever.
pub(crate) fn next_number() -> u64 {
    #[cfg(target_has_atomic = "64")]
    {
        use std::sync::atomic::{AtomicU64, Ordering};
        static LAST: AtomicU64 = AtomicU64::new(0);
        // Relaxed: it says nothing about anything else. At one a nanosecond it lasts for 500 years.
        LAST.fetch_add(1, Ordering::Relaxed) + 1
    }
    #[cfg(not(target_has_atomic = "64"))]
    {
        static LAST: std::sync::Mutex<u64> = std::sync::Mutex::new(0);
        // It is right whatever a thread did that held the lock.
        let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *last += 1;
        *last
    }
}

/// In models time goes on by a fixed amount whenever somebody looks, so that each order of steps can be
/// repeated.
#[cfg(any(dgraph_loom, dgraph_shuttle))]
pub(crate) fn now() -> u64 {
    use std::cell::Cell;
    // Not the model checker's: it runs all threads of a model on one.
    std::thread_local! {
        static NOW: Cell<u64> = const { Cell::new(1) };
    }
    NOW.replace(NOW.get() + 1_000_000)
}
