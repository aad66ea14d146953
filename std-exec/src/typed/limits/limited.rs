//! The nodes of a graph that are under limits that runs share, and what they hold of these.
//!
//! ```text
//!   asks ─▶ waits for the first limit ─▶ has it, waits for the second ─▶ … ─▶ has all: starts
//!     ▲                │                          │                              │ complete
//!     └── gives all back, and leaves ◀── settled, or the run ends ───────────────┘
//! ```
//!
//! All nodes take limits in one order, and all that they want of one limit at once. So some node always goes
//! on: of the limits of which permits are held, take the last one, and a node that holds some of it. If that
//! waits, then for a later limit, of which all permits are left; whoever is first there has them.

use super::shared_limit::SharedLimit;
use crate::pool::context;
use crate::protocol::semaphore::{Place, Urgency};
use crate::sync::{Mutex, lock};
use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// What a node wants: limits, in the order in which it takes them, and how many permits of each.
pub(crate) type Wanted = Box<[(SharedLimit, usize)]>;

/// The nodes of a graph that are under shared limits. Here they are numbered by themselves: the order is that
/// of the nodes.
pub(crate) struct Limited {
    wanted: Arc<[Wanted]>,
    /// Of each: what it has, in this run.
    held: Box<[Mutex<Hold>]>,
}

/// What a node holds. It belongs to the thread that has the node, and between runs to nobody.
#[derive(Default)]
struct Hold {
    /// It has what it wants of so many limits.
    limits: usize,
    /// Where it waits for the next one.
    place: Place,
}

/// How urgent the nodes of a graph are, compared with those of any other.
#[derive(Clone, Copy, Default)]
pub(crate) struct Urgencies<'s> {
    /// Empty: as for those below, all are the same.
    priorities: &'s [i64],
    paths: &'s [u64],
}

impl<'s> Urgencies<'s> {
    pub(crate) fn new(priorities: &'s [i64], paths: &'s [u64]) -> Self {
        Self { priorities, paths }
    }

    /// Of a node that is taken on this thread now.
    pub(crate) fn of(self, node: u32) -> Urgency {
        let priority = self.priorities.get(node as usize).copied().unwrap_or(0);
        let path = self.paths.get(node as usize).copied().unwrap_or(0);
        Urgency { level: context::level(), priority, path }
    }
}

/// What a run knows of them.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'r> {
    pub(crate) limited: &'r Limited,
    pub(crate) urgencies: Urgencies<'r>,
}

impl Limited {
    pub(crate) fn new(wanted: Arc<[Wanted]>) -> Self {
        let held = wanted.iter().map(|_| Mutex::new(Hold::default())).collect();
        Self { wanted, held }
    }

    /// Of the same nodes, in another run.
    pub(crate) fn another(&self) -> Self {
        Self::new(Arc::clone(&self.wanted))
    }

    /// Whether some node is under this limit.
    pub(crate) fn has(&self, limit: &SharedLimit) -> bool {
        self.wanted.iter().any(|wanted| wanted.iter().any(|(other, _)| other.place() == limit.place()))
    }

    /// The limits that the node with this number is under.
    pub(crate) fn of(&self, number: usize) -> impl Iterator<Item = &SharedLimit> {
        self.wanted[number].iter().map(|(limit, _)| limit)
    }

    /// Takes what the node wants that it hasn't got yet, or waits for it: then `task` is woken when to call
    /// this again.
    pub(crate) fn poll(&self, number: usize, urgency: Urgency, task: &Waker) -> Poll<()> {
        let mut taking = Taking { held: mem::take(&mut *lock(&self.held[number])), of: &self.held[number] };
        let Hold { limits, place } = &mut taking.held;
        while let Some((limit, permits)) = self.wanted[number].get(*limits) {
            if limit.poll(place, *permits, urgency, task).is_pending() {
                return Poll::Pending;
            }
            *limits += 1;
        }
        Poll::Ready(())
    }

    /// The node is complete, or isn't to start: gives back what it has, and waits no more.
    pub(crate) fn release(&self, number: usize) {
        let Hold { limits, mut place } = mem::take(&mut *lock(&self.held[number]));
        let wanted = &self.wanted[number];
        if let Some((limit, _)) = wanted.get(limits) {
            limit.leave(&mut place);
        }
        wanted[..limits].iter().rev().for_each(|(limit, permits)| limit.give_back(*permits));
    }

    /// [Releases](Self::release) all nodes: the run is over.
    pub(crate) fn release_all(&self) {
        (0..self.wanted.len()).for_each(|number| self.release(number));
    }
}

/// What a node holds, outside of the lock, since to take more calls the user's code. It goes back whatever
/// happens.
struct Taking<'a> {
    held: Hold,
    of: &'a Mutex<Hold>,
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        *lock(self.of) = mem::take(&mut self.held);
    }
}
