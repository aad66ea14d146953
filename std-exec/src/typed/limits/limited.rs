//! The nodes of a graph that are under limits that runs share, and what they hold of these.
//!
//! ```text
//!   asks ─▶ waits for the first limit ─▶ has a promise, waits for the second ─▶ … ─▶ has promises of all
//!     ▲ ▲              │                     │ taken back │                              │ takes all
//!     │ └──────────────┼─────────────────────┼────────────┴─── one was taken back ◀──────┤
//!     └── leaves all, gives all back ◀───────┴── settled, or the run ends, complete ◀────┴─▶ starts
//! ```
//!
//! All nodes ask limits in one order, and for all that they want of one limit at once. A node that waits has
//! promises of earlier limits only. So some node always goes on: of the limits of which permits are held or
//! promised, take the last one. If nobody who runs has some of it, one who has a promise waits for a later
//! limit, of which all permits are left; whoever is first there has them.

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
struct Hold {
    /// For each limit: where it waits, or has a promise.
    places: Box<[Place]>,
    /// It has all that it wants.
    has_all: bool,
}

/// How urgent the nodes of a graph are, compared with those of any other.
#[derive(Clone)]
pub(crate) struct Urgencies {
    /// As set by the builder. Inputs come before everything else: they delay nobody.
    pub(crate) priorities: Arc<[i64]>,
    /// The longest path from each node on, in nanoseconds; empty as long as nobody wants to know.
    pub(crate) paths: Arc<[u64]>,
}

impl Urgencies {
    pub(crate) fn new(priorities: Arc<[i64]>) -> Self {
        Self { priorities, paths: Arc::default() }
    }

    /// Of a node that is taken on this thread now. `None`: all are the same.
    pub(crate) fn of(this: Option<&Self>, node: u32) -> Urgency {
        let node = node as usize;
        let priority = this.and_then(|this| this.priorities.get(node)).copied().unwrap_or(0);
        let path = this.and_then(|this| this.paths.get(node)).copied().unwrap_or(0);
        Urgency { level: context::level(), priority, path }
    }
}

impl Limited {
    pub(crate) fn new(wanted: Arc<[Wanted]>) -> Self {
        let hold = |wanted: &Wanted| Hold { places: vec![None; wanted.len()].into(), has_all: false };
        let held = wanted.iter().map(|wanted| Mutex::new(hold(wanted))).collect();
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

    /// The limits that the node with this number is under, and how many permits it wants of each.
    pub(crate) fn of(&self, number: usize) -> &[(SharedLimit, usize)] {
        &self.wanted[number]
    }

    /// Takes what the node wants, or waits for it: then `task` is woken when to call this again.
    pub(crate) fn poll(&self, number: usize, urgency: Urgency, task: &Waker) -> Poll<()> {
        let wanted = &self.wanted[number];
        let mut taking = Taking::begin(&self.held[number]);
        let Hold { places, has_all } = &mut taking.hold;
        while !*has_all {
            let mut all = wanted.iter().zip(&mut **places);
            let waits = |((limit, permits), place): (&(SharedLimit, usize), &mut Place)| {
                limit.ask(place, *permits, urgency, task).is_pending()
            };
            if all.any(waits) {
                // What it was promised of later ones, before an earlier promise was taken back, isn't kept.
                all.for_each(|((limit, _), place)| limit.leave(place));
                return Poll::Pending;
            }
            let lost = wanted.iter().zip(&mut **places).position(|((limit, _), place)| !limit.take(place));
            let taken = &wanted[..lost.unwrap_or(0)];
            taken.iter().rev().for_each(|(limit, permits)| limit.give_back(*permits));
            *has_all = lost.is_none();
        }
        Poll::Ready(())
    }

    /// The node is complete, or isn't to start: gives back what it has, and waits no more.
    pub(crate) fn release(&self, number: usize) {
        let wanted = &self.wanted[number];
        let mut taking = Taking::begin(&self.held[number]);
        let Hold { places, has_all } = &mut taking.hold;
        let has_all = mem::take(has_all);
        for ((limit, permits), place) in wanted.iter().zip(&mut **places).rev() {
            if has_all {
                limit.give_back(*permits);
            } else {
                limit.leave(place);
            }
        }
    }

    /// [Releases](Self::release) all nodes: the run is over.
    pub(crate) fn release_all(&self) {
        (0..self.wanted.len()).for_each(|number| self.release(number));
    }
}

/// What a node holds, outside of the lock, since to ask for more calls the user's code. It goes back whatever
/// happens.
struct Taking<'a> {
    hold: Hold,
    of: &'a Mutex<Hold>,
}

impl<'a> Taking<'a> {
    fn begin(of: &'a Mutex<Hold>) -> Self {
        let nothing = Hold { places: Box::default(), has_all: false };
        Self { hold: mem::replace(&mut *lock(of), nothing), of }
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        mem::swap(&mut *lock(self.of), &mut self.hold);
    }
}
