//! Who is at a state: any number of readers, or one node that changes it.

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;

/// Counts the readers of a state; below zero, somebody changes it.
#[derive(Debug, Default)]
pub(super) struct Watch(AtomicI32);

impl Watch {
    /// Somebody changes the state: of nodes that are to be tiny, so nobody else gets a turn meanwhile.
    pub(super) fn change_at_once(&self) -> Changing<'_> {
        assert_eq!(self.0.swap(-1_000_000, SeqCst), 0, "a writer beside others");
        Changing(self)
    }

    pub(super) fn read(&self) -> Reading<'_> {
        let before = self.0.fetch_add(1, SeqCst);
        assert!(before >= 0, "a reader beside a writer");
        thread::yield_now();
        Reading(self)
    }

    pub(super) fn change(&self) -> Changing<'_> {
        let before = self.0.swap(-1_000_000, SeqCst);
        assert_eq!(before, 0, "a writer beside others");
        thread::yield_now();
        Changing(self)
    }
}

#[derive(Debug)]
pub(super) struct Reading<'w>(&'w Watch);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

#[derive(Debug)]
pub(super) struct Changing<'w>(&'w Watch);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1_000_000, SeqCst);
    }
}
