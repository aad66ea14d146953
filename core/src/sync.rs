//! The atomics of this crate: `core`'s, or loom's under `--cfg dgraph_loom`. No other file names them.
//!
//! Public because a caller of [`Countdown::new`](crate::Countdown::new) brings the counters, and under loom these
//! have to be loom's.

#[cfg(all(not(dgraph_loom), feature = "alloc"))]
pub(crate) use core::sync::atomic::AtomicBool;
#[cfg(not(dgraph_loom))]
pub use core::sync::atomic::AtomicU32;
#[cfg(not(dgraph_loom))]
pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(dgraph_loom, feature = "alloc"))]
pub(crate) use loom::sync::atomic::AtomicBool;
#[cfg(dgraph_loom)]
pub use loom::sync::atomic::AtomicU32;
#[cfg(dgraph_loom)]
pub(crate) use loom::sync::atomic::Ordering;
