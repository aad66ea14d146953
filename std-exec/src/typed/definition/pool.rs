//! The memory of a definition's runs: what nobody uses waits to be used again.

use crate::protocol::semaphore::Semaphore;
use crate::sync::thrown::discard;
use crate::sync::{Mutex, lock};
use crate::typed::data::graph_data::GraphData;
use crate::typed::graph::held::Held;
use crate::typed::memory::errors::Payload;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a definition and its instances share.
pub(crate) struct Pool {
    /// What instances are made from. It never runs.
    first: GraphData,
    free: Mutex<Vec<Held>>,
    /// If not any number of instances may be in use at once.
    pub(super) permits: Option<Semaphore>,
}

impl Pool {
    /// At most so many instances are in use at once, if it isn't `None`.
    ///
    /// # Safety
    ///
    /// As for [`GraphData::another`].
    pub(super) unsafe fn new(first: GraphData, most: Option<usize>) -> Self {
        Self { first, free: Mutex::new(Vec::new()), permits: most.map(Semaphore::new) }
    }

    pub(super) fn first(&self) -> &GraphData {
        &self.first
    }

    /// Memory for runs, for whoever has a permit.
    pub(super) fn take(&self) -> Held {
        let free = lock(&self.free).pop();
        // SAFETY: by the contract of `new`.
        free.unwrap_or_else(|| Held::new(unsafe { self.first.another() }))
    }

    /// Nobody uses this any more: drops all values in it, and keeps the memory. What the first destructor
    /// that panics has thrown.
    pub(super) fn give_back(&self, mut memory: Held) -> Option<Payload> {
        let mut thrown = None;
        // Without its data it was lent to a future that was leaked. Something else came by `mem::swap`.
        if let Some(data) = memory.data.as_deref_mut().filter(|data| data.is_as(&self.first)) {
            match catch_unwind(AssertUnwindSafe(|| data.empty())) {
                Ok(()) => lock(&self.free).push(memory),
                Err(payload) => {
                    thrown = Some(payload);
                    discard(memory);
                }
            }
        }
        if let Some(permits) = &self.permits {
            permits.give_back(1);
        }
        thrown
    }
}
