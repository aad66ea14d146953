//! The runs without a caller that wait for a thread, in the order in which they came; and for each worker
//! those that wait for it in particular.
//!
//! One lock per queue, which is held for some nanoseconds: a run comes here once per slice of a hundred
//! microseconds, or once per wake-up, not once per node. The queue for all threads is linked through the
//! tickets, so it needs no memory however long it is.

use super::ticket::Link;
use crate::protocol::backlog::Backlog;
use crate::sync::{Mutex, lock};
use crate::team::Ticket;
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Tickets that are linked to each other.
#[derive(Default)]
struct List {
    first: Option<Arc<Ticket>>,
    last: Option<Arc<Ticket>>,
    length: usize,
    /// How many of them wait because a future was woken.
    woken: usize,
}

impl List {
    fn push(&mut self, ticket: Arc<Ticket>, woken: bool) {
        *lock(&ticket.link) = Link { next: None, woken };
        match self.last.replace(Arc::clone(&ticket)) {
            Some(last) => lock(&last.link).next = Some(ticket),
            None => self.first = Some(ticket),
        }
        self.length += 1;
        self.woken += usize::from(woken);
    }

    fn pop(&mut self) -> Option<Arc<Ticket>> {
        let first = self.first.take()?;
        let Link { next, woken } = std::mem::take(&mut *lock(&first.link));
        self.first = next;
        if self.first.is_none() {
            self.last = None;
        }
        self.length -= 1;
        self.woken -= usize::from(woken);
        Some(first)
    }
}

impl Drop for List {
    /// One by one: a long list must not recurse.
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

/// The runs without a caller that wait for a thread, in the order in which they came.
pub(crate) struct RunQueue {
    /// What members look at between two nodes.
    pub(crate) backlog: CachePadded<Backlog>,
    all: Mutex<List>,
    /// For each worker.
    bound: Box<[Mutex<VecDeque<Arc<Ticket>>>]>,
}

impl RunQueue {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            backlog: CachePadded::default(),
            all: Mutex::new(List::default()),
            bound: std::iter::repeat_with(|| Mutex::new(VecDeque::with_capacity(KEPT)))
                .take(workers)
                .collect(),
        }
    }

    pub(crate) fn push(&self, ticket: Arc<Ticket>, woken: bool) {
        let mut all = lock(&self.all);
        all.push(ticket, woken);
        self.backlog.set(all.length, all.woken);
    }

    /// The run that has waited for longest, if the calling thread may open it now.
    pub(crate) fn pop(&self) -> Option<Arc<Ticket>> {
        while self.backlog.is_waiting() {
            let ticket = {
                let mut all = lock(&self.all);
                let ticket = all.pop()?;
                self.backlog.set(all.length, all.woken);
                ticket
            };
            if ticket.claim(true) {
                return Some(ticket);
            }
        }
        None
    }

    /// A node of the run can only be run by this worker. Whether the worker exists.
    pub(crate) fn push_for(&self, worker: usize, ticket: Arc<Ticket>) -> bool {
        let Some(bound) = self.bound.get(worker) else { return false };
        lock(bound).push_back(ticket);
        true
    }

    /// The next run that waits for this worker, whether or not the calling thread may open it now. (Then it
    /// is worked on, over, or will be put here again.)
    pub(crate) fn pop_for(&self, worker: usize) -> Option<Arc<Ticket>> {
        let mut bound = lock(&self.bound[worker]);
        let ticket = bound.pop_front();
        if bound.is_empty() && bound.capacity() > KEPT {
            bound.shrink_to(KEPT); // what a burst has needed is not kept for ever
        }
        ticket
    }
}

/// For how many tickets a queue has memory from the beginning, and keeps it.
const KEPT: usize = 32;

impl fmt::Debug for RunQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunQueue").field("backlog", &self.backlog).finish_non_exhaustive()
    }
}
