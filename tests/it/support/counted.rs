//! Payloads that count how many of them are alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

/// Counts its live payloads.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicIsize>);

/// Alive until it is dropped; twice dropped, the count falls below zero.
#[derive(Debug)]
pub(crate) struct Counted {
    alive: Arc<AtomicIsize>,
    pub(crate) value: u64,
}

impl Counter {
    pub(crate) fn make(&self, value: u64) -> Counted {
        self.0.fetch_add(1, Relaxed);
        Counted { alive: Arc::clone(&self.0), value }
    }

    pub(crate) fn alive(&self) -> isize {
        self.0.load(Relaxed)
    }
}

impl Counted {
    /// The value. A closure that asks in this way captures the payload and not a copy of its value.
    pub(crate) fn get(&self) -> u64 {
        self.value
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Relaxed);
    }
}
