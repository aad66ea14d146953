//! The atomics of this crate: `core`'s, or those of a model checker under `--cfg dgraph_loom` and `--cfg dgraph_shuttle`. No
//! other file names them.
//!
//! Public because a caller of [`Countdown::new`](crate::Countdown::new) brings the counters, and in a model these have to be
//! the model checker's.

#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
use core::sync::atomic;
#[cfg(dgraph_loom)]
use loom::sync::atomic;
#[cfg(dgraph_shuttle)]
use shuttle::sync::atomic;

#[cfg(feature = "alloc")]
pub(crate) use atomic::AtomicBool;
pub use atomic::AtomicU32;
pub(crate) use atomic::Ordering;
