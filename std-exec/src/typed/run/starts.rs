//! Nodes that wait for the start of others, or for moments in them.

use super::execution::Execution;
use crate::typed::memory::starts::Stage;
use crate::typed::memory::status::Outcome;

impl Execution<'_> {
    /// How far that is that `node` waits for: pending, if it is to wait. `None` if it waits for nothing, or
    /// that was missed.
    #[cold]
    pub(super) fn wait_for_start(&self, node: u32, signal: usize) -> Option<Result<(), Outcome>> {
        let starts = self.frame.records.starts.as_ref()?;
        match starts.stage(node)? {
            _ if starts.is_there(node, self.frame.statuses()) => Some(Ok(())),
            (Stage::Ahead, waker) if self.frame.may_start(node, signal) => Some(Err(Outcome::Pending(waker))),
            _ => None,
        }
    }

    /// `node` is about to be called for the first time.
    #[cold]
    pub(super) fn begins(&self, node: u32) {
        if let Some(starts) = &self.frame.records.starts {
            starts.begins(node).for_each(|waker| self.frame.wakes().wake(waker));
        }
    }

    /// `node` is complete.
    #[cold]
    pub(super) fn is_over(&self, node: u32) {
        if let Some(starts) = &self.frame.records.starts {
            starts.ends(node).for_each(|waker| self.frame.wakes().wake(waker));
        }
    }
}
