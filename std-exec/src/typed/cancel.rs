//! Cancellation.

use crate::sync::{AtomicBool, Ordering};
use std::fmt;
use std::sync::Arc;

/// Cancels runs: from any thread, also from inside a node. Clones are the same token.
///
/// A token stays cancelled; for the next run, make a new one.
///
/// ```
/// use dgraph_exec::CancelToken;
/// let token = CancelToken::new();
/// let same = token.clone();
/// std::thread::spawn(move || same.cancel()).join().unwrap();
/// assert!(token.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    cancelled: Arc<AtomicBool>,
}

impl CancelToken {
    /// A token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, runs with this token start no node. Nodes under way end.
    pub fn cancel(&self) {
        // Relaxed: it says nothing about anything else.
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it is cancelled: for nodes that take long and want to end early.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}
